# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The conditions of VirtualServices' routes, and which of them hide later ones. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from heapq import merge
from typing import Any

from .._kubernetes.objects import Manifest
from .._mesh.destinations import action_of
from .._mesh.names import full_name
from .listeners import Server

_Path = tuple[tuple[str, Any], ...]
_TAKES_ALL: _Path = (("takes all", True),)
# Parts of a match that say nothing about the request.
_NOT_CONDITIONS = ("port", "name", "gateways", "statPrefix")
# Those that say who sends it, which is always the same for a gateway.
_SOURCE = ("sourceLabels", "sourceNamespace")


@dataclass(frozen=True)
class Condition:
    """One match of a route: its VirtualService and place there, the match without the port, and the route's action."""

    virtual_service: str
    place: str
    match: Mapping[str, Any]
    action: Mapping[str, Any]

    @cached_property
    def takes_all(self) -> bool:
        uri = self.match.get("uri") or {}
        return not self.match.keys() - {"uri"} and (not uri or uri.get("prefix") == "/" or uri.get("regex") == ".*")

    @cached_property
    def path(self) -> _Path:
        """The key by which it is looked up among others."""
        return _TAKES_ALL if self.takes_all else tuple(sorted((self.match.get("uri") or {}).items()))

    def hides(self, later: Condition) -> bool:
        """Whether a later condition gets no request. istiod puts conditions that take every request last."""
        if self.takes_all != later.takes_all:
            return False
        if self.takes_all:
            return True
        others = {key: value for key, value in self.match.items() if key != "uri"}
        if any(later.match.get(key) != value for key, value in others.items()):
            return False
        if later.match.get("ignoreUriCase") and not self.match.get("ignoreUriCase"):
            return not self.match.get("uri")
        return _uri_within(later.match.get("uri") or {}, self.match.get("uri") or {})


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


def applies(match: Mapping[str, Any], server: Server) -> bool:
    """Whether a match is for this server, as far as it names ports and Gateways."""
    gateways = match.get("gateways") or [server.gateway]
    return match.get("port") in (None, 0, server.number) and server.gateway in gateways


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
        for entry in route.get("match") or [{}]:
            if applies(entry, server):
                match = {key: value for key, value in entry.items() if key not in _NOT_CONDITIONS and value}
                yield Condition(name, f"http[{index}]", match, action)


def hidden_routes(virtual_service: Manifest, servers: Iterable[Server]) -> Iterator[tuple[Condition, Condition]]:
    """Routes of one VirtualService that get no request at any server, each with the earlier one that takes them."""
    hidden: dict[str, tuple[Condition, Condition]] = {}
    used: set[str] = set()
    for server in servers:
        takes_all: Condition | None = None
        index = _EarlierConditions()
        for later in _all_conditions(virtual_service, server):
            earlier = takes_all or next((entry for entry in index.candidates(later) if entry.hides(later)), None)
            if earlier is None or earlier.action == later.action:
                used.add(later.place)
            else:
                hidden.setdefault(later.place, (earlier, later))
            index.add(later)
            if takes_all is None and later.takes_all:
                takes_all = later
    return (pair for place, pair in hidden.items() if place not in used)


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
        self._count = 0

    def add(self, condition: Condition) -> None:
        self._by_path.setdefault(condition.path, []).append((self._count, condition))
        self._prefixes.update(len(value) for kind, value in condition.path if kind == "prefix")
        self._count += 1

    def candidates(self, later: Condition) -> Iterator[Condition]:
        """The conditions that might hide it, in their order."""
        paths = {later.path}
        if not later.takes_all:
            uri = later.match.get("uri") or {}
            path = str(uri.get("prefix") or uri.get("exact") or "")
            paths |= {(), *((("prefix", path[:length]),) for length in self._prefixes)}
        lists = [self._by_path[path] for path in paths if path in self._by_path]
        return (condition for _position, condition in merge(*lists))
