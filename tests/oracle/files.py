# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects in files as a cluster: each file is one. What every cluster has, and files of examples do not, is added."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from zlib import crc32

import yaml

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from oracle.program import Scenario
from oracle.promises import full_name, pods_of
from oracle.world import API_VERSIONS, created, namespace, service, tcp_port, thing

_ISTIO = {kind for kind, version in API_VERSIONS.items() if "istio.io/" in version}
_OTHERS = {"Pod", "Service", "Secret", "EndpointSlice", "Namespace", "Ingress", "IngressClass", "ConfigMap"}
_WITHOUT_NAMESPACE = ("Namespace", "IngressClass")
_WITH_PODS = ("Deployment", "StatefulSet", "DaemonSet")
_PROXY = {"name": "istio-proxy", "image": "proxyv2:1.31.0", "args": ["proxy", "router"]}
_SYSTEM = "istio-system"
_SLICES_OF = "kubernetes.io/service-name"


class _Loader(yaml.SafeLoader):
    """Times stay text, as in JSON."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, regex) for tag, regex in resolvers if not tag.endswith(":timestamp")]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def files_in(path: Path) -> list[Path]:
    return sorted(each for each in path.rglob("*") if each.suffix in (".yaml", ".yml")) if path.is_dir() else [path]


def scenario_of(path: Path) -> Scenario:
    """The objects of a file, completed."""
    with path.open(encoding="utf-8") as file:
        return Scenario(tuple(completed(_read(yaml.load_all(file, _Loader)))))


def _read(documents: Iterable[Any]) -> Iterator[Manifest]:
    for document in documents:
        if isinstance(document, dict) and str(document.get("kind", "")).endswith("List"):
            yield from _read(document.get("items") or [])
        elif isinstance(document, dict) and "kind" in document and "metadata" in document:
            yield document


def completed(objects: Iterable[Manifest]) -> list[Manifest]:
    """With ages in this order, pods of Deployments, a gateway for each selector of a Gateway, and endpoints."""
    given = [_live(entry, age) for age, entry in enumerate(objects) if _is_known(entry)]
    known = [entry for entry in given if entry["kind"] not in _WITH_PODS]
    for workload in given:
        if workload["kind"] in _WITH_PODS:
            known += _pods_of_workload(workload, known)
    known = [_running(entry, known) if entry["kind"] == "Pod" else entry for entry in known]
    for gateway in [entry for entry in known if entry["kind"] == "Gateway"]:
        known += _gateway_for(gateway, known)
    for entry in [entry for entry in known if entry["kind"] == "Service"]:
        known += _endpoints_of(entry, known)
    names = {entry["metadata"].get("namespace", entry["metadata"]["name"]) for entry in known}
    there = {entry["metadata"]["name"] for entry in known if entry["kind"] == "Namespace"}
    return [*(namespace(name) for name in sorted({*names, _SYSTEM} - there)), *known]


def _is_known(entry: Manifest) -> bool:
    if str(entry.get("apiVersion")).startswith(("networking.istio.io/", "security.istio.io/")):
        return entry["kind"] in _ISTIO
    return entry["kind"] in _OTHERS or entry["kind"] in _WITH_PODS


def _live(entry: Manifest, age: int) -> Manifest:
    """As the API server returns it; versions of Istio's objects differ in nothing else."""
    metadata = {"creationTimestamp": created(age), **entry["metadata"]}
    if entry["kind"] not in _WITHOUT_NAMESPACE:
        metadata.setdefault("namespace", "default")
    version = API_VERSIONS[entry["kind"]] if entry["kind"] in _ISTIO else entry["apiVersion"]
    spec = {} if entry["kind"] in ("Secret", "ConfigMap", "EndpointSlice") else {"spec": entry.get("spec") or {}}
    if entry["kind"] == "Service":
        ports = [{"protocol": "TCP", "targetPort": port["port"], **port} for port in spec["spec"].get("ports") or []]
        spec = {"spec": {**spec["spec"], "ports": ports}}
    return {**entry, "apiVersion": version, "metadata": metadata, **spec}


def _pods_of_workload(workload: Manifest, known: list[Manifest]) -> list[Manifest]:
    spec = workload["spec"]
    selector = (spec.get("selector") or {}).get("matchLabels") or {}
    metadata = workload["metadata"]
    if any(_selected(selector, metadata["namespace"], entry) for entry in known) or spec.get("replicas") == 0:
        return []
    template = spec["template"]
    labels = (template.get("metadata") or {}).get("labels") or {}
    name = f"{metadata['namespace']}/{metadata['name']}-1-a"
    return [thing("Pod", name, {"spec": template["spec"]}, labels=labels, ownerReferences=_owned(metadata["name"]))]


