# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: VirtualServices that no server serves, or whose routes another one takes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._finding import Finding
from ansible_collections.gatehouse.istio.plugins.module_utils._listeners import Listeners, Server, common
from ansible_collections.gatehouse.istio.plugins.module_utils._objects import Manifest
from ansible_collections.gatehouse.istio.plugins.module_utils._references import full_name, gateway_names
from ansible_collections.gatehouse.istio.plugins.module_utils._scene import Scene, Site, State, exported_to


def check(scene: Scene) -> Iterator[Finding]:
    for entry in scene.my_virtual_services:
        yield from _named(scene, entry)
        yield from _served(scene, entry)
        yield from _exported(scene, entry)
    for site in scene.sites:
        yield from _shadowed(scene, site)


def _named(scene: Scene, entry: Manifest) -> Iterator[Finding]:
    own = entry["metadata"]["namespace"]
    for name in entry["spec"].get("gateways") or []:
        elsewhere = [full_name(one) for one in scene.after.gateways if one["metadata"]["name"] == name]
        if "/" not in name and elsewhere and scene.after.gateway(f"{own}/{name}") is None:
            message = (
                f"VirtualService {full_name(entry)} names Gateway '{name}' without a namespace, so Istio looks for it "
                f"in {own}, where it is not, and its hosts get 404."
            )
            fix = f"Write {' or '.join(elsewhere)}."
            objects = (f"VirtualService {full_name(entry)}",)
            yield Finding("gateway-without-namespace", objects, "gateway.existing", message, fix)


def _served(scene: Scene, entry: Manifest) -> Iterator[Finding]:
    gateways = [scene.after.gateway(name) for name in gateway_names(entry)]
    known = [gateway for gateway in gateways if gateway]
    if not known or len(known) < len(gateways):
        return  # of one that is not known or not there it is not known what it serves
    namespace = entry["metadata"]["namespace"]
    served = [
        host.replace("./", f"{one['metadata']['namespace']}/", 1) if host.startswith("./") else host.removeprefix("*/")
        for one in known
        for server in one["spec"].get("servers") or []
        for host in server.get("hosts") or []
    ]
    for host in entry["spec"].get("hosts") or []:
        alone: Manifest = {**entry, "spec": {"hosts": [host]}}
        if not common(served, alone):
            names = " and ".join(f"Gateway {full_name(one)}" for one in known)
            reserved = [one for one in served if one.rpartition("/")[2] == host]
            why = f"it has it for another namespace than {namespace} ({reserved[0]})" if reserved else "it has not"
            message = f"no server of {names} is for {host}: {why}; requests for it get 404."
            fix = "Add it to the servers' hosts there, or correct gateway.existing."
            objects = (f"VirtualService {full_name(entry)}", *(f"Gateway {full_name(one)}" for one in known))
            yield Finding("host-not-on-gateway", objects, scene.host_option(host), message, fix)


def _exported(scene: Scene, entry: Manifest) -> Iterator[Finding]:
    hidden = sorted(
        {site.workload.namespace for site in scene.sites if not exported_to(entry, site.workload.namespace)} - {None},
        key=str,
    )
    if hidden:
        name = f"VirtualService {full_name(entry)}"
        to = ", ".join(entry["spec"].get("exportTo") or [])
        message = (
            f"{name} has exportTo [{to}], which leaves out namespace {hidden[0]}, where the gateway's pods are; its "
            "hosts get 404."
        )
        yield Finding("not-exported", (name,), "namespace", message, f"Add '{hidden[0]}' or '*' to its exportTo.")


@dataclass(frozen=True)
class _Condition:
    """One way into a route: a VirtualService, its place there, the conditions but the port's, and what happens."""

    virtual_service: str
    place: str
    match: Mapping[str, Any]
    action: Mapping[str, Any]

    @property
    def takes_all(self) -> bool:
        uri = self.match.get("uri") or {}
        return not self.match.keys() - {"uri"} and (not uri or uri.get("prefix") == "/" or uri.get("regex") == ".*")

    def hides(self, later: _Condition) -> bool:
        """Whether no request is left for a condition that comes later. istiod puts those that take all last."""
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


