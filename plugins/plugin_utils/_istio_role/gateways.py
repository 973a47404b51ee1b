# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Role istio, step 3: live objects → the fact istio_ingress_gateways, and what the gateways still lack. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Object = Mapping[str, Any]

NO_LOAD_BALANCER = (
    "Usually a load balancer is missing: a cloud controller manager, or MetalLB on your own machines; without one, set "
    "the gateway's type to NodePort, or istio_address_timeout to 0."
)


def _key(item: Object) -> tuple[str, str]:
    return item["metadata"]["namespace"], item["metadata"]["name"]


def _rolled_out(workload: Object) -> bool:
    """As `kubectl rollout status` decides it."""
    status = workload.get("status") or {}
    if status.get("observedGeneration", 0) < workload["metadata"]["generation"]:
        return False
    if workload["kind"] == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        return status.get("updatedNumberScheduled", 0) >= wanted and status.get("numberAvailable", 0) >= wanted
    wanted = workload["spec"].get("replicas", 1)
    updated = status.get("updatedReplicas", 0)
    return updated >= wanted and status.get("replicas", 0) <= updated and status.get("availableReplicas", 0) >= updated


def _not_ready(gateway: Object, workload: Object | None) -> str:
    """One sentence, with the reasons that Kubernetes gives (a refused injection, a missing quota), or nothing."""
    name = f"{gateway['kind']} {gateway['namespace']}/{gateway['workload']}"
    if workload is None:
        return f"The gateway '{gateway['name']}' has no {name}."
    if _rolled_out(workload):
        return ""
    wrong = {"Available": "False", "Progressing": "False", "ReplicaFailure": "True"}
    conditions = (workload.get("status") or {}).get("conditions") or []
    said = [
        item["message"].rstrip(".")
        for item in conditions
        if wrong.get(item["type"]) == item["status"] and item.get("message")
    ]
    because = f" Kubernetes says: {'; '.join(said)}." if said else ""
    return f"The gateway '{gateway['name']}' is not ready: the {name} is not rolled out.{because}"


def _node_addresses(nodes: Iterable[Object]) -> list[str]:
    """The external address of each node, or else its internal one."""
    addresses = []
    for node in nodes:
        by_type = {item["type"]: item["address"] for item in (node.get("status") or {}).get("addresses") or []}
        address = by_type.get("ExternalIP") or by_type.get("InternalIP")
        if address:
            addresses.append(address)
    return addresses


def _addresses(service: Object, nodes: Iterable[Object]) -> list[str]:
    spec = service["spec"]
    if spec["type"] == "NodePort":
        return _node_addresses(nodes)
    if spec["type"] == "ClusterIP":
        return [
            address for address in spec.get("clusterIPs") or [spec.get("clusterIP")] if address and address != "None"
        ]
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return [item.get("ip") or item.get("hostname") for item in ingress] + list(spec.get("externalIPs") or [])


def _port(port: Object) -> dict[str, Any]:
    return {
        "name": port.get("name", ""),
        "port": port.get("port"),
        "target_port": port.get("targetPort", port.get("port")),
        "node_port": port.get("nodePort"),
        "protocol": port.get("protocol", "TCP"),
    }


def _fact(gateway: Object, workload: Object | None, service: Object | None, nodes: Iterable[Object]) -> dict[str, Any]:
    """The live objects win over the plan; without them, the gateway as planned."""
    selector = workload["spec"]["selector"]["matchLabels"] if workload else gateway["selector"]
    service = service or {"spec": {"type": gateway["type"], "ports": gateway["ports"]}}
    spec = service["spec"]
    return {
        "name": gateway["name"],
        "namespace": gateway["namespace"],
        "visibility": gateway["visibility"],
        "selector": dict(selector),
        "service": gateway["workload"] if spec["type"] != "None" else "",
        "type": spec["type"],
        "addresses": _addresses(service, nodes),
        "ports": [_port(port) for port in spec.get("ports") or []],
    }


def _as_predicted(gateway: Object, service: Object | None) -> Object | None:
    """The live Service as the change would leave it: the new ports, and its addresses unless the type changes."""
    if service is None or service["spec"]["type"] != gateway["type"]:
        return None
    node_ports = {port.get("name"): port.get("nodePort") for port in service["spec"].get("ports") or []}
    ports = [{"nodePort": node_ports.get(port.get("name")), **port} for port in gateway["ports"]]
    return {**service, "spec": {**service["spec"], "ports": ports}}


def istio_ingress_gateways(
    gateways: Iterable[Object],
    workloads: Iterable[Object],
    services: Iterable[Object] = (),
    nodes: Sequence[Object] = (),
    predicted: Sequence[str] = (),
    failed: Object | None = None,
) -> dict[str, Any]:
    """The fact istio_ingress_gateways, and sentences about gateways that are not ready.

    `gateways` are those of istio_releases(), the other objects are live; `predicted` names the gateways that check mode
    describes as they would become, `failed` is the result of the task that waited in vain.
    """
    live_workloads = {(workload["kind"], *_key(workload)): workload for workload in workloads}
    live_services = {_key(service): service for service in services}
    facts, not_ready, without_address = {}, [], []
    for gateway in gateways:
        workload = live_workloads.get((gateway["kind"], gateway["namespace"], gateway["workload"]))
        service = live_services.get((gateway["namespace"], gateway["workload"]))
        if gateway["name"] in predicted:
            service = _as_predicted(gateway, service)
        fact = _fact(gateway, workload, service, nodes)
        facts[gateway["name"]] = fact
        not_ready.append(_not_ready(gateway, workload))
        if fact["type"] == "LoadBalancer" and not fact["addresses"]:
            without_address.append(
                f"The gateway '{gateway['name']}' has no address: nothing gave one to the LoadBalancer Service "
                f"{gateway['namespace']}/{gateway['workload']}."
            )
    not_ready = [sentence for sentence in not_ready if sentence]
    return {
        "gateways": facts,
        "not_ready": not_ready,
        "without_address": without_address,
        "problems": _problems(failed, not_ready, without_address) if failed is not None else [],
    }


def _problems(failed: Object, not_ready: list[str], without_address: list[str]) -> list[str]:
    """Why the role stopped waiting. A failed read has a message, a wait that took too long has none."""
    messages = [result.get("msg") for result in (failed, *(failed.get("results") or []))]
    errors = [str(message) for message in messages if message and message != "One or more items failed"]
    if without_address:
        without_address = [*without_address, NO_LOAD_BALANCER]
    return errors or not_ready or without_address or ["The gateways became ready too late; run the role again."]
