# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The addresses and ports of a gateway, by the Services that select its pods. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._kubernetes.objects import Manifest
from .._mesh.names import full_name


@dataclass(frozen=True)
class Address:
    """Where a gateway's server is reached: an IP address or host name, and a port; namespace is that of the gateway's
    pods (None: not known).
    """

    host: str
    port: int
    namespace: str | None = None

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class GatewayEndpoints:
    """The pods that a gateway's selector matches, and the Services of their namespaces."""

    pods: tuple[Manifest, ...] = ()
    services: tuple[Manifest, ...] = ()

    @property
    def namespaces(self) -> list[str]:
        return sorted({pod["metadata"]["namespace"] for pod in self.pods})


def blocks(
    leaving: Manifest, selector: Mapping[str, str], tls_ports: Collection[int], pods: Iterable[Manifest] | None
) -> bool:
    """Whether a Gateway, while it exists, keeps another one with the selector and TLS on these ports from being served.

    Of two with the same TLS host, port and pods, Istio serves the older one, and drops the other's whole server. pods
    are those that the selector matches. If they are not known (None), the labels decide: a pod has one value for each.
    """
    spec = leaving["spec"]
    if not any(server["port"]["number"] in tls_ports for server in spec.get("servers") or []):
        return False
    other = spec.get("selector") or {}
    if pods is None:
        return all(other.get(key, value) == value for key, value in selector.items())
    return any(other.items() <= (pod["metadata"].get("labels") or {}).items() for pod in pods)


def addresses_at(endpoints: GatewayEndpoints, selector: Mapping[str, str], number: int) -> tuple[list[Address], str]:
    """The addresses of the server with this port number or, if there are none, one sentence that says why.

    If a Service has addresses of a load balancer or external ones, only those count, as clients use them. Otherwise it
    is those of NodePorts, and at last those inside the cluster.
    """
    if not endpoints.pods:
        labels = ", ".join(f"{key}={value}" for key, value in selector.items())
        return [], f"no running pod has the labels {labels}, so no gateway serves it"
    services = [service for service in endpoints.services if _leads_to(service, endpoints.pods)]
    if not services:
        return [], (
            f"no Service in the namespace {' and '.join(endpoints.namespaces)} selects the gateway's pods, so "
            "it is not known how clients reach it; "
            "if it does not have one, give probe.addresses"
        )
    ports = [(service, port) for service in services if (port := _port_of(service, number))]
    if not ports:
        names = " and ".join(full_name(service) for service in services)
        return [], f"the gateway's Service {names} does not have port {number}"
    for kind in (_external, _node_ports, _internal):
        addresses = [address for service, port in ports for address in kind(service, port, endpoints.pods)]
        if addresses:
            return list(dict.fromkeys(addresses)), ""
        if kind is _external and any(service["spec"].get("type") == "LoadBalancer" for service, _port in ports):
            break  # it gets its address sooner or later; the addresses that it has until then are not for clients
    names = " and ".join(full_name(service) for service, _port in ports)
    return [], f"the gateway's Service {names} does not have an address yet"


def clients_port(endpoints: GatewayEndpoints, number: int) -> int:
    """The port at which clients reach the server with this port number: the Service's, where that is known."""
    services = [service for service in endpoints.services if _leads_to(service, endpoints.pods)]
    ports = [port["port"] for service in services if (port := _port_of(service, number))]
    return number if number in ports or not ports else int(ports[0])


def _leads_to(service: Manifest, pods: tuple[Manifest, ...]) -> bool:
    wanted = service["spec"].get("selector")
    namespace = service["metadata"]["namespace"]
    labels = [pod["metadata"].get("labels") or {} for pod in pods if pod["metadata"]["namespace"] == namespace]
    return bool(wanted) and any(wanted.items() <= pod_labels.items() for pod_labels in labels)


def _port_of(service: Manifest, number: int) -> dict[str, Any] | None:
    """A Gateway's port is the Service's; where none has that number, it is the port on which the pods listen."""
    ports = [port for port in service["spec"].get("ports") or [] if port.get("protocol", "TCP") == "TCP"]
    same = [port for port in ports if port["port"] == number]
    behind = [port for port in ports if port.get("targetPort") == number]
    return next(iter(same + behind), None)


def _external(service: Manifest, port: dict[str, Any], _pods: tuple[Manifest, ...]) -> list[Address]:
    balancers = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    addresses = [entry.get("ip") or entry.get("hostname") for entry in balancers]
    addresses += service["spec"].get("externalIPs") or []
    return _at(service, addresses, port["port"])


def _node_ports(service: Manifest, port: dict[str, Any], pods: tuple[Manifest, ...]) -> list[Address]:
    """On the nodes of the gateway's pods, which answer whatever the Service's externalTrafficPolicy is."""
    if not port.get("nodePort"):
        return []
    namespace = service["metadata"]["namespace"]
    nodes = {pod.get("status", {}).get("hostIP") for pod in pods if pod["metadata"]["namespace"] == namespace}
    return _at(service, sorted(filter(None, nodes)), port["nodePort"])


def _internal(service: Manifest, port: dict[str, Any], _pods: tuple[Manifest, ...]) -> list[Address]:
    addresses = service["spec"].get("clusterIPs") or [service["spec"].get("clusterIP")]
    return _at(service, [address for address in addresses if address != "None"], port["port"])


def _at(service: Manifest, addresses: list[str], port: int) -> list[Address]:
    return [Address(address, port, service["metadata"]["namespace"]) for address in addresses if address]
