# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exposures and their surroundings in few words, for tests of the checks.

Unless a test says otherwise there is the gateway `public` (pods and Service in istio-ingress, ports 80 and 443) and the
Services `web` and `api` in namespace `shop`, with one port, 80, for HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._analysis.finding import Finding
from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find_all
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.cluster_state import ClusterState
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.tls_secret import TlsSecret
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import ExposureKey, Manifest, Ref, ref
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.exposure import manifests
from ansible_collections.gatehouse.istio.plugins.module_utils._mesh.settings import DEFAULT_SETTINGS
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure import parse

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PODS = "istio-ingress"
PUBLIC = {"istio": "public"}
PAIR = frozenset(("tls.crt", "tls.key"))


def exposure(**changes: Any) -> list[Manifest]:
    """The manifests of exposure shop/shop; keywords change the smallest options."""
    options: dict[str, Any] = {
        "name": "shop",
        "namespace": "shop",
        "hosts": ["shop.example.com"],
        "gateway": {"selector": PUBLIC},
        **changes,
    }
    if "routes" not in options:
        options = {"service": "web", "port": 80, **options}
    return manifests(parse(options), PODS)


def live(objects: list[Manifest], created: int = 0) -> list[Manifest]:
    """The objects as they are once they were written, in this minute."""
    stamp = f"2026-10-01T00:{created:02}:00Z"
    return [{**entry, "metadata": {**entry["metadata"], "creationTimestamp": stamp}} for entry in objects]


def gateway(name: str, *servers: dict[str, Any], created: int = 0, **more: Any) -> Manifest:
    """A live Gateway, by hand, of the namespace in its name (namespace/name); `labels` and `selector` may be given."""
    spec = {"selector": more.get("selector", PUBLIC), "servers": list(servers)}
    return live([_object("Gateway", name, spec, more.get("labels"))], created)[0]


def http(*hosts: str, port: int = 80, **more: Any) -> dict[str, Any]:
    return {"port": {"number": port, "name": f"http-{port}", "protocol": "HTTP"}, "hosts": list(hosts), **more}


def redirect(*hosts: str) -> dict[str, Any]:
    return http(*hosts, tls={"httpsRedirect": True})


def https(*hosts: str, credential: str = "cert", port: int = 443, **more: Any) -> dict[str, Any]:
    tls = {"mode": "SIMPLE", "credentialName": credential}
    return {"port": {"number": port, "name": credential, "protocol": "HTTPS"}, "hosts": list(hosts), "tls": tls, **more}


def passthrough(*hosts: str) -> dict[str, Any]:
    return {
        "port": {"number": 443, "name": "tls", "protocol": "TLS"},
        "hosts": list(hosts),
        "tls": {"mode": "PASSTHROUGH"},
    }


def connections(*hosts: str, credential: str = "cert") -> dict[str, Any]:
    """A server that ends the TLS of connections that are not HTTP."""
    return {**https(*hosts, credential=credential), "port": {"number": 443, "name": "tls", "protocol": "TLS"}}


def virtual_service(name: str, hosts: list[str], gateways: list[str], created: int = 0, **spec: Any) -> Manifest:
    """A live VirtualService, by hand; without routes all requests go to the Service web."""
    if not spec.keys() & {"http", "tls", "tcp"}:
        spec["http"] = [to("web")]
    return live([_object("VirtualService", name, {"hosts": hosts, "gateways": gateways, **spec})], created)[0]


def to(service: str, **match: Any) -> dict[str, Any]:
    """A route to a Service of namespace shop."""
    route = {"route": [{"destination": {"host": f"{service}.shop.svc.cluster.local", "port": {"number": 80}}}]}
    return {"match": [match], **route} if match else route


def by_hand(kind: str, name: str, created: int = 0, /, **spec: Any) -> Manifest:
    """A live object of any kind, namespace/name (or /name)."""
    return live([_object(kind, name, spec)], created)[0]


def destination_rule(name: str, host: str, *subsets: str, **spec: Any) -> Manifest:
    """A live DestinationRule; a subset has the pods with the label version of its name."""
    entries = [{"name": subset, "labels": {"version": subset}} for subset in subsets]
    return by_hand("DestinationRule", name, host=host, **({"subsets": entries} if entries else {}), **spec)


def back_end(name: str, **labels: str) -> Manifest:
    """A running pod of an application."""
    return {**_object("Pod", name, {"containers": [{"name": "app"}]}, labels), "status": {"phase": "Running"}}


def endpoints(*ready: bool, ports: tuple[str, ...] = ("http",)) -> Manifest:
    """An EndpointSlice with an endpoint for each value."""
    entries = [{"addresses": ["192.0.2.1"], "conditions": {"ready": value}} for value in ready]
    return {"kind": "EndpointSlice", "endpoints": entries, "ports": [{"name": name, "port": 8080} for name in ports]}