def _owned(name: str) -> list[dict[str, Any]]:
    return [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{name}-1", "uid": "1"}]


def _selected(selector: Mapping[str, str], own_namespace: str, entry: Manifest) -> bool:
    metadata = entry["metadata"]
    is_near = entry["kind"] == "Pod" and metadata.get("namespace") == own_namespace
    return bool(selector) and is_near and selector.items() <= (metadata.get("labels") or {}).items()


def _running(pod: Manifest, known: list[Manifest]) -> Manifest:
    """With an address. What a Gateway selects is meant for a gateway, unless there is something else in it."""
    labels = pod["metadata"].get("labels") or {}
    selectors = [entry["spec"].get("selector") or {} for entry in known if entry["kind"] == "Gateway"]
    containers = (pod.get("spec") or {}).get("containers") or []
    is_gateway = all(entry["name"] == "istio-proxy" for entry in containers) and (
        any(selector.items() <= labels.items() for selector in selectors) or "gateway" in str(labels)
    )
    address = str(ip_address("10.64.0.0") + crc32(full_name(pod).encode()) % 2**22)
    status = {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    spec = {**(pod.get("spec") or {}), "containers": [_PROXY] if is_gateway else containers}
    own = {**labels, "istio.io/rev": "default"} if is_gateway else labels
    return {**pod, "metadata": {**pod["metadata"], "labels": own}, "spec": spec, "status": status}


def _gateway_for(gateway: Manifest, known: list[Manifest]) -> list[Manifest]:
    """A pod and a Service with the usual ports, and those of Gateways for it, as far as there is none."""
    selector = gateway["spec"].get("selector") or {}
    pods = pods_of(gateway, Scenario(tuple(known)))
    labels = selector or {"istio": "ingressgateway"}
    services = [entry for entry in known if entry["kind"] == "Service"]
    if any(_leads_to(entry, pod) for entry in services for pod in pods):
        return []
    leading = [entry for entry in services if (entry["spec"].get("selector") or {"": ""}).items() <= labels.items()]
    where = (pods or leading or [{"metadata": {"namespace": _SYSTEM}}])[0]["metadata"]["namespace"]
    name = f"{where}/gateway-{len(known)}"
    made = [] if pods else [_proxy(name, labels, known)]
    if leading and not pods:
        return made
    of_it = [entry for entry in known if entry["kind"] == "Gateway" and entry["spec"].get("selector") == selector]
    ports = {80, 443} | {
        (server.get("port") or {}).get("number", 80) for entry in of_it for server in entry["spec"].get("servers") or []
    }
    listening = [tcp_port(f"p{number}", number) for number in sorted(ports)]
    return [*made, service(name, *listening, number=len(known) % 250 + 1, selector=labels)]


def _proxy(name: str, labels: Mapping[str, str], known: list[Manifest]) -> Manifest:
    owners = _owned(name.rpartition("/")[2])
    spec = {"spec": {"containers": [_PROXY]}}
    return _running(thing("Pod", f"{name}-1-a", spec, labels=dict(labels), ownerReferences=owners), known)


def _leads_to(entry: Manifest, pod: Manifest) -> bool:
    return _selected(entry["spec"].get("selector") or {}, entry["metadata"]["namespace"], pod)


def _endpoints_of(entry: Manifest, known: list[Manifest]) -> list[Manifest]:
    """The endpoints of a Service's pods; where a file has none of its pods, one for each subset."""
    selector, metadata = entry["spec"].get("selector"), entry["metadata"]
    labelled = {_SLICES_OF: metadata["name"]}
    if not selector or any(_is_slice_of(entry, each) for each in known):
        return []
    pods = [each for each in known if _selected(selector, metadata["namespace"], each)]
    made = [] if pods else list(_presupposed(entry, known))
    ports = [
        {"name": port.get("name", ""), "port": _target(port), "protocol": port.get("protocol", "TCP")}
        for port in entry["spec"].get("ports") or []
    ]
    endpoints = [
        {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {"ready": True},
            "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"], "namespace": metadata["namespace"]},
        }
        for pod in pods or made
    ]
    content = {"addressType": "IPv4", "ports": ports, "endpoints": endpoints}
    name = f"{metadata['namespace']}/{metadata['name']}-1"
    return [*made, thing("EndpointSlice", name, content, labels=labelled)]


def _is_slice_of(owner: Manifest, entry: Manifest) -> bool:
    metadata = entry["metadata"]
    is_near = entry["kind"] == "EndpointSlice" and metadata["namespace"] == owner["metadata"]["namespace"]
    return is_near and (metadata.get("labels") or {}).get(_SLICES_OF) == owner["metadata"]["name"]


def _target(port: Mapping[str, Any]) -> int:
    target = port.get("targetPort", port["port"])
    return target if isinstance(target, int) else int(port["port"])


def _presupposed(entry: Manifest, known: list[Manifest]) -> Iterator[Manifest]:
    """Pods of a Service, with the labels of subsets of its DestinationRules."""
    metadata = entry["metadata"]
    rules = [
        each
        for each in known
        if each["kind"] == "DestinationRule" and str(each["spec"].get("host")).partition(".")[0] == metadata["name"]
    ]
    subsets = [subset.get("labels") or {} for rule in rules for subset in rule["spec"].get("subsets") or []]
    for number, labels in enumerate(subsets or [{}]):
        name = f"{metadata['namespace']}/{metadata['name']}-{number}"
        content = {"spec": {"containers": [{"name": "app", "image": "app"}]}}
        pod = thing("Pod", name, content, labels={**entry["spec"]["selector"], **labels})
        yield _running(pod, known)