def _uri_within(uri: Mapping[str, Any], wider: Mapping[str, Any]) -> bool:
    if not wider or uri == wider:
        return True
    prefix = wider.get("prefix")
    path = uri.get("prefix") or uri.get("exact")
    return prefix is not None and path is not None and str(path).startswith(str(prefix))


def _shadowed(scene: Scene, site: Site) -> Iterator[Finding]:
    namespace = site.workload.namespace
    before = {
        (host, one.virtual_service, other.virtual_service, other.place)
        for host, one, other in _hidden(scene.before, site.before, namespace)
    }
    mine = {full_name(entry) for entry in scene.my_virtual_services}
    reported = set()
    for host, one, other in _hidden(scene.after, site.after, namespace):
        pair = (one.virtual_service, other.virtual_service)
        if not mine.intersection(pair) or pair in reported:
            continue
        reported.add(pair)
        message = (
            f"VirtualService {one.virtual_service} ({one.place}) already takes these requests for {host} at the same "
            f"gateway; it comes first (oldest first), so {other.place} of VirtualService {other.virtual_service} never "
            "gets one."
        )
        fix = "Give the routes different paths, or keep only one of the two."
        was_so = (host, *pair, other.place) in before
        objects = tuple(f"VirtualService {name}" for name in pair)
        settled = was_so and other.virtual_service not in mine
        yield Finding("routes-shadowed", objects, scene.host_option(host), message, fix, settled)


@lru_cache(maxsize=100)
def _hidden(state: State, seen: Listeners, namespace: str | None) -> tuple[tuple[str, _Condition, _Condition], ...]:
    """A host, a condition that takes its requests, and the later one that gets none.

    Remembered, as it is the same for all exposures on these pods.
    """
    return tuple(_each_hidden(state, seen, namespace))


def _each_hidden(state: State, seen: Listeners, namespace: str | None) -> Iterator[tuple[str, _Condition, _Condition]]:
    for hosts in _route_configurations(state, seen, namespace):
        for host, conditions in hosts.items():
            for index, later in enumerate(conditions):
                for one in conditions[:index]:
                    if one.virtual_service != later.virtual_service and one.hides(later) and one.action != later.action:
                        yield host, one, later
                        break


def _route_configurations(
    state: State, seen: Listeners, namespace: str | None
) -> Iterator[dict[str, list[_Condition]]]:
    """All conditions by host, in istiod's order, for each thing that has routes: a port of HTTP, a server of HTTPS."""
    plain: dict[tuple[int, str], dict[str, list[_Condition]]] = {}
    for server in seen.servers:
        if server.is_http:
            _add(plain.setdefault(server.place, {}), state, server, namespace)
        elif server.ends_https:
            found: dict[str, list[_Condition]] = {}
            _add(found, state, server, namespace)
            yield found
    yield from plain.values()


def _add(found: dict[str, list[_Condition]], state: State, server: Server, namespace: str | None) -> None:
    for entry in state.virtual_services_of(server.gateway, namespace):
        conditions = list(_conditions(entry, server))
        for host in common(server.hosts, entry):
            found.setdefault(host, []).extend(conditions)


def _conditions(entry: Manifest, server: Server) -> Iterator[_Condition]:
    """Up to the first that takes all: istiod leaves out what comes after it."""
    name = full_name(entry)
    for index, route in enumerate(entry["spec"].get("http") or []):
        action = {key: value for key, value in route.items() if key not in ("match", "name")}
        for given in route.get("match") or [{}]:
            gateways = given.get("gateways") or [server.gateway]
            if given.get("port") in (None, 0, server.number) and server.gateway in gateways:
                match = {
                    key: value for key, value in given.items() if key not in ("port", "name", "gateways") and value
                }
                found = _Condition(name, f"http[{index}]", match, action)
                yield found
                if found.takes_all:
                    return
