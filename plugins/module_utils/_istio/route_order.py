# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Who is routed for a host, the conditions of VirtualServices' routes, and which of them hide later ones. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from heapq import merge
from typing import Any

from .._kubernetes.objects import Manifest
from .._mesh.destinations import action_of
from .._mesh.names import full_name
from .config import WorkloadConfig
from .listeners import Server

# A VirtualService, and the server through which it is routed.
Routed = tuple[Manifest, Server]
_Path = tuple[tuple[str, Any], ...]
_TAKES_ALL: _Path = (("takes all", True),)
# Parts of a match that say nothing about the request.
_NOT_CONDITIONS = ("port", "name", "gateways", "statPrefix")
# Those that say who sends it, which is always the same for a gateway.
_SOURCE = ("sourceLabels", "sourceNamespace")
_PATH_ONLY = {"uri", "ignoreUriCase"}
_ANY_CASE = ("ignoreUriCase", True)


@dataclass(frozen=True)
class Condition:
    """One match of a route: its VirtualService and route there, the match without the port, and the route's action.

    number is the match's among several of the route.
    """

    virtual_service: str
    route: str
    match: Mapping[str, Any]
    action: Mapping[str, Any]
    number: int | None = None

    @property
    def place(self) -> str:
        return self.route if self.number is None else f"match[{self.number}] of {self.route}"

    @cached_property
    def takes_all(self) -> bool:
        uri = self.match.get("uri") or {}
        is_wide = not uri or uri.get("prefix") == "/" or uri.get("regex") == ".*"
        return is_wide and self.match.keys() <= _PATH_ONLY

    @cached_property
    def ignores_case(self) -> bool:
        """Whether its path may be in other letters. A regex is compared as it is."""
        return bool(self.match.get("ignoreUriCase")) and not {"exact", "prefix"}.isdisjoint(self.match.get("uri") or {})

    @cached_property
    def uri(self) -> Mapping[str, Any]:
        uri = self.match.get("uri") or {}
        return {key: str(value).lower() for key, value in uri.items()} if self.ignores_case else uri

    @cached_property
    def path(self) -> _Path:
        """The key by which it is looked up among others."""
        if self.takes_all:
            return _TAKES_ALL
        path = tuple(sorted(self.uri.items()))
        return (*path, _ANY_CASE) if self.ignores_case else path

    def hides(self, later: Condition) -> bool:
        """Whether a later condition gets no request. istiod puts conditions that take every request last."""
        if self.takes_all != later.takes_all:
            return False
        if self.takes_all:
            return True
        if any(not _is_within(later.match.get(key), self.match[key]) for key in self.match.keys() - _PATH_ONLY):
            return False
        if self.ignores_case:
            return _uri_within({key: str(value).lower() for key, value in later.uri.items()}, self.uri)
        return not self.uri or (not later.ignores_case and _uri_within(later.uri, self.uri))


def _is_within(condition: Any, wider: Any) -> bool:
    """Whether a part of a match is the same or, of headers and parameters, has all that the wider one has."""
    if condition == wider or not (isinstance(condition, Mapping) and isinstance(wider, Mapping)):
        return bool(condition == wider)
    is_named = all(isinstance(value, Mapping) for value in wider.values())
    return is_named and all(name in condition and condition[name] == value for name, value in wider.items())


def takes_all(match: Mapping[str, Any]) -> bool:
    """Whether a match takes every request at its port: istiod puts such matches last."""
    kept = {key: value for key, value in match.items() if key not in (*_NOT_CONDITIONS, *_SOURCE) and value}
    return Condition("", "", kept, {}).takes_all


def _uri_within(uri: Mapping[str, Any], wider: Mapping[str, Any]) -> bool:
    if not wider or uri == wider:
        return True
    prefix = wider.get("prefix")
    path = uri.get("prefix") or uri.get("exact")
    return prefix is not None and path is not None and str(path).startswith(str(prefix))


def virtual_hosts(
    workload_config: WorkloadConfig, servers: Iterable[Server]
) -> tuple[dict[str, list[Routed]], dict[str, Server]]:
    """What is routed for each host through servers that share their routes; and the hosts that are sent to HTTPS."""
    routed: dict[str, list[Routed]] = {}
    redirected: dict[str, Server] = {}
    for server in servers:
        for entry, hosts in workload_config.config.routed(server, workload_config.workload.namespace):
            for host in hosts if has_routes(entry, server) else ():
                routed.setdefault(host.lower(), []).append((entry, server))
                if server.redirects:
                    redirected.setdefault(host.lower(), server)
        for host in server.hosts if server.redirects else ():
            if "/" not in host:  # istiod takes another one as it is written, which no request asks for
                redirected.setdefault(host.lower(), server)
    return routed, redirected


def applies(match: Mapping[str, Any], server: Server) -> bool:
    """Whether a match is for this server, as far as it names ports and Gateways."""
    gateways = match.get("gateways") or [server.gateway]
    return match.get("port") in (None, 0, server.number) and server.gateway in gateways


