# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: routes that get no requests because earlier ones take them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._analysis.context import Context, route_option
from .._analysis.finding import Finding
from .._istio.config import WorkloadConfig
from .._istio.hosts import is_more_specific
from .._istio.indexes import ByName, once
from .._istio.listeners import Server
from .._istio.route_order import Condition, Routed, conditions_of, hidden_conditions, hidden_routes, virtual_hosts
from .._kubernetes.objects import Manifest
from .._mesh.names import full_name

_PATH = {"uri", "ignoreUriCase"}


@dataclass(frozen=True)
class _Hidden:
    """A condition whose requests an earlier one takes, for a host; by_chance: the order of the two is not certain;
    is_narrower: the later one is for that host in particular, and the earlier one for a wildcard.
    """

    host: str
    earlier: Condition
    later: Condition
    by_chance: bool
    is_narrower: bool

    @property
    def pair(self) -> tuple[str, str]:
        return self.earlier.virtual_service, self.later.virtual_service


@dataclass(frozen=True)
class _Redirected:
    """A VirtualService with routes for a host at a server, whose requests another one sends to HTTPS."""

    host: str
    virtual_service: str
    server: Server
    by: Server


def shadowed(context: Context) -> Iterator[Finding]:
    """Of two VirtualServices for a host, the routes of the older one come first."""
    mine = {full_name(entry) for entry in context.my_virtual_services}
    for change in context.workload_changes:
        reported = set()
        for hidden in _hidden_by_name(change.after).of(*mine):
            if frozenset(hidden.pair) in reported:
                continue
            reported.add(frozenset(hidden.pair))
            order = "it comes first (oldest first), so"
            if hidden.by_chance:
                order = "both are new, and if it comes first, which is chance,"
            earlier, later = hidden.earlier, hidden.later
            message = (
                f"VirtualService {earlier.virtual_service} ({earlier.place}) already takes these requests for "
                f"{hidden.host} at the same gateway; {order} {later.place} of VirtualService {later.virtual_service} "
                "never gets one."
            )
            fix = "Give the routes different paths, or keep only one of the two."
            if hidden.is_narrower:
                fix = (
                    "Create the one with the narrower host first, or give the wildcard's exposure both hosts and a "
                    "route for the narrower one (match.authority)."
                )
            was_hidden = (hidden.host, *hidden.pair, later.place) in _hidden_places(change.before)
            preexisting = was_hidden and later.virtual_service not in mine
            objects = tuple(f"VirtualService {name}" for name in hidden.pair)
            yield Finding(objects, context.host_option(hidden.host), message, fix, preexisting)


def hidden(context: Context) -> Iterator[Finding]:
    """Within one VirtualService the first route that matches counts."""
    for entry in context.my_virtual_services:
        if len(entry["spec"].get("http") or []) > 1:
            servers = [server for server, _hosts in context.serving(entry) if _uses_routes(server)]
            for earlier, later in hidden_routes(entry, servers):
                message = (
                    f"{earlier.place} of VirtualService {full_name(entry)} comes first, and takes all requests that "
                    f"{later.place} is for, which never gets one."
                )
                fix = "Put the narrower route first."
                where = route_option(entry, later.route)
                is_part = later.number is not None
                yield Finding((f"VirtualService {full_name(entry)}",), where, message, fix, partial=is_part)


def _uses_routes(server: Server) -> bool:
    return server.kind == "http" and not server.redirects


@once
def _hidden_by_name(workload_config: WorkloadConfig) -> ByName[_Hidden]:
    """By the two VirtualServices."""
    return ByName((hidden, hidden.pair) for hidden in _each_hidden(workload_config))


@once
def _hidden_places(workload_config: WorkloadConfig) -> frozenset[tuple[str, str, str, str]]:
    return frozenset((hidden.host, *hidden.pair, hidden.later.place) for hidden in _each_hidden(workload_config))


def _each_hidden(workload_config: WorkloadConfig) -> Iterator[_Hidden]:
    for routes, redirected in _route_configurations(workload_config):
        for host, routed in routes.items():
            if host not in redirected and any(entry is not routed[0][0] for entry, _server in routed):
                yield from _hidden_of(host, routed)


