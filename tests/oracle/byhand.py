# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gateways and VirtualServices as people write them, and what goes wrong around them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from oracle.own import HOSTS
from oracle.world import CREDENTIALS, INTERNAL, NAMESPACES, PUBLIC, gateway, tcp_port, thing, virtual_service

GATEWAYS = ("front", "second")
_REGEX = {"regex": "/c+"}


def gateways(random: Random) -> list[Manifest]:
    """Gateways by hand: the first one has a name to which exposures attach."""
    result = []
    for name in random.sample(GATEWAYS, random.choice((0, 1, 1, 2))):
        servers = [_server(random, index) for index in range(random.choice((1, 2, 2, 3)))]
        selector = random.choice((PUBLIC, PUBLIC, PUBLIC, INTERNAL))
        result.append(gateway(f"{random.choice(NAMESPACES)}/{name}", servers, random.randrange(60), selector))
    return result


def _server(random: Random, index: int) -> dict[str, Any]:
    hosts = [_server_host(random) for _each in range(random.choice((1, 1, 2)))]
    kind = random.choice(
        ("HTTP",) * 4 + ("HTTPS",) * 4 + ("REDIRECT", "PASSTHROUGH", "PASSTHROUGH", "TLS", "TCP", "GRPC")
    )
    simple = {"mode": "SIMPLE", "credentialName": random.choice(CREDENTIALS)}
    protocol, number, tls = {
        "HTTP": ("HTTP", 80, None),
        "GRPC": ("GRPC", 80, None),
        "REDIRECT": ("HTTP", 80, {"httpsRedirect": True}),
        "HTTPS": ("HTTPS", 443, simple),
        "PASSTHROUGH": (random.choice(("TLS", "HTTPS")), 443, {"mode": "PASSTHROUGH"}),
        "TLS": ("TLS", 443, simple),
        "TCP": ("TCP", 27017, None),
    }[kind]
    if random.random() < 0.1:
        number = random.choice((80, 443, 8080, 8443, 9999))
    port = {"number": number, "name": f"p{index}", "protocol": protocol}
    bind = {"bind": "0.0.0.0"} if random.random() < 0.03 else {}  # noqa: S104  (every address is a case)
    return {"port": port, "hosts": hosts, **({"tls": tls} if tls else {}), **bind}


def _server_host(random: Random) -> str:
    host = random.choice((*HOSTS, "*"))
    prefix = random.choice(("", "", "", "", "", "./", "*/", "shop/", "team/"))
    # istiod 1.31 ends with a panic if a host with a slash follows */*.
    return host if host == "*" and prefix == "*/" else f"{prefix}{host}"


def virtual_services(random: Random, names: list[str]) -> list[Manifest]:
    """VirtualServices by hand for Gateways of these names (namespace/name)."""
    return [_virtual_service(random, f"vs{index}", names) for index in range(random.choice((0, 1, 1, 2)))]


def _virtual_service(random: Random, name: str, names: list[str]) -> Manifest:
    namespace = random.choice(NAMESPACES)
    spec: dict[str, Any] = {
        "hosts": random.sample(HOSTS, random.choice((1, 1, 2))),
        "gateways": [_reference(random, namespace, random.choice(names or ["shop/front"]))],
    }
    if random.random() < 0.1:
        spec["gateways"].append(_reference(random, namespace, random.choice(names or ["shop/second"])))
    kind = random.choice(("http",) * 6 + ("tls", "tcp"))
    if kind == "tls":
        match = [{"port": 443, "sniHosts": [host]} for host in spec["hosts"]]
        spec["tls"] = [{"match": match, "route": [_destination("tls.shop.svc.cluster.local", 443)]}]
    elif kind == "tcp":
        spec["tcp"] = [{"route": [_destination("db.shop.svc.cluster.local", 27017)]}]
    else:
        spec["http"] = [_route(random) for _each in range(random.choice((1, 1, 2)))]
    return virtual_service(f"{namespace}/{name}", spec, random.randrange(60))


def _reference(random: Random, namespace: str, name: str) -> str:
    """How a VirtualService names a Gateway."""
    where, _slash, own = name.partition("/")
    forms = [name] * 5 + [own]
    if random.random() < 0.2:
        forms = [f"{own}.{where}", f"{own}.{where}.svc.cluster.local", "nope"]
        forms += [f"./{own}"] if where == namespace else []
    return random.choice(forms)


def _route(random: Random) -> dict[str, Any]:
    uri = random.choice((None, {"prefix": "/"}, {"prefix": "/a"}, {"prefix": "/a/b"}, {"exact": "/a"}, _REGEX))
    result: dict[str, Any] = {"match": [{"uri": uri}]} if uri else {}
    if uri and random.random() < 0.15:
        result["match"][0]["headers"] = {"x-a": {"exact": "1"}}
    if random.random() < 0.1:
        return {**result, "redirect": {"uri": "/x"}}
    names = ("web.shop.svc.cluster.local", "web.team.svc.cluster.local", "web", "web.shop.svc.cluster.local")
    return {**result, "route": [_destination(random.choice(names), random.choice((80, 80, 80, None)))]}


