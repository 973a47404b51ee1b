# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: VirtualServices that no server serves, or whose routes another one takes. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .._istio.config import Site, View, exported_to
from .._istio.indexes import ByName, once
from .._istio.listeners import Server
from .._istio.references import full_name, gateway_names
from .._istio.route_order import Condition, conditions_of, hidden_ones
from .._kubernetes.objects import Manifest
from .context import Scene
from .finding import Finding


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
        elsewhere = scene.after.full_names.get(name)
        if elsewhere and scene.after.gateway(f"{own}/{name}") is None:
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
    served = [scene.after.hosts_of(full_name(one)) for one in known]
    for host in entry["spec"].get("hosts") or []:
        meeting = [one for hosts in served for _narrower, one in hosts.meeting(host)]
        if not any(one.rpartition("/")[0] in ("", namespace) for one in meeting):
            names = " and ".join(f"Gateway {full_name(one)}" for one in known)
            reserved = [one for one in meeting if one.rpartition("/")[2] == host]
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


_Routed = tuple[Manifest, Server]
# A host, a condition that takes its requests, the later one that gets none, and whether that order is only chance.
_Hidden = tuple[str, Condition, Condition, bool]


def _shadowed(scene: Scene, site: Site) -> Iterator[Finding]:
    mine = {full_name(entry) for entry in scene.my_virtual_services}
    reported = set()
    for host, one, other, by_chance in _hidden(site.after).of(*mine):
        pair = (one.virtual_service, other.virtual_service)
        if frozenset(pair) in reported:
            continue
        reported.add(frozenset(pair))
        order = (
            "both are new, and if it comes first, which is chance,"
            if by_chance
            else "it comes first (oldest first), so"
        )
        message = (
            f"VirtualService {one.virtual_service} ({one.place}) already takes these requests for {host} at the same "
            f"gateway; {order} {other.place} of VirtualService {other.virtual_service} never gets one."
        )
        fix = "Give the routes different paths, or keep only one of the two."
        was_so = (host, *pair, other.place) in _known_to_be_hidden(site.before)
        objects = tuple(f"VirtualService {name}" for name in pair)
        settled = was_so and other.virtual_service not in mine
        yield Finding("routes-shadowed", objects, scene.host_option(host), message, fix, settled)


@once
def _hidden(view: View) -> ByName[_Hidden]:
    """What is hidden, by the two VirtualServices."""
    return ByName((found, (found[1].virtual_service, found[2].virtual_service)) for found in _each_hidden(view))


@once
def _known_to_be_hidden(view: View) -> frozenset[tuple[str, str, str, str]]:
    return frozenset(
        (host, one.virtual_service, other.virtual_service, other.place)
        for host, one, other, _by_chance in _each_hidden(view)
    )


def _each_hidden(view: View) -> Iterator[_Hidden]:
    for hosts in _route_configurations(view):
        for host, routed in hosts.items():
            if any(entry is not routed[0][0] for entry, _server in routed):
                yield from _hidden_of(host, routed)


def _hidden_of(host: str, routed: list[_Routed]) -> Iterator[_Hidden]:
    """What is written in the same second is ordered by name, so of new ones each may come first."""
    new = [(entry, server) for entry, server in routed if not entry["metadata"].get("creationTimestamp")]
    names = {full_name(entry) for entry, _server in new}
    for one, later in hidden_ones([one for entry, server in routed for one in conditions_of(entry, server)]):
        two = {one.virtual_service, later.virtual_service}
        yield host, one, later, len(two) > 1 and two <= names
    if len(names) > 1:
        turned = [one for entry, server in reversed(new) for one in conditions_of(entry, server)]
        for one, later in hidden_ones(turned):
            if one.virtual_service != later.virtual_service:
                yield host, one, later, True


def _route_configurations(view: View) -> Iterator[dict[str, list[_Routed]]]:
    """What is routed for each host, in istiod's order, by each thing with routes: a port of HTTP, a server of HTTPS."""
    plain: dict[tuple[int, str], dict[str, list[_Routed]]] = {}
    for server in view.listeners.servers:
        if server.is_http:
            _add(plain.setdefault(server.place, {}), view, server)
        elif server.ends_https:
            found: dict[str, list[_Routed]] = {}
            _add(found, view, server)
            yield found
    yield from plain.values()


def _add(found: dict[str, list[_Routed]], view: View, server: Server) -> None:
    for entry, hosts in view.state.routed(server, view.workload.namespace):
        for host in hosts:
            found.setdefault(host, []).append((entry, server))
