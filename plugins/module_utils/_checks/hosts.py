# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: hosts and ports that other Gateways of the same pods have, too. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from .._analysis.context import Context
from .._analysis.finding import Finding
from .._istio.config import WorkloadChange, WorkloadConfig
from .._istio.filter_chains import FilterChain, filter_chains
from .._istio.hosts import is_more_specific, narrower_of, without_namespace
from .._istio.indexes import ByName, once
from .._istio.listeners import Dropped, Server
from .._istio.misdirected import is_sent_away
from .._istio.route_order import has_routes
from .._kubernetes.objects import Manifest
from .._mesh.names import full_name

T = TypeVar("T")
_NOT_YET = ", though neither serves anything yet, as no pod has their labels"


def served_twice(context: Context) -> Iterator[Finding]:
    """Of two TLS servers with a host in common on one port, istiod keeps the older one and drops the other one."""
    for change, dropped in _dropped_servers(context):
        if dropped.hosts:
            loser, winner = dropped.server, dropped.by
            conflict = f"{winner} already serves {_listed(dropped.hosts)} at port {loser.number} of the same gateway"
            if not _has_pods(context):
                conflict = f"{winner} has {_listed(dropped.hosts)} at port {loser.number}, too{_NOT_YET}"
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
            if not _has_pods(context):
                conflict = f"{winner} has port {winner.number}, too, for {winner.protocol}{_NOT_YET}"
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


def _has_pods(context: Context) -> bool:
    """Whether a gateway is there that may serve anything."""
    workloads = context.analysis.workloads
    return not context.cluster_state.pods_are_known or any(
        workloads.of(gateway).gateways for gateway in context.gateways
    )


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


# Two filter chains with a name in common, and the name.
_Conflict = tuple[FilterChain, FilterChain, str]


def sni_twice(context: Context) -> Iterator[Finding]:
    """Two filter chains of a listener with the same SNI, which istiod does not notice: Envoy refuses the listener."""
    mine = {f"{entry['kind']} {full_name(entry)}" for entry in (*context.mine, *context.gateways)}
    for change in context.workload_changes:
        before = _conflicts_by_names(change.before)
        conflicts = _conflicts_by_owner(change.after).of(*mine)
        for first, second, name in conflicts or _at_my_places(context, change.after):
            message, fix = _conflict_words(first, second, name)
            was_before = (first.owner, second.owner, name) in before
            preexisting = was_before and (not conflicts or second.owner not in mine)
            yield Finding((first.owner, second.owner), context.host_option(name), message, fix, preexisting)


def _conflict_words(first: FilterChain, second: FilterChain, name: str) -> tuple[str, str]:
    are_for_tls = first.server.has_tls and second.server.has_tls
    what = f"TLS connections for '{name}'" if are_for_tls else "all connections"
    why = "they are written differently"
    fix = "Let only one of them have that name, or write both in lower case and without a namespace."
    if first.server.bind != second.server.bind:
        why = f"one of them names the address {first.server.bind or second.server.bind}"
        fix = "Remove bind from both."
    elif not are_for_tls:
        why = "only one of them is for TLS"
        fix = "Give the two different ports, or the one for TLS a host."
    who = f"{first} and {second} take {what}" if str(first) != str(second) else f"{first} takes {what} twice"
    message = (
        f"{who} at the same port ({first.server.port}) of the gateway's pods, and istiod does not see it because "
        f"{why}; Envoy refuses the whole listener, and no further change reaches any host there."
    )
    return message, fix


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


def _servers_by_place(workload_config: WorkloadConfig) -> dict[tuple[int, str], list[Server]]:
    by_place: dict[tuple[int, str], list[Server]] = {}
    for server in workload_config.listeners.servers:
        by_place.setdefault(server.place, []).append(server)
    return by_place


def _conflicts(workload_config: WorkloadConfig) -> Iterator[_Conflict]:
    by_place = _servers_by_place(workload_config)
    for place in sorted(by_place):
        by_name: dict[str, FilterChain] = {}
        for filter_chain in filter_chains(workload_config, by_place[place]):
            for name in filter_chain.names:
                if name in by_name:
                    yield by_name[name], filter_chain, name
                by_name.setdefault(name, filter_chain)


@dataclass(frozen=True)
class _Narrower:
    """A host that a VirtualService has at a server with a wildcard, and the filter chain with a narrower name for it.

    answers is the VirtualService that answers there, if one does.
    """

    host: str
    virtual_service: str
    server: Server
    by: FilterChain
    answers: str | None