def _destination(host: str, port: int | None) -> dict[str, Any]:
    return {"destination": {"host": host, **({"port": {"number": port}} if port else {})}}


Twist = Callable[[Random, list[Manifest]], None]


def _one(random: Random, objects: list[Manifest], *kinds: str) -> Manifest | None:
    found = [entry for entry in objects if entry["kind"] in kinds]
    return random.choice(found) if found else None


def without_a_service(random: Random, objects: list[Manifest]) -> None:
    names = ("web", "api", "tls", "db", "public")
    objects.remove(
        random.choice([entry for entry in objects if entry["kind"] == "Service" and entry["metadata"]["name"] in names])
    )


def without_endpoints(random: Random, objects: list[Manifest]) -> None:
    if entry := _one(random, objects, "EndpointSlice"):
        objects.remove(entry)


def without_pods(random: Random, objects: list[Manifest]) -> None:
    if entry := _one(random, objects, "Pod"):
        objects.remove(entry)


def other_export(random: Random, objects: list[Manifest]) -> None:
    if entry := _one(random, objects, "VirtualService"):
        entry["spec"]["exportTo"] = random.choice(
            (["."], ["~"], ["*"], ["istio-ingress"], ["team"], [".", "istio-ingress"])
        )


def upper_case(random: Random, objects: list[Manifest]) -> None:
    """A host in capital letters, in a server or in a VirtualService."""
    if entry := _one(random, objects, "VirtualService", "Gateway"):
        at = random.choice(entry["spec"]["servers"]) if entry["kind"] == "Gateway" else entry["spec"]
        at["hosts"] = [host.replace("example", "Example") for host in at.get("hosts") or []]


def same_age(_random: Random, objects: list[Manifest]) -> None:
    for entry in objects:
        if entry["kind"] in ("Gateway", "VirtualService"):
            entry["metadata"]["creationTimestamp"] = "2026-10-01T00:30:00Z"


def without_gateway(random: Random, objects: list[Manifest]) -> None:
    if entry := _one(random, objects, "Gateway"):
        objects.remove(entry)


def two_gateways(random: Random, objects: list[Manifest]) -> None:
    """A VirtualService on one more Gateway."""
    entry, other = _one(random, objects, "VirtualService"), _one(random, objects, "Gateway")
    if entry and other and "gateways" in entry["spec"]:
        name = f"{other['metadata']['namespace']}/{other['metadata']['name']}"
        entry["spec"]["gateways"] = list(dict.fromkeys([*entry["spec"]["gateways"], name]))


def mesh_too(random: Random, objects: list[Manifest]) -> None:
    """A VirtualService for sidecars, too, with the Service's name among its hosts."""
    entry = _one(random, objects, "VirtualService")
    if entry and entry["spec"].keys() >= {"http", "gateways"}:
        entry["spec"]["gateways"] = [*entry["spec"]["gateways"], "mesh"]
        entry["spec"]["hosts"] = [*entry["spec"]["hosts"], "web.shop.svc.cluster.local"]


def subset(random: Random, objects: list[Manifest]) -> None:
    """A subset, and a DestinationRule that may have it."""
    routed = [entry for entry in objects if entry["kind"] == "VirtualService" and entry["spec"].get("http")]
    routes = [each for entry in routed for route in entry["spec"]["http"] for each in route.get("route") or []]
    if not routes:
        return
    destination = random.choice(routes)["destination"]
    destination["subset"] = "v2"
    host = destination["host"]
    full = host if "." in host else f"{host}.shop.svc.cluster.local"
    spec = {
        "host": random.choice((host, full, full, "*.shop.svc.cluster.local")),
        "subsets": [{"name": random.choice(("v2", "v2", "v3"))}],
    }
    if random.random() < 0.2:
        spec["exportTo"] = random.choice((["."], ["*"], ["istio-ingress"]))
    objects.append(thing("DestinationRule", f"{random.choice((*NAMESPACES, 'istio-system'))}/rule", {"spec": spec}))


def other_destination(random: Random, objects: list[Manifest]) -> None:
    """A destination in other forms, or one that is not in Kubernetes."""
    entry = _one(random, objects, "VirtualService")
    for route in (entry or {"spec": {}})["spec"].get("http") or []:
        for each in route.get("route") or []:
            each["destination"]["host"] = random.choice(
                (
                    "web.shop",
                    "web.shop.svc",
                    "nope.shop.svc.cluster.local",
                    "web.partner.example.com",
                    "api.shop.svc.cluster.local",
                )
            )
    if random.random() < 0.5:
        spec: dict[str, Any] = {
            "hosts": [random.choice(("web.partner.example.com", "*.partner.example.com"))],
            "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
            "resolution": "DNS",
        }
        if spec["hosts"][0].startswith("*"):
            spec["resolution"] = "NONE"
        objects.append(thing("ServiceEntry", f"{random.choice(NAMESPACES)}/partner", {"spec": spec}))


