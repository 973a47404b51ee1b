# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Which route takes a request: virtual hosts, and the routes of one in istiod's order. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .._analysis.back_ends import virtual_services_by_name
from .._istio.config import Config, WorkloadConfig
from .._istio.hosts import is_within
from .._istio.indexes import ByHost, once
from .._istio.listeners import Server, Workload
from .._istio.requests import CannotTellError, Request, why_not
from .._istio.route_order import applies, takes_all
from .._kubernetes.objects import Manifest, ref
from .._mesh.delegates import Delegation, fits, why_left_out
from .._mesh.names import full_name
from .trace_steps import PassedOver

_PREFIX = "%PREFIX()%"
# What a wildcard stands for.
_ANY, _ANY_AT_ALL = "any", "any.example.com"
_MERGED = ("headers", "withoutHeaders", "queryParams", "sourceLabels")
# What a delegate's route takes from the route that delegates, if it has none of its own.
_INHERITED = ("rewrite", "directResponse", "fault", "redirect")

# A VirtualService, and the server through which it is routed.
Routed = tuple[Manifest, Server]


@dataclass(frozen=True)
class Candidate:
    """One match of a route: the VirtualService with the host, the route's place there, and who has the route.

    left_out says why istiod leaves out the delegate of the route.
    """

    virtual_service: Manifest
    server: Server
    place: str
    match: Mapping[str, Any]
    route: Mapping[str, Any]
    owner: Manifest
    left_out: str | None = None

    @cached_property
    def takes_all(self) -> bool:
        return takes_all(self.match)

    @property
    def is_delegated(self) -> bool:
        return self.owner is not self.virtual_service


_SOURCE = ("sourceLabels", "sourceNamespace")


@dataclass(frozen=True)
class Choice:
    """The candidate that takes a request, if any does; doubt says why it is not certain.

    lost are those that would take it, but whose delegate istiod leaves out.
    """

    taken: Candidate | None
    passed_over: tuple[PassedOver, ...]
    doubt: str | None = None
    lost: tuple[Candidate, ...] = ()


def most_specific(host: str, names: Collection[str]) -> str | None:
    """The name that Envoy chooses for a host: itself, then the longest wildcard, then *."""
    if host in names:
        return host
    return max((name for name in names if name.startswith("*") and is_within(host, name)), key=len, default=None)


def sample_host(host: str) -> str:
    """The host, or one that a wildcard stands for."""
    if host == "*":
        return _ANY_AT_ALL
    return host.lower().replace("*", _ANY, 1)


def by_host(objects: Iterable[Manifest]) -> ByHost[Manifest]:
    """Gateways or VirtualServices by their hosts, in lower case and without namespaces."""
    return ByHost((host.rpartition("/")[2].lower(), entry) for entry in objects for host in _hosts_of(entry))


def _hosts_of(entry: Manifest) -> Iterator[str]:
    for part in [entry["spec"], *(entry["spec"].get("servers") or [])]:
        yield from part.get("hosts") or []


def having(index: ByHost[Manifest], hosts: Iterable[str]) -> list[Manifest]:
    """The objects with any of these hosts, each once."""
    return list({ref(entry): entry for host in hosts for _name, entry in index.meeting(host)}.values())


def gateways_with(config: Config, host: str) -> list[Manifest]:
    """The Gateways with a host, oldest first."""
    return having(_gateways_by_host(config), [host])


def virtual_services_with(config: Config, host: str) -> list[Manifest]:
    """The VirtualServices with a host, oldest first."""
    return having(_virtual_services_by_host(config), [host])


@once
def _gateways_by_host(config: Config) -> ByHost[Manifest]:
    return by_host(config.gateways)


@once
def _virtual_services_by_host(config: Config) -> ByHost[Manifest]:
    return by_host(config.virtual_services)


def virtual_hosts(
    workload_config: WorkloadConfig, servers: Iterable[Server]
) -> tuple[dict[str, list[Routed]], dict[str, Server]]:
    """What is routed for each host through servers that share their routes; and the hosts that are sent to HTTPS."""
    routed: dict[str, list[Routed]] = {}
    redirected: dict[str, Server] = {}
    for server in servers:
        for entry, hosts in workload_config.config.routed(server, workload_config.workload.namespace):
            for host in hosts:
                routed.setdefault(host.lower(), []).append((entry, server))
                if server.redirects:
                    redirected.setdefault(host.lower(), server)
        if server.redirects:
            redirected.update(dict.fromkeys(server.names_set - redirected.keys(), server))
    return routed, redirected