def shadowed(context: Context) -> Iterator[Finding]:
    """Of a listener's servers, Envoy takes the one with the narrowest name for a TLS connection, and no other."""
    mine = [f"{entry['kind']} {full_name(entry)}" for entry in context.mine]
    my_names = {full_name(entry) for entry in context.my_virtual_services}
    for change in context.workload_changes:
        before = {(lost.host, lost.virtual_service) for lost in _narrower_by_owner(change.before).of(*mine)}
        for lost in _narrower_by_owner(change.after).of(*mine):
            if lost.virtual_service not in my_names and not context.serves(lost.by.server):
                continue
            then = f"VirtualService {lost.answers} answers" if lost.answers else "no VirtualService answers for it"
            message = (
                f"TLS connections for {lost.host} at port {lost.server.number} go to {lost.by}, which has a narrower "
                f"name for it than {lost.server}, the one of VirtualService {lost.virtual_service}; there {then}."
            )
            fix = "Attach the VirtualService to the Gateway with the narrower name, or remove that name."
            objects = (f"VirtualService {lost.virtual_service}", lost.by.owner)
            preexisting = (lost.host, lost.virtual_service) in before and lost.virtual_service not in my_names
            yield Finding(objects, context.host_option(lost.host), message, fix, preexisting)


@once
def _narrower_by_owner(workload_config: WorkloadConfig) -> ByName[_Narrower]:
    by_place = _servers_by_place(workload_config)
    every = [lost for servers in by_place.values() for lost in _taken_by_narrower(workload_config, servers)]
    return ByName((lost, (f"VirtualService {lost.virtual_service}", lost.by.owner)) for lost in every)


def _taken_by_narrower(workload_config: WorkloadConfig, servers: list[Server]) -> Iterator[_Narrower]:
    """Of the servers of one listener."""
    wide = [server for server in servers if _ends_tls(server) and any(name.startswith("*") for name in server.names)]
    if not wide or len(servers) == 1:
        return
    listener = _Listener(workload_config, servers)
    for server in wide:
        for entry, hosts in workload_config.config.routed(server, workload_config.workload.namespace):
            for host in hosts if has_routes(entry, server) else ():
                by = listener.takes(host)
                if is_sent_away(workload_config, server, host):
                    continue  # for clients that reuse a connection: they come again, over one of the host's own
                if by and by.owner not in (f"Gateway {server.gateway}", f"VirtualService {full_name(entry)}"):
                    answering = listener.answering(by, host)
                    if not any(each is entry or _is_for(host, each, entry) for each in answering):
                        answers = by.virtual_service or next(map(full_name, answering), None)
                        yield _Narrower(host, full_name(entry), server, by, answers)


def _is_for(host: str, one: Manifest, other: Manifest) -> bool:
    """Whether the first VirtualService has a host in particular, and the other one by a wider wildcard."""
    return is_more_specific(host, one["spec"].get("hosts") or [], other["spec"].get("hosts") or [])


class _Listener:
    """Which filter chain takes the connections for a host, and which VirtualServices answer there."""

    def __init__(self, workload_config: WorkloadConfig, servers: list[Server]) -> None:
        self._workload_config = workload_config
        self._chains: dict[str, FilterChain] = {}
        self._routed: dict[str, dict[str, list[Manifest]]] = {}
        for chain in filter_chains(workload_config, [server for server in servers if server.has_tls]):
            if chain.server.kind != "tcp" or self._by_host(chain.server):  # else istiod makes nothing of it
                self._chains.update({name: chain for name in chain.names if name not in self._chains})

    def takes(self, host: str) -> FilterChain | None:
        return _narrowest(self._chains, host)

    def answering(self, chain: FilterChain, host: str) -> list[Manifest]:
        if chain.virtual_service:
            return []
        if str(chain) not in self._routed:
            self._routed[str(chain)] = self._by_host(chain.server)
        return _narrowest(self._routed[str(chain)], host) or []

    def _by_host(self, server: Server) -> dict[str, list[Manifest]]:
        """Without HTTP, a VirtualService is routed for any host."""
        by_host: dict[str, list[Manifest]] = {}
        for entry, hosts in self._workload_config.config.routed(server, self._workload_config.workload.namespace):
            if has_routes(entry, server):
                for host in hosts if server.kind == "http" else ["*"]:
                    by_host.setdefault(host.lower(), []).append(entry)
        return by_host


def _narrowest(things: Mapping[str, T], host: str) -> T | None:
    """The thing whose name is the narrowest one that stands for a host."""
    rest = host.lower()
    found = things.get(rest)
    while found is None and "." in rest:
        rest = rest.partition(".")[2]
        found = things.get(f"*.{rest}")
    return things.get("*") if found is None else found


def _ends_tls(server: Server) -> bool:
    return server.has_tls and not server.passes_through


def _listed(hosts: tuple[str, ...]) -> str:
    return ", ".join(hosts[:3]) + (f" and {len(hosts) - 3} more" if len(hosts) > 3 else "")