def hidden_service(random: Random, objects: list[Manifest]) -> None:
    found = [entry for entry in objects if entry["kind"] == "Service" and entry["metadata"]["name"] == "web"]
    if found:
        value = random.choice((".", "~", "*", "istio-ingress"))
        random.choice(found)["metadata"]["annotations"] = {"networking.istio.io/exportTo": value}


def own_port(random: Random, objects: list[Manifest]) -> None:
    """A match that is for one port."""
    entry = _one(random, objects, "VirtualService")
    for route in (entry or {"spec": {}})["spec"].get("http") or []:
        for match in route.get("match") or []:
            match["port"] = random.choice((80, 443, 8080))


def delegate(random: Random, objects: list[Manifest]) -> None:
    entry = _one(random, objects, "VirtualService")
    if entry and entry["spec"].get("http"):
        route = {"match": [{"uri": {"prefix": "/a"}}], "delegate": {"name": "delegated", "namespace": "team"}}
        entry["spec"]["http"] = [route]
        if random.random() < 0.8:
            prefixes = (random.choice(("/a/b", "/b")), "/a/c")
            rules = [{"match": [{"uri": {"prefix": one}}], "route": [_destination("web", 80)]} for one in prefixes]
            objects.append(virtual_service("team/delegated", {"http": rules}, 1))


def external_name(random: Random, objects: list[Manifest]) -> None:
    """A Service that stands for another host, which may be another Service's."""
    found = [entry for entry in objects if entry["kind"] == "Service" and entry["metadata"]["name"] == "web"]
    if found:
        name = random.choice(("api.shop.svc.cluster.local", "web.partner.example.com"))
        entry = random.choice(found)
        entry["spec"] = {"type": "ExternalName", "externalName": name, "ports": entry["spec"]["ports"]}
        objects[:] = [each for each in objects if each["kind"] != "EndpointSlice" or not _is_behind(each, entry)]


def _is_behind(endpoint_slice: Manifest, service: Manifest) -> bool:
    name, namespace = endpoint_slice["metadata"]["name"], endpoint_slice["metadata"]["namespace"]
    return (namespace, name) == (service["metadata"]["namespace"], f"{service['metadata']['name']}-1")


def udp_beside_tcp(random: Random, objects: list[Manifest]) -> None:
    """A port number for UDP that is one for TCP, too, of an application or of the gateway."""
    if entry := _one(random, objects, "Service"):
        port = random.choice(entry["spec"]["ports"])
        udp = {"name": "udp", "port": port["port"], "protocol": "UDP", "targetPort": 9443}
        entry["spec"]["ports"] = random.choice(([udp, *entry["spec"]["ports"]], [*entry["spec"]["ports"], udp]))


def several_ports(random: Random, objects: list[Manifest]) -> None:
    """A Service of several ports, one of which may be the gateway's, and destinations without a port."""
    found = [entry for entry in objects if entry["kind"] == "Service" and entry["metadata"]["name"] == "web"]
    for entry in found:
        more = tcp_port("http-2", random.choice((81, 443, 8443)))
        entry["spec"]["ports"].append(more)
        for each in objects:
            if each["kind"] == "EndpointSlice" and _is_behind(each, entry):
                each["ports"].append({"name": more["name"], "port": more["targetPort"], "protocol": "TCP"})
    for entry in [entry for entry in objects if entry["kind"] == "VirtualService"]:
        for route in entry["spec"].get("http") or []:
            for each in route.get("route") or []:
                each["destination"].pop("port", None)


def ingress(random: Random, objects: list[Manifest]) -> None:
    """An Ingress that istiod serves by the public gateway."""
    objects.append(thing("IngressClass", "istio", {"spec": {"controller": "istio.io/ingress-controller"}}))
    service = {"name": "web", "port": {"number": 80}}
    kind, path = random.choice((("Prefix", "/"), ("Prefix", "/a"), ("Exact", "/a"), ("ImplementationSpecific", "/")))
    rule = {
        "host": random.choice(HOSTS),
        "http": {"paths": [{"path": path, "pathType": kind, "backend": {"service": service}}]},
    }
    spec: dict[str, Any] = {"ingressClassName": "istio", "rules": [rule]}
    if random.random() < 0.3:
        spec["tls"] = [{"hosts": [rule["host"]], "secretName": random.choice(CREDENTIALS)}]
    objects.append(thing("Ingress", f"{random.choice(NAMESPACES)}/old", {"spec": spec}, random.randrange(60)))


TWISTS: tuple[Twist, ...] = (
    without_a_service,
    without_endpoints,
    without_pods,
    other_export,
    upper_case,
    same_age,
    without_gateway,
    two_gateways,
    mesh_too,
    subset,
    other_destination,
    hidden_service,
    own_port,
    delegate,
    external_name,
    udp_beside_tcp,
    several_ports,
    ingress,
)


def twisted(random: Random, objects: list[Manifest], count: int) -> list[Manifest]:
    result = copy.deepcopy(objects)
    for twist in random.sample(TWISTS, count):
        twist(random, result)
    return result
