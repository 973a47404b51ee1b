# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: VirtualServices whose connections another one takes, where there are no routes by host or path. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .._analysis.context import Context
from .._analysis.finding import Finding
from .._istio.config import WorkloadConfig
from .._istio.filter_chains import FilterChain, passthrough_rules, tcp_route
from .._istio.hosts import is_more_specific
from .._istio.indexes import ByName, once
from .._istio.listeners import Server
from .._kubernetes.objects import Manifest
from .._mesh.names import full_name


@dataclass(frozen=True)
class _Lost:
    """The connections for a host of a server, which go to the first VirtualService and never to the second one."""

    server: Server
    host: str
    winner: str
    loser: str

    @property
    def pair(self) -> tuple[str, str]:
        return self.winner, self.loser


def shadowed(context: Context) -> Iterator[Finding]:
    mine = {full_name(entry) for entry in context.my_virtual_services}
    for change in context.workload_changes:
        before = {(lost.host, *lost.pair) for lost in _lost(change.before)} if mine else set()
        reported = set()
        for lost in _lost_by_name(change.after).of(*mine):
            if lost.pair in reported:
                continue
            reported.add(lost.pair)
            is_new = {name for name in lost.pair if _is_new(change.after, name)}
            order = "both are new, and if it comes first, which is chance," if len(is_new) > 1 else "it comes first, so"
            message, fix = _words(lost, order)
            preexisting = (lost.host, *lost.pair) in before and lost.loser not in mine
            objects = tuple(f"VirtualService {name}" for name in lost.pair)
            yield Finding(objects, context.host_option(lost.host), message, fix, preexisting)


def _words(lost: _Lost, order: str) -> tuple[str, str]:
    server, winner, loser = lost.server, f"VirtualService {lost.winner}", f"VirtualService {lost.loser}"
    if server.passes_through:
        message = (
            f"{winner} already takes the TLS connections for {lost.host} at port {server.port} of the gateway's pods; "
            f"{order} istiod leaves out the rule of {loser}, with all its hosts."
        )
        return message, "Let only one of the two have the host."
    message = (
        f"{winner} already takes all connections of {server} ({', '.join(server.names)}); {order} {loser} never gets "
        "one."
    )
    fix = (
        "Give each its own server, with its own hosts: a Gateway of its own, or one with gateway.shared; without TLS, "
        "each its own port."
    )
    return message, fix


def _is_new(workload_config: WorkloadConfig, name: str) -> bool:
    entries = [entry for entry in workload_config.config.virtual_services if full_name(entry) == name]
    return any(not entry["metadata"].get("creationTimestamp") for entry in entries)


@once
def _lost_by_name(workload_config: WorkloadConfig) -> ByName[_Lost]:
    """By the two VirtualServices."""
    return ByName((lost, lost.pair) for lost in _lost(workload_config))


@once
def _lost(workload_config: WorkloadConfig) -> list[_Lost]:
    return list(_each_lost(workload_config))


def _each_lost(workload_config: WorkloadConfig) -> Iterator[_Lost]:
    passed_through: dict[tuple[int, str, str], FilterChain] = {}
    for server in workload_config.listeners.servers:
        if server.passes_through and not server.is_http:
            yield from _left_out(workload_config, server, passed_through)
        elif not server.is_http and not server.ends_https:
            yield from _behind_the_first(workload_config, server)


def _left_out(
    workload_config: WorkloadConfig, server: Server, passed_through: dict[tuple[int, str, str], FilterChain]
) -> Iterator[_Lost]:
    """Rules with a name that an earlier rule of the listener has. istiod compares names as they are written."""
    for rule in passthrough_rules(workload_config, server):
        names = [(server.port, server.bind, name) for name in rule.written]
        winner = next((passed_through[name] for name in names if name in passed_through), None)
        if winner is None:
            passed_through.update(dict.fromkeys(names, rule))
        elif winner.virtual_service != rule.virtual_service:
            # That another rule takes a connection to the same destinations is no loss.
            served = {name for name in names if name in passed_through and passed_through[name].route == rule.route}
            lost = next((name for *_place, name in names if name in winner.written), "")
            if not served.issuperset(names):
                yield _Lost(server, lost, winner.virtual_service, rule.virtual_service)


def _behind_the_first(workload_config: WorkloadConfig, server: Server) -> Iterator[_Lost]:
    """All connections of a server go to the first TCP route of all VirtualServices with one of its hosts."""
    first: Manifest | None = None
    for entry, hosts in workload_config.config.routed(server, workload_config.workload.namespace):
        route = tcp_route(entry, server)
        if route is None:
            continue
        first = first or entry
        # That a wildcard does not get the connections for a narrower host of another one is as it should be.
        lost = [host for host in hosts if not is_more_specific(host, _hosts(first), _hosts(entry))]
        if lost and first is not entry and route != tcp_route(first, server):
            yield _Lost(server, lost[0], full_name(first), full_name(entry))


def _hosts(virtual_service: Manifest) -> list[str]:
    return virtual_service["spec"].get("hosts") or []
