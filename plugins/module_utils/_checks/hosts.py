# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: hosts and ports that other Gateways of the same pods have, too. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .._analysis.context import Context
from .._analysis.finding import Finding
from .._istio.config import WorkloadChange, WorkloadConfig
from .._istio.hosts import narrower_of, without_namespace
from .._istio.indexes import ByName, once
from .._istio.listeners import Dropped, Server
from .._istio.route_order import applies
from .._mesh.names import full_name


def served_twice(context: Context) -> Iterator[Finding]:
    """Of two TLS servers with a host in common on one port, istiod keeps the older one and drops the other one."""
    for change, dropped in _dropped_servers(context):
        if dropped.hosts:
            loser, winner = dropped.server, dropped.by
            conflict = f"{winner} already serves {_listed(dropped.hosts)} at port {loser.number} of the same gateway"
            rule = f"istiod keeps the older one and drops the whole server of {loser}"
            where = context.host_option(without_namespace(dropped.hosts[0]))
            fix = (
                "Remove the host from one of the two, attach to that Gateway with gateway.existing, or use another "
                "gateway."
            )
            yield _dropped_finding(context, change, dropped, f"{conflict}{_pods_port(loser)}; {rule}", where, fix)


def port_taken(context: Context) -> Iterator[Finding]:
    """A listener is for one protocol: of two servers whose protocols do not fit, istiod drops the younger one."""
    for change, dropped in _dropped_servers(context):
        if not dropped.hosts:
            loser, winner = dropped.server, dropped.by
            conflict = f"{winner} already listens at port {winner.number} of the same gateway for {winner.protocol}"
            rule = f"istiod keeps the older one and drops the whole server of {loser}, which is for {loser.protocol}"
            my_server = loser if context.concerns(loser) else winner
            where = f"gateway.{'http_port' if my_server.is_http else 'https_port'}"
            fix = "Give the two protocols different ports."
            yield _dropped_finding(context, change, dropped, f"{conflict}{_pods_port(loser)}; {rule}", where, fix)


@once
def _dropped_servers(context: Context) -> list[tuple[WorkloadChange, Dropped]]:
    """The servers that istiod drops if they are the exposure's, or for the exposure's."""
    return list(_each_dropped(context))


def _each_dropped(context: Context) -> Iterator[tuple[WorkloadChange, Dropped]]:
    for change in context.workload_changes:
        for dropped in _dropped_by_gateway(change.after).of(*context.gateway_names):
            loser = dropped.server
            if not (context.concerns(loser) or _takes_from(context, dropped)):
                continue
            redirected = _redirected(change.after)
            if not (loser.redirects and all((loser.place, name) in redirected for name in loser.names)):
                yield change, dropped  # else another server redirects the same hosts


def _takes_from(context: Context, dropped: Dropped) -> bool:
    """Whether the winner is the exposure's or, where it only attaches to that, wins one of its hosts."""
    if context.is_mine(dropped.by) or not context.concerns(dropped.by):
        return context.is_mine(dropped.by)
    mine = [host for entry in context.my_virtual_services for host in entry["spec"].get("hosts") or []]
    lost = map(without_namespace, dropped.hosts or dropped.server.hosts)
    return any(narrower_of(host, other) for host in lost for other in mine)


def _dropped_finding(
    context: Context, change: WorkloadChange, dropped: Dropped, what: str, where: str, fix: str
) -> Finding:
    loser, winner = dropped.server, dropped.by
    mine_loses = context.concerns(loser)
    dropped_before = _dropped_hosts(change.before).get((loser.gateway, loser.index))
    was_dropped = dropped_before is not None and dropped_before.issuperset(loser.hosts)
    message = f"{what}, so {_listed(loser.names)} would not be served by it."
    if not mine_loses and not was_dropped:
        message = f"this exposure's Gateway is the older one of two that want the same: {message}"
    objects = tuple(dict.fromkeys(f"Gateway {server.gateway}" for server in (loser, winner)))
    return Finding(objects, where, message, fix, preexisting=was_dropped and not mine_loses)


def _pods_port(server: Server) -> str:
    return f" (port {server.port} of its pods)" if server.port != server.number else ""


@once
def _dropped_by_gateway(workload_config: WorkloadConfig) -> ByName[Dropped]:
    dropped = workload_config.listeners.dropped
    return ByName((entry, (entry.server.gateway, entry.by.gateway)) for entry in dropped)


@once
def _dropped_hosts(workload_config: WorkloadConfig) -> dict[tuple[str, int], frozenset[str]]:
    """The hosts of each server that is dropped, by Gateway and index."""
    dropped = [entry.server for entry in workload_config.listeners.dropped]
    return {(server.gateway, server.index): frozenset(server.hosts) for server in dropped}