def _hidden_of(host: str, routed: list[Routed]) -> Iterator[_Hidden]:
    """VirtualServices created in the same second are ordered by name, so of two new ones either may come first."""
    new = [(entry, server) for entry, server in routed if not entry["metadata"].get("creationTimestamp")]
    names = {full_name(entry) for entry, _server in new}
    hosts = {full_name(entry): entry["spec"].get("hosts") or [] for entry, _server in routed}

    def takes_as_it_should(earlier: str, later: str) -> bool:
        return is_more_specific(host, hosts[earlier], hosts[later])

    in_order = [condition for entry, server in routed for condition in conditions_of(entry, server)]
    for earlier, later in hidden_conditions(in_order):
        one, other = earlier.virtual_service, later.virtual_service
        if not takes_as_it_should(one, other):
            by_chance = one != other and {one, other} <= names
            yield _Hidden(host, earlier, later, by_chance, takes_as_it_should(other, one))
    if len(names) > 1:
        reversed_order = [condition for entry, server in reversed(new) for condition in conditions_of(entry, server)]
        for earlier, later in hidden_conditions(reversed_order):
            one, other = earlier.virtual_service, later.virtual_service
            if one != other and not takes_as_it_should(one, other):
                yield _Hidden(host, earlier, later, True, takes_as_it_should(other, one))


@once
def _route_configurations(workload_config: WorkloadConfig) -> list[tuple[dict[str, list[Routed]], dict[str, Server]]]:
    """What is routed for each host, in istiod's order, and the hosts that are sent to HTTPS: for each port of HTTP, and
    for each server of HTTPS.
    """
    by_place: dict[tuple[int, str], list[Server]] = {}
    of_https: list[list[Server]] = []
    for server in workload_config.listeners.servers:
        if server.is_http:
            by_place.setdefault(server.place, []).append(server)
        elif server.ends_https:
            of_https.append([server])
    return [virtual_hosts(workload_config, servers) for servers in (*of_https, *by_place.values())]


def redirected(context: Context) -> Iterator[Finding]:
    """istiod makes one list of hosts of all servers for HTTP at a port: one that redirects does so for all of them."""
    mine = [f"{entry['kind']} {full_name(entry)}" for entry in context.mine]
    my_names = {full_name(entry) for entry in context.my_virtual_services}
    for change in context.workload_changes:
        before = {(lost.host, lost.virtual_service) for lost in _redirected(change.before).of(*mine)}
        reported = set()
        for lost in _redirected(change.after).of(*mine):
            key = (lost.virtual_service, lost.by.gateway, lost.by.index)
            is_about_me = lost.virtual_service in my_names or context.serves(lost.by)
            if key in reported or not is_about_me:
                continue
            reported.add(key)
            message = (
                f"{lost.by} redirects all requests for {lost.host} at port {lost.server.number} of the same gateway to "
                f"HTTPS (httpsRedirect), so VirtualService {lost.virtual_service} gets none through {lost.server}."
            )
            fix = "Remove the host from one of the two, or serve it by HTTPS only."
            objects = (f"VirtualService {lost.virtual_service}", f"Gateway {lost.by.gateway}")
            preexisting = (lost.host, lost.virtual_service) in before and lost.virtual_service not in my_names
            yield Finding(objects, context.host_option(lost.host), message, fix, preexisting)


@once
def _redirected(workload_config: WorkloadConfig) -> ByName[_Redirected]:
    """By the VirtualService that gets no requests, the Gateway that redirects, and others that it has the host from."""
    found = []
    for routes, redirecting in _route_configurations(workload_config):
        for host in [host for host in routes if host in redirecting]:
            by = redirecting[host]
            others = [f"VirtualService {full_name(entry)}" for entry, server in routes[host] if server.redirects]
            for entry, server in routes[host]:
                is_meant = server.redirects or is_more_specific(host, by.names_set, server.names_set)
                if not is_meant and not _only_redirects(entry, server):
                    lost = _Redirected(host, full_name(entry), server, by)
                    names = [f"VirtualService {lost.virtual_service}", f"Gateway {by.gateway}", *others]
                    found.append((lost, names))
    return ByName(found)