def has_routes(virtual_service: Manifest, server: Server) -> bool:
    """Whether a VirtualService has routes for a server: without them, istiod leaves it out there."""
    routes = virtual_service["spec"].get(server.kind or "") or []
    return any(applies(match, server) for route in routes for match in route.get("match") or [{}])


def conditions_of(virtual_service: Manifest, server: Server) -> Iterator[Condition]:
    """In order, up to the first that takes every request: istiod leaves out what comes after it."""
    for condition in _all_conditions(virtual_service, server):
        yield condition
        if condition.takes_all:
            return


def _all_conditions(virtual_service: Manifest, server: Server) -> Iterator[Condition]:
    name = full_name(virtual_service)
    for index, route in enumerate(virtual_service["spec"].get("http") or []):
        action = action_of(route, virtual_service["metadata"]["namespace"])
        matches = route.get("match") or [{}]
        for number, entry in enumerate(matches):
            if applies(entry, server):
                match = {key: value for key, value in entry.items() if key not in _NOT_CONDITIONS and value}
                yield Condition(name, f"http[{index}]", match, action, number if len(matches) > 1 else None)


def hidden_routes(virtual_service: Manifest, servers: Iterable[Server]) -> Iterator[tuple[Condition, Condition]]:
    """Matches of one VirtualService's routes that get no request at any server, each with the earlier one that takes
    them. Of a route that gets none at all, only the first.
    """
    servers = list(servers)
    if _is_each_first_somewhere(virtual_service, servers):
        return
    hidden: dict[str, tuple[Condition, Condition]] = {}
    used: set[str] = set()
    used_routes: set[str] = set()
    for server in servers:
        takes_all: Condition | None = None
        index = _EarlierConditions()
        for later in _all_conditions(virtual_service, server):
            earlier = takes_all or next((entry for entry in index.candidates(later) if entry.hides(later)), None)
            if earlier is None or earlier.action == later.action:
                used.add(later.place)
                used_routes.add(later.route)
            else:
                hidden.setdefault(later.place, (earlier, later))
            index.add(later)
            if takes_all is None and later.takes_all:
                takes_all = later
    told: set[str] = set()
    for place, (earlier, later) in hidden.items():
        if later.route in used_routes:
            if place not in used:
                yield earlier, later
        elif later.route not in told:
            told.add(later.route)
            yield earlier, replace(later, number=None)


def _is_each_first_somewhere(virtual_service: Manifest, servers: Iterable[Server]) -> bool:
    """Whether no earlier match can hide one everywhere, as with a redirect at one port and a route for all others."""
    routes = [route.get("match") or [{}] for route in virtual_service["spec"].get("http") or []]
    places = [(index, number, match) for index, matches in enumerate(routes) for number, match in enumerate(matches)]
    first, all_of_them = set(), set()
    for server in servers:
        there = [(index, number) for index, number, match in places if applies(match, server)]
        first.update(there[:1])
        all_of_them.update(there)
    return first == all_of_them


def hidden_conditions(conditions: list[Condition]) -> Iterator[tuple[Condition, Condition]]:
    """Pairs of conditions of two VirtualServices: the first one takes all requests of the second one.

    conditions are those of a host, in istiod's order.
    """
    index = _EarlierConditions()
    for later in conditions:
        for earlier in index.candidates(later):
            is_other = earlier.virtual_service != later.virtual_service
            if is_other and earlier.hides(later) and earlier.action != later.action:
                yield earlier, later
                break
        index.add(later)


class _EarlierConditions:
    """Conditions by their path. One that hides another has the same path, a prefix of it, or none."""

    def __init__(self) -> None:
        self._by_path: dict[_Path, list[tuple[int, Condition]]] = {}
        self._prefixes: set[int] = set()
        self._ignores_case = False
        self._count = 0

    def add(self, condition: Condition) -> None:
        self._by_path.setdefault(condition.path, []).append((self._count, condition))
        self._prefixes.update(len(value) for kind, value in condition.path if kind == "prefix")
        self._ignores_case |= condition.ignores_case
        self._count += 1

    def candidates(self, later: Condition) -> Iterator[Condition]:
        """The conditions that might hide it, in their order."""
        paths = {later.path}
        if not later.takes_all:
            path = str(later.uri.get("prefix") or later.uri.get("exact") or "")
            paths |= {(), *((("prefix", path[:length]),) for length in self._prefixes)}
            if self._ignores_case:
                path = path.lower()
                paths |= {(("prefix", path[:length]), _ANY_CASE) for length in self._prefixes}
                paths |= {(*((key, str(value).lower()) for key, value in later.uri.items()), _ANY_CASE)}
        lists = [self._by_path[path] for path in paths if path in self._by_path]
        return (condition for _position, condition in merge(*lists))