@once
def _redirected(workload_config: WorkloadConfig) -> frozenset[tuple[tuple[int, str], str]]:
    """The places, each with a name, at which a server redirects to HTTPS."""
    redirecting = [server for server in workload_config.listeners.servers if server.redirects]
    return frozenset((server.place, name) for server in redirecting for name in server.names)


@dataclass(frozen=True)
class FilterChain:
    """What Envoy gets for a server, or for a passthrough rule of a VirtualService; names are what clients send."""

    server: Server
    names: tuple[str, ...]
    virtual_service: str = ""

    def __str__(self) -> str:
        return f"VirtualService {self.virtual_service}" if self.virtual_service else str(self.server)

    @property
    def owner(self) -> str:
        return f"VirtualService {self.virtual_service}" if self.virtual_service else f"Gateway {self.server.gateway}"


# Two filter chains with a name in common, and the name.
_Conflict = tuple[FilterChain, FilterChain, str]


def sni_twice(context: Context) -> Iterator[Finding]:
    """Two filter chains of a listener with the same SNI, which istiod does not notice: Envoy refuses the listener."""
    mine = {f"{entry['kind']} {full_name(entry)}" for entry in (*context.mine, *context.gateways)}
    for change in context.workload_changes:
        before = _conflicts_by_names(change.before)
        conflicts = _conflicts_by_owner(change.after).of(*mine)
        for first, second, name in conflicts or _at_my_places(context, change.after):
            message = (
                f"{first} and {second} take TLS connections for '{name}' at the same port ({first.server.port}) of the "
                "gateway's pods, and istiod does not see it because they are written differently; Envoy refuses the "
                "whole listener, and no further change reaches any host there."
            )
            fix = "Let only one of them have that name, or write both in lower case and without a namespace."
            was_before = (first.owner, second.owner, name) in before
            preexisting = was_before and (not conflicts or second.owner not in mine)
            yield Finding((first.owner, second.owner), context.host_option(name), message, fix, preexisting)


def _at_my_places(context: Context, workload_config: WorkloadConfig) -> list[_Conflict]:
    """Conflicts of others, for which Envoy refuses a listener that the exposure uses, too."""
    conflicts = _all_conflicts(workload_config)
    if not conflicts:
        return []
    places = {server.place for server in workload_config.listeners.servers if context.concerns(server)}
    return [conflict for conflict in conflicts if conflict[0].server.place in places]


@once
def _all_conflicts(workload_config: WorkloadConfig) -> list[_Conflict]:
    return list(_conflicts(workload_config))


@once
def _conflicts_by_owner(workload_config: WorkloadConfig) -> ByName[_Conflict]:
    conflicts = _all_conflicts(workload_config)
    return ByName(((first, second, name), (first.owner, second.owner)) for first, second, name in conflicts)


@once
def _conflicts_by_names(workload_config: WorkloadConfig) -> frozenset[tuple[str, str, str]]:
    return frozenset((first.owner, second.owner, name) for first, second, name in _all_conflicts(workload_config))


def _conflicts(workload_config: WorkloadConfig) -> Iterator[_Conflict]:
    by_place: dict[tuple[int, str], list[Server]] = {}
    for server in workload_config.listeners.servers:
        by_place.setdefault(server.place, []).append(server)
    for place in sorted(by_place):
        by_name: dict[str, FilterChain] = {}
        for filter_chain in _filter_chains(workload_config, by_place[place]):
            for name in filter_chain.names:
                if name in by_name:
                    yield by_name[name], filter_chain, name
                by_name.setdefault(name, filter_chain)


def _filter_chains(workload_config: WorkloadConfig, servers: list[Server]) -> Iterator[FilterChain]:
    passed_through: set[str] = set()
    for server in servers:
        if server.mode == "PASSTHROUGH" and not server.is_http:
            for filter_chain in passthrough_rules(workload_config, server):
                # istiod leaves out a rule whose name an earlier rule has.
                if not passed_through.intersection(filter_chain.names):
                    passed_through.update(filter_chain.names)
                    yield filter_chain
        elif server.has_tls and not server.passes_through:
            yield FilterChain(server, _client_names(server.names))


def passthrough_rules(workload_config: WorkloadConfig, server: Server) -> Iterator[FilterChain]:
    """The filter chain of each rule for the server, in istiod's order."""
    for entry, _hosts in workload_config.config.routed(server, workload_config.workload.namespace):
        for rule in entry["spec"].get("tls") or []:
            for match in rule.get("match") or []:
                if applies(match, server):
                    yield FilterChain(server, _client_names(tuple(match.get("sniHosts") or ())), full_name(entry))


def _client_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """What clients send: Envoy compares names in lower case."""
    return ("*",) if "*" in names else tuple(name.lower() for name in names)


def _listed(hosts: tuple[str, ...]) -> str:
    return ", ".join(hosts[:3]) + (f" and {len(hosts) - 3} more" if len(hosts) > 3 else "")