def _only_redirects(virtual_service: Manifest, server: Server) -> bool:
    """Whether it sends all requests at a server to HTTPS itself, if any."""
    redirects = [condition.action.get("redirect") or {} for condition in conditions_of(virtual_service, server)]
    return all(entry.get("scheme") == "https" for entry in redirects)


@dataclass(frozen=True)
class _Loop:
    """A condition whose requests are redirected to a URL that it takes, too."""

    host: str
    condition: Condition
    url: str


def redirect_loop(context: Context) -> Iterator[Finding]:
    """A redirect without another host, port or scheme leads to the same host's routes."""
    mine = {full_name(entry): entry for entry in context.my_virtual_services}
    for change in context.workload_changes:
        reported = set()
        for loop in _loops(change.after).of(*mine):
            key = (loop.condition.virtual_service, loop.condition.place)
            if key in reported:
                continue
            reported.add(key)
            name = f"VirtualService {loop.condition.virtual_service}"
            message = (
                f"{loop.condition.place} of {name} redirects requests to {loop.url}, where it takes them again, so "
                "clients never get an answer."
            )
            fix = "Redirect to another path, host or scheme, or put a route for the new path before it."
            where = route_option(mine[loop.condition.virtual_service], loop.condition.route)
            yield Finding((name,), f"{where}.redirect", message, fix)


@once
def _loops(workload_config: WorkloadConfig) -> ByName[_Loop]:
    """By the VirtualService."""
    found = [
        loop
        for routes, redirecting in _route_configurations(workload_config)
        for host, routed in routes.items()
        if host not in redirecting and any(_redirects_to(entry, host, server) for entry, server in routed)
        for loop in _loops_of(host, routed)
    ]
    return ByName((loop, [loop.condition.virtual_service]) for loop in found)


def _redirects_to(virtual_service: Manifest, host: str, server: Server) -> bool:
    """Whether it redirects requests of a host at a server to there."""
    redirects = [route.get("redirect") for route in virtual_service["spec"].get("http") or []]
    return any(redirect and _is_same_place(redirect, host, server) for redirect in redirects)


def _loops_of(host: str, routed: list[Routed]) -> Iterator[_Loop]:
    """Of a host; what another condition might take is no loop."""
    conditions = [(each, server) for entry, server in routed for each in conditions_of(entry, server)]
    conditions.sort(key=lambda pair: pair[0].takes_all)
    for condition, server in conditions:
        redirect = condition.action.get("redirect")
        if redirect and _is_same_place(redirect, host, server):
            path = redirect.get("uri")
            if not path or _leads_back(condition, [each for each, _server in conditions], path):
                scheme = "http" if server.is_http else "https"
                yield _Loop(host, condition, f"{scheme}://{host}{path or ', and the same path'}")


def _leads_back(condition: Condition, conditions: list[Condition], path: str) -> bool:
    """Whether a request for this path certainly comes to the condition again, or to another one with its action."""
    # Whether its own regex takes the path need not be known: if not, the next one that does decides. What another one
    # takes for a header, it takes only of clients that send it: others stay in the loop.
    known = [
        each
        for each in conditions
        if ("regex" not in each.uri if each is condition else each.match.keys() - _PATH != {"headers"})
    ]
    first = next((each for each in known if _may_take(each, path)), None)
    if first is None or "regex" in first.uri or first.action != condition.action:
        return False
    return first is condition or first.match.keys() <= _PATH


def _is_same_place(redirect: Mapping[str, Any], host: str, server: Server) -> bool:
    scheme = "http" if server.is_http else "https"
    return (
        redirect.get("scheme") in (None, "", scheme)
        and redirect.get("authority") in (None, "", host)
        and redirect.get("port") in (None, 0, server.number)
        # What takes over a part of the old path leads somewhere else. %PREFIX()% stands for such a part.
        and not redirect.get("prefixRewrite")
        and not str(redirect.get("uri")).startswith("%")
    )


def _may_take(condition: Condition, path: str) -> bool:
    """Whether it takes some requests with a path."""
    return "regex" in condition.uri or _is_at(condition, path)


def _is_at(condition: Condition, path: str) -> bool:
    own = path.lower() if condition.ignores_case else path
    return not condition.uri or own == condition.uri.get("exact") or own.startswith(condition.uri.get("prefix", "//"))
