# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The filter chains that istiod makes of the servers of one listener. Envoy picks one for each connection. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .._kubernetes.objects import Manifest
from .._mesh.names import full_name
from .config import WorkloadConfig
from .listeners import Server
from .route_order import applies

_ALL = ("*",)


@dataclass(frozen=True)
class FilterChain:
    """What Envoy gets for a server, or for a passthrough rule of a VirtualService.

    names are what clients send; * takes all connections that no other filter chain takes. written are those of a rule
    as its VirtualService has them, and route its destinations.
    """

    server: Server
    names: tuple[str, ...]
    virtual_service: str = ""
    written: tuple[str, ...] = ()
    route: Any = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"VirtualService {self.virtual_service}" if self.virtual_service else str(self.server)

    @property
    def owner(self) -> str:
        return f"VirtualService {self.virtual_service}" if self.virtual_service else f"Gateway {self.server.gateway}"


def filter_chains(workload_config: WorkloadConfig, servers: list[Server]) -> Iterator[FilterChain]:
    """Those of all servers of a listener, in istiod's order."""
    passed_through: set[tuple[str, str]] = set()
    plain: set[str] = set()
    for server in servers:
        if server.is_http:
            # One for all of them, but for each address, as it is written, one.
            if server.bind not in plain:
                plain.add(server.bind)
                yield FilterChain(server, _ALL)
        elif server.ends_https:
            yield FilterChain(server, _client_names(server.names))
        elif server.passes_through:
            for filter_chain in passthrough_rules(workload_config, server):
                # istiod leaves out a rule whose name an earlier rule has.
                names = {(server.bind, name) for name in filter_chain.written}
                if passed_through.isdisjoint(names):
                    passed_through.update(names)
                    yield filter_chain
        elif _has_tcp_route(workload_config, server):
            yield FilterChain(server, _client_names(server.names) if server.has_tls else _ALL)


def passthrough_rules(workload_config: WorkloadConfig, server: Server) -> Iterator[FilterChain]:
    """The filter chain of each rule for the server, in istiod's order."""
    if server.mode != "PASSTHROUGH":
        return
    for entry, _hosts in workload_config.config.routed(server, workload_config.workload.namespace):
        for rule in entry["spec"].get("tls") or []:
            for match in rule.get("match") or [] if rule.get("route") else []:
                if applies(match, server):
                    names = tuple(match.get("sniHosts") or ())
                    yield FilterChain(server, _client_names(names), full_name(entry), names, rule["route"])


def tcp_route(virtual_service: Manifest, server: Server) -> Any:
    """The destinations of the first TCP route for the server; None without one."""
    for route in virtual_service["spec"].get("tcp") or []:
        for match in route.get("match") or [{}]:
            if applies(match, server) and route.get("route"):
                return route["route"]
    return None


def _has_tcp_route(workload_config: WorkloadConfig, server: Server) -> bool:
    """Without one, istiod makes nothing of a server for TCP."""
    routed = workload_config.config.routed(server, workload_config.workload.namespace)
    return any(tcp_route(entry, server) is not None for entry, _hosts in routed)


def _client_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """What clients send: Envoy compares names in lower case."""
    return _ALL if "*" in names else tuple(name.lower() for name in names)