def pod(name: str = "public-5d-x", labels: Mapping[str, str] | None = None, **more: Any) -> Manifest:
    """A running pod of a gateway, as istiod's webhook leaves it."""
    proxy = {"name": "istio-proxy", "image": more.get("image", "proxyv2:1.31.0"), "args": ["proxy", "router"]}
    kind, owner = "ReplicaSet", name.rpartition("-")[0]
    metadata = {
        "name": name,
        "namespace": more.get("namespace", PODS),
        "labels": {**(labels or PUBLIC), "istio.io/rev": more.get("revision", "default"), "pod-template-hash": "5d"},
        "ownerReferences": [{"kind": kind, "name": owner}],
    }
    container = {**proxy, "args": more.get("args", proxy["args"]), "ports": more.get("ports", [])}
    spec = {"containers": [container], **more.get("spec", {})}
    return {"kind": "Pod", "metadata": metadata, "spec": spec, "status": {"phase": "Running"}}


def service(name: str, *ports: dict[str, Any], selector: Mapping[str, str] | None = None) -> Manifest:
    """A Service, namespace/name, by default with the one port 80 for HTTP."""
    given = list(ports) or [{"name": "http", "port": 80, "targetPort": 8080}]
    return live([_object("Service", name, {"ports": given, "selector": dict(selector or {})})])[0]


def secret(*names: str, days: int = 60, **more: Any) -> TlsSecret:
    """A Secret with a certificate for these names."""
    return TlsSecret(PAIR, tuple(names), NOW + timedelta(days=days), "1", True, more.get("problem"))


def cluster(
    *objects: Manifest,
    secrets: Mapping[str, TlsSecret | None] | None = None,
    missing: tuple[str, ...] = (),
    **more: Any,
) -> ClusterState:
    """What there is besides: live objects, the certificates in Secrets beside the pods, and Services that are not."""
    given = [*objects, *([] if "pods" in more else [pod()])]
    here = [PUBLIC_SERVICE, *given] if more.pop("public_service", True) else given
    pods = [entry for entry in here if entry["kind"] == "Pod"] or more.get("pods", [])
    result = {
        name: [entry for entry in here if entry["kind"] == name] for name in ("Gateway", "VirtualService", "Service")
    }
    services: dict[Ref, Manifest | None] = {
        ref(entry): entry for entry in [service("shop/web"), service("shop/api"), *result["Service"]]
    }
    services.update({Ref("Service", *name.split("/")): None for name in missing})
    issuers = {ref(entry): entry for entry in here if entry["kind"] in ("Issuer", "ClusterIssuer")}
    return ClusterState(
        gateways=tuple(result["Gateway"]),
        virtual_services=tuple(result["VirtualService"]),
        pods=tuple(pods),
        pods_are_known=more.get("pods_are_known", True),
        gateway_services=tuple(result["Service"]),
        gateway_services_are_known=more.get("gateway_services_are_known", True),
        services=services,
        destination_rules=more.get("destination_rules"),
        service_entries=tuple(entry for entry in here if entry["kind"] == "ServiceEntry"),
        request_authentications=tuple(entry for entry in here if entry["kind"] == "RequestAuthentication"),
        workload_entries=tuple(entry for entry in here if entry["kind"] == "WorkloadEntry"),
        back_end_pods={_named(name): pods for name, pods in more.get("behind", {}).items()},
        endpoint_slices={Ref("Service", *name.split("/")): slices for name, slices in more.get("slices", {}).items()},
        ingresses=tuple(entry for entry in here if entry["kind"] == "Ingress"),
        issuers={**more.get("issuers", {}), **issuers},
        certificates=tuple(entry for entry in here if entry["kind"] == "Certificate"),
        settings=more.get("settings", DEFAULT_SETTINGS),
        namespace_labels=more.get("namespace_labels", {}),
        unknown_gateways=frozenset(more.get("unknown_gateways", ())),
        are_all_virtual_services=more.get("are_all_virtual_services", True),
        are_all_gateways=more.get("are_all_gateways", True),
        tls_secrets={Ref("Secret", PODS, name): known for name, known in (secrets or {}).items()},
        scoped_to_namespace=more.get("scoped", False),
        now=NOW,
    )


def _named(name: str) -> Ref:
    """namespace/name, a Service unless the kind comes first."""
    kind, _space, full = name.rpartition(" ")
    return Ref(kind or "Service", *full.split("/"))


def found_in_a_list(desired: list[Manifest], state: ClusterState) -> list[Finding]:
    """What is found of an exposure in the middle of a list, whose others have nothing to do with it."""
    mine = ExposureKey("shop", "shop")
    first, last = (
        exposure(name=name, namespace="far", hosts=[f"{name}.example.net"], gateway={"existing": "far/front"})
        for name in ("first", "last")
    )
    return find_all({ExposureKey("far", "first"): first, mine: desired, ExposureKey("far", "last"): last}, state)[mine]


def _object(kind: str, name: str, spec: dict[str, Any], labels: Mapping[str, str] | None = None) -> Manifest:
    namespace, _slash, own = name.partition("/")
    return {"kind": kind, "metadata": {"name": own, "namespace": namespace, "labels": dict(labels or {})}, "spec": spec}


_PUBLIC_PORTS = ({"name": "http2", "port": 80, "targetPort": 80}, {"name": "https", "port": 443, "targetPort": 443})
PUBLIC_SERVICE = service(f"{PODS}/public", *_PUBLIC_PORTS, selector=PUBLIC)


def mine(*gateways: str, hosts: tuple[str, ...] = ("shop.example.com",), **spec: Any) -> list[Manifest]:
    """A VirtualService shop/shop at these Gateways, as all that is judged."""
    return [virtual_service("shop/shop", list(hosts), list(gateways), **spec)]
