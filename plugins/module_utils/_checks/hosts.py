# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: servers of several Gateways that want the same host or port of the same pods. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .._istio.config import Site, View
from .._istio.indexes import ByName, once
from .._istio.listeners import Dropped, Server
from .._istio.references import full_name
from .context import Scene
from .finding import Finding


def check(scene: Scene) -> Iterator[Finding]:
    for site in scene.sites:
        for dropped in _dropped_by_gateway(site.after).of(*scene.my_gateways):
            yield from _dropped(scene, site, dropped)
        yield from _names_twice(scene, site)


@once
def _dropped_by_gateway(view: View) -> ByName[Dropped]:
    return ByName((one, (one.server.gateway, one.by.gateway)) for one in view.listeners.dropped)


@once
def _dropped_hosts(view: View) -> dict[tuple[str, int], frozenset[str]]:
    """The hosts of each server that is dropped."""
    return {(one.server.gateway, one.server.index): frozenset(one.server.hosts) for one in view.listeners.dropped}


@once
def _redirected(view: View) -> frozenset[tuple[tuple[int, str], str]]:
    """Where which names are sent to HTTPS."""
    return frozenset((one.place, name) for one in view.listeners.servers if one.redirects for name in one.names)


def _dropped(scene: Scene, site: Site, dropped: Dropped) -> Iterator[Finding]:
    loser, winner = dropped.server, dropped.by
    if loser.redirects and all((loser.place, name) in _redirected(site.after) for name in loser.names):
        return  # others redirect the same hosts
    mine_loses = scene.is_mine(loser)
    lost_before = _dropped_hosts(site.before).get((loser.gateway, loser.index))
    was_so = lost_before is not None and lost_before.issuperset(loser.hosts)
    my_server = loser if mine_loses else winner
    if dropped.hosts:
        code, where = "host-served-twice", scene.host_option(dropped.hosts[0].rpartition("/")[2])
        what = f"{winner} already serves {_list(dropped.hosts)} at port {loser.number} of the same gateway"
        rule = f"istiod keeps the older one and drops the whole server of {loser}"
        fix = (
            "Remove the host from one of the two, attach to that Gateway with gateway.existing, or use another gateway."
        )
    else:
        code, where = "port-taken", f"gateway.{'http_port' if my_server.is_http else 'https_port'}"
        what = f"{winner} already listens at port {winner.number} of the same gateway for {winner.protocol}"
        rule = f"istiod keeps the older one and drops the whole server of {loser}, which is for {loser.protocol}"
        fix = "Give the two protocols different ports."
    if loser.port != loser.number:
        what += f" (port {loser.port} of its pods)"
    lost = f"{_list(loser.names)} would not be served by it"
    message = f"{what}; {rule}, so {lost}."
    if not mine_loses and not was_so:
        message = f"this exposure's Gateway is the older one of two that want the same: {message}"
    yield Finding(code, _objects(loser, winner), where, message, fix, settled=was_so and not mine_loses)


@dataclass(frozen=True)
class _Chain:
    """What Envoy gets for a server, or a passthrough rule of a VirtualService: the names that TLS clients give."""

    server: Server
    names: tuple[str, ...]
    virtual_service: str = ""

    def __str__(self) -> str:
        return f"VirtualService {self.virtual_service}" if self.virtual_service else str(self.server)

    @property
    def owner(self) -> str:
        return f"VirtualService {self.virtual_service}" if self.virtual_service else f"Gateway {self.server.gateway}"


_Pair = tuple[_Chain, _Chain, str]


def _names_twice(scene: Scene, site: Site) -> Iterator[Finding]:
    mine = {f"{entry['kind']} {full_name(entry)}" for entry in scene.mine}
    for first, second, name in _pairs(site.after).of(*mine):
        message = (
            f"{first} and {second} take TLS connections for '{name}' at the same port ({first.server.port}) of the "
            "gateway's pods, and istiod does not see it because they are written differently; Envoy refuses the whole "
            "listener, and no further change reaches any host there."
        )
        fix = "Let only one of them have that name, or write both without a namespace."
        objects = (first.owner, second.owner)
        settled = (first.owner, second.owner, name) in _pairs_known(site.before) and second.owner not in mine
        yield Finding("sni-twice", objects, scene.host_option(name), message, fix, settled)


@once
def _pairs(view: View) -> ByName[_Pair]:
    """Two chains of a listener that have a name in common, and the name; by their owners."""
    return ByName(((one, other, name), (one.owner, other.owner)) for one, other, name in _each_pair(view))


@once
def _pairs_known(view: View) -> frozenset[tuple[str, str, str]]:
    return frozenset((one.owner, other.owner, name) for one, other, name in _each_pair(view))


def _each_pair(view: View) -> Iterator[_Pair]:
    places: dict[tuple[int, str], list[Server]] = {}
    for server in view.listeners.servers:
        places.setdefault(server.place, []).append(server)
    for place in sorted(places):
        taken: dict[str, _Chain] = {}
        for chain in _chains(view, places[place]):
            for name in chain.names:
                if name in taken:
                    yield taken[name], chain, name
                taken.setdefault(name, chain)


def _chains(view: View, servers: list[Server]) -> Iterator[_Chain]:
    passed: set[str] = set()
    for server in servers:
        if server.mode == "PASSTHROUGH" and not server.is_http:
            for chain in _passed_on(view, server):
                # istiod leaves out a rule whose name an earlier rule has.
                if not passed.intersection(chain.names):
                    passed.update(chain.names)
                    yield chain
        elif server.has_tls and not server.passes_through:
            yield _Chain(server, _client_names(server.names))


def _passed_on(view: View, server: Server) -> Iterator[_Chain]:
    for entry, _hosts in view.state.routed(server, view.workload.namespace):
        for rule in entry["spec"].get("tls") or []:
            for match in rule.get("match") or []:
                gateways = match.get("gateways") or [server.gateway]
                if match.get("port") in (None, 0, server.number) and server.gateway in gateways:
                    yield _Chain(server, _client_names(tuple(match.get("sniHosts") or ())), full_name(entry))


def _client_names(names: tuple[str, ...]) -> tuple[str, ...]:
    return ("*",) if "*" in names else names


def _objects(*servers: Server) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"Gateway {server.gateway}" for server in servers))


def _list(hosts: tuple[str, ...]) -> str:
    return ", ".join(hosts[:3]) + (f" and {len(hosts) - 3} more" if len(hosts) > 3 else "")
