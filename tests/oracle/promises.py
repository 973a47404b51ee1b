# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What objects promise: which hosts, through which servers, at which ports. Without a line of our own code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from oracle.program import Scenario

HTTP = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB")


def full_name(entry: Manifest) -> str:
    return f"{entry['metadata']['namespace']}/{entry['metadata']['name']}"


def gateway_name(name: str, namespace: str) -> str:
    """The Gateway that a VirtualService of this namespace means, in each form that istiod understands."""
    before, slash, after = name.partition("/")
    if slash:
        return f"{namespace if before == '.' else before}/{after}"
    labels = name.split(".")
    return f"{namespace}/{name}" if len(labels) == 1 else f"{labels[1]}/{labels[0]}"


@dataclass(frozen=True)
class Server:
    """One server of a Gateway; kind is http, https, passthrough, tls (ended there, then TCP) or tcp."""

    gateway: str
    index: int
    number: int
    kind: str
    hosts: tuple[str, ...]
    redirects: bool
    port_name: str

    def __str__(self) -> str:
        return f"Gateway {self.gateway} servers[{self.index}]"

    @property
    def names(self) -> list[str]:
        return [host.rpartition("/")[2] for host in self.hosts]

    def names_for(self, host: str, namespace: str) -> list[str]:
        """What the server has in common with a VirtualService's host: of each two names the narrower one."""
        narrower = []
        for entry in self.hosts:
            where, slash, name = entry.rpartition("/")
            where = self.gateway.partition("/")[0] if where == "." else where
            if not slash or where in ("*", namespace):
                narrower += [host] if _is_within(host, name) else [name] if _is_within(name, host) else []
        return list(dict.fromkeys(narrower))


def _is_within(host: str, wider: str) -> bool:
    host, wider = host.lower(), wider.lower()
    if wider in (host, "*"):
        return True
    return wider.startswith("*") and host.lstrip("*").endswith(wider[1:]) and len(host) >= len(wider)


def narrowness(host: str, names: Iterable[str]) -> tuple[bool, int]:
    """How much the narrowest of the names that stand for a host is for it alone; the more, the greater."""
    within = [name for name in names if _is_within(host, name)]
    return max(((not name.startswith("*"), len(name)) for name in within), default=(False, 0))


def servers_of(gateway: Manifest) -> list[Server]:
    return [
        Server(
            full_name(gateway),
            index,
            server["port"]["number"],
            _kind(server),
            tuple(server.get("hosts") or []),
            bool((server.get("tls") or {}).get("httpsRedirect")),
            server["port"].get("name", ""),
        )
        for index, server in enumerate(gateway["spec"].get("servers") or [])
    ]


def _kind(server: Mapping[str, Any]) -> str:
    protocol, tls = str(server["port"]["protocol"]).upper(), server.get("tls")
    if protocol in HTTP:
        return "http"
    if tls is None:
        return "tcp"
    if tls.get("mode", "PASSTHROUGH") in ("PASSTHROUGH", "AUTO_PASSTHROUGH"):
        return "passthrough"
    return "https" if protocol == "HTTPS" else "tls"


@dataclass(frozen=True)
class Place:
    """A host of a VirtualService at a server, on one pod; ports are those at which the pod must listen for clients."""

    virtual_service: str
    host: str
    server: Server
    pod: str
    ports: tuple[int, ...]

    @property
    def name(self) -> str:
        """A name that the host stands for."""
        if self.host == "*":
            return "probe.example.org"
        return self.host.replace("*", "probe", 1)

    def __str__(self) -> str:
        return f"{self.host} at port {self.server.number} of {self.server}"


def places(virtual_service: Manifest, scenario: Scenario) -> Iterator[Place]:
    for gateway in gateways_of(virtual_service, scenario):
        for server in servers_of(gateway):
            names = [
                name
                for host in virtual_service["spec"].get("hosts") or []
                for name in server.names_for(host, virtual_service["metadata"]["namespace"])
            ]
            for pod in pods_of(gateway, scenario):
                for name in dict.fromkeys(names):
                    ports = pod_ports(pod, server.number, scenario)
                    yield Place(full_name(virtual_service), name, server, full_name(pod), ports)


def gateways_of(virtual_service: Manifest, scenario: Scenario) -> list[Manifest]:
    wanted = gateway_names(virtual_service)
    return [entry for entry in scenario.of_kind("Gateway") if full_name(entry) in wanted]


def gateway_names(virtual_service: Manifest) -> list[str]:
    names = virtual_service["spec"].get("gateways") or []
    return [gateway_name(name, virtual_service["metadata"]["namespace"]) for name in names if name != "mesh"]


def pods_of(gateway: Manifest, scenario: Scenario) -> list[Manifest]:
    """The gateways' pods that it selects."""
    selector = (gateway["spec"].get("selector") or {}).items()
    return [pod for pod in gateway_pods(scenario) if selector <= pod["metadata"]["labels"].items()]


def gateway_pods(scenario: Scenario) -> list[Manifest]:
    return [pod for pod in scenario.of_kind("Pod") if "router" in _proxy_arguments(pod)]


def _proxy_arguments(pod: Manifest) -> Iterable[str]:
    containers = pod["spec"]["containers"]
    return [argument for entry in containers if entry["name"] == "istio-proxy" for argument in entry.get("args") or []]


def pod_ports(pod: Manifest, number: int, scenario: Scenario) -> tuple[int, ...]:
    """The ports of a pod to which its Services lead, if clients connect to this port of a Gateway's server.

    It is a port of a Service or, where no Service has it, one to which a Service leads.
    """
    entries = [
        port
        for service in scenario.of_kind("Service")
        if service["metadata"]["namespace"] == pod["metadata"]["namespace"]
        and service["spec"].get("selector")
        and service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
        for port in service["spec"].get("ports") or []
        if port.get("protocol", "TCP") == "TCP"
    ]
    same = [port.get("targetPort", port["port"]) for port in entries if port["port"] == number]
    behind = [number for port in entries if port.get("targetPort") == number]
    return tuple(dict.fromkeys(same or behind))