def choose(
    workload_config: WorkloadConfig, routed: Iterable[Routed], request: Request, made_of: Mapping[str, str]
) -> Choice:
    """The first that takes the request. Those that take every request come last."""
    candidates = [entry for vs, server in routed for entry in _candidates(workload_config, vs, server)]
    passed_over: list[PassedOver] = []
    lost: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda entry: entry.takes_all):
        at = f"VirtualService {full_name(candidate.virtual_service)}"
        server = candidate.server
        match = candidate.match
        try:
            why = _not_for_pods(match, workload_config.workload) or why_not(
                {key: value for key, value in match.items() if key not in _SOURCE or match.get("gateways")},
                request,
                server.gateway,
                server.number,
                whole_segments=at in made_of,
            )
        except CannotTellError as error:
            return Choice(candidate, tuple(passed_over), str(error), tuple(lost))
        if why is None and not candidate.left_out:
            return Choice(candidate, tuple(passed_over), None, tuple(lost))
        if why is None:
            lost.append(candidate)
        name = candidate.route.get("name")
        reason = why or str(candidate.left_out)
        passed_over.append(PassedOver(made_of.get(at, at), candidate.place, name, reason))
    return Choice(None, tuple(passed_over), None, tuple(lost))


def _not_for_pods(match: Mapping[str, Any], workload: Workload) -> str | None:
    """Why a match is not for the gateway's pods, by their labels and namespace, which count if it names no Gateway."""
    labels, namespace = match.get("sourceLabels") or {}, match.get("sourceNamespace")
    if match.get("gateways"):
        return None
    if not labels.items() <= workload.labels.items():
        return f"it is only for pods with {', '.join(f'{key}={value}' for key, value in labels.items())}"
    is_elsewhere = namespace and workload.namespace and namespace != workload.namespace
    return f"it is only for pods of namespace {namespace}" if is_elsewhere else None


def _candidates(workload_config: WorkloadConfig, virtual_service: Manifest, server: Server) -> Iterator[Candidate]:
    """In order, up to the first that takes every request: istiod leaves out what comes after it."""
    for place, route, owner, left_out in _routes(workload_config, virtual_service):
        for match in route.get("match") or [{}]:
            candidate = Candidate(virtual_service, server, place, match, route, owner, left_out)
            yield candidate
            is_used = applies(match, server) and not _not_for_pods(match, workload_config.workload)
            if candidate.takes_all and is_used and not left_out:
                return


_Route = tuple[str, Mapping[str, Any], Manifest, "str | None"]


def _routes(workload_config: WorkloadConfig, virtual_service: Manifest) -> Iterator[_Route]:
    """The routes with those of delegates in their place, each with who has it."""
    namespace = virtual_service["metadata"]["namespace"]
    for index, route in enumerate(virtual_service["spec"].get("http") or []):
        place, named = f"http[{index}]", route.get("delegate")
        if not named:
            yield place, route, virtual_service, None
            continue
        name = f"{named.get('namespace') or namespace}/{named.get('name')}"
        yield from _delegated(workload_config, virtual_service, Delegation(place, route, name))


def _delegated(workload_config: WorkloadConfig, root: Manifest, delegation: Delegation) -> Iterator[_Route]:
    config: Config = workload_config.config
    delegate = virtual_services_by_name(config).get(delegation.name)
    place, route = delegation.where, delegation.route
    if delegate is None:
        why = "does not exist" if workload_config.cluster_state.are_all_virtual_services else "may not be read"
        yield place, route, root, f"its delegate VirtualService {delegation.name} {why}"
        return
    reason = why_left_out(delegation, delegate, root["metadata"]["namespace"], config.settings)
    if reason:
        yield place, route, root, f"istiod leaves out its delegate VirtualService {delegation.name}: {reason}"
        return
    for index, inner in enumerate(delegate["spec"].get("http") or []):
        if fits(route, inner):
            inherited = {key: route[key] for key in _INHERITED if key in route}
            merged = {**inherited, **inner, "match": list(_merged_matches(route, inner))}
            yield f"{place}.delegate.http[{index}]", merged, delegate, None


def _merged_matches(root: Mapping[str, Any], inner: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A request must fulfil both: what the delegate's match does not say is that of the route that delegates."""
    outer_matches, inner_matches = root.get("match") or [{}], inner.get("match") or [{}]
    for match in inner_matches:
        for outer in outer_matches:
            if fits({"match": [outer]}, {"match": [match]}) or not match:
                merged = {key: {**(outer.get(key) or {}), **(match.get(key) or {})} for key in _MERGED}
                own = {key: value for key, value in match.items() if value and key not in _MERGED}
                # Of two routes' names nothing is left here: only conditions count.
                yield {**outer, **own, **{key: value for key, value in merged.items() if value}}


def redirected_to(redirect: Mapping[str, Any], match: Mapping[str, Any], request: Request, server: Server) -> str:
    """The Location of a redirect."""
    scheme = redirect.get("scheme") or request.scheme
    port = redirect.get("port") or (server.number if redirect.get("derivePort") == "FROM_REQUEST_PORT" else None)
    is_default = (scheme, port) in (("http", 80), ("https", 443))
    host = f"[{request.host}]" if ":" in request.host else request.host
    authority = redirect.get("authority") or (host if port else request.authority)
    query = f"?{request.query}" if request.query else ""
    path = str(redirect.get("uri") or request.path)
    prefix = redirect.get("prefixRewrite") or (path[len(_PREFIX) :] if path.startswith(_PREFIX) else None)
    if prefix is not None:
        path = prefix + request.path[len(str((match.get("uri") or {}).get("prefix", ""))) :]
    return f"{scheme}://{authority}{f':{port}' if port and not is_default else ''}{path}{'' if '?' in path else query}"
