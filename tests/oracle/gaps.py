# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disagreements that are known. Every other one fails the test; whoever closes a gap removes its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from oracle import truth
from oracle.compare import FALSE_ALARM, MISSED, UNMET, Disagreement
from oracle.envoy import End
from oracle.program import Scenario
from oracle.promises import full_name, gateways_of, places, servers_of


def _always(_disagreement: Disagreement, _scenario: Scenario) -> bool:
    return True


@dataclass(frozen=True)
class Gap:
    """Disagreements of one kind, about these things, where a condition holds; and why they are still there."""

    name: str
    reason: str
    kind: str
    about: tuple[str, ...]
    where: Callable[[Disagreement, Scenario], bool] = _always


def _mesh_defaults(_disagreement: Disagreement, scenario: Scenario) -> bool:
    return bool(scenario.mesh)


def _by_hand(disagreement: Disagreement, scenario: Scenario) -> bool:
    """A Gateway of the VirtualService is not the exposure's own."""
    mine = _virtual_service(disagreement, scenario)
    at = (mine["metadata"]["namespace"], mine["metadata"]["name"])
    return any(_owner(entry) != at for entry in gateways_of(mine, scenario))


def _has_names(_disagreement: Disagreement, scenario: Scenario) -> bool:
    """A VirtualService names a Gateway in another form than namespace/name or name."""
    every = [entry["spec"].get("gateways") or [] for entry in scenario.of_kind("VirtualService")]
    return any("." in name for names in every for name in names)


def _other_kinds(disagreement: Disagreement, scenario: Scenario) -> bool:
    """A server has none of the VirtualService's kinds of routes."""
    mine = _virtual_service(disagreement, scenario)
    kinds = {server.kind for gateway in gateways_of(mine, scenario) for server in servers_of(gateway)}
    wanted = {"http": {"http", "https"}, "tls": {"passthrough"}, "tcp": {"tls", "tcp"}}
    meant = {kind for protocol, kinds_of in wanted.items() if mine["spec"].get(protocol) for kind in kinds_of}
    return bool(kinds - meant)


def _destination_rules(_disagreement: Disagreement, scenario: Scenario) -> bool:
    return bool(scenario.of_kind("DestinationRule"))


def _hidden_service(_disagreement: Disagreement, scenario: Scenario) -> bool:
    annotations = [entry["metadata"].get("annotations") or {} for entry in scenario.of_kind("Service")]
    return any("networking.istio.io/exportTo" in entry for entry in annotations)


def _other_host(disagreement: Disagreement, scenario: Scenario) -> bool:
    """A destination is not given by a Service's name alone, or by its full name."""
    spec = _virtual_service(disagreement, scenario)["spec"]
    hosts = [each["destination"]["host"] for route in spec.get("http") or [] for each in route.get("route") or []]
    return any("." in host and not host.endswith(".svc.cluster.local") for host in hosts)


def _capitals(_disagreement: Disagreement, scenario: Scenario) -> bool:
    every = [entry["spec"].get("hosts") or [] for entry in scenario.of_kind("VirtualService")]
    every += [server["hosts"] for entry in scenario.of_kind("Gateway") for server in entry["spec"]["servers"]]
    return any(host != host.lower() for hosts in every for host in hosts)


def _not_http(disagreement: Disagreement, scenario: Scenario) -> bool:
    spec = _virtual_service(disagreement, scenario)["spec"]
    return bool(spec.get("tcp") or spec.get("tls"))


def _of_others(disagreement: Disagreement, scenario: Scenario) -> bool:
    """Two HTTPS servers, none of which is of the VirtualService's Gateways, make Envoy refuse its listener."""
    mine = [entry["metadata"] for entry in gateways_of(_virtual_service(disagreement, scenario), scenario)]
    names = [f".{metadata['name']}.{metadata['namespace']}" for metadata in mine]
    return disagreement.text.count("https.") == 2 and not any(name in disagreement.text for name in names)


def _asks_for_more(disagreement: Disagreement, scenario: Scenario) -> bool:
    """No route is for a path alone, or only those that have a delegate, which is for some paths."""
    routes = _virtual_service(disagreement, scenario)["spec"].get("http") or []
    matches = [
        match for route in routes if not route.keys() & {"redirect", "delegate"} for match in route.get("match") or [{}]
    ]
    return all(match.keys() - {"uri"} or "regex" in match.get("uri", {}) for match in matches)


def _asks_for_claims(disagreement: Disagreement, _scenario: Scenario) -> bool:
    return "@request.auth.claims" in disagreement.text


def _for_mesh(disagreement: Disagreement, scenario: Scenario) -> bool:
    return "mesh" in (_virtual_service(disagreement, scenario)["spec"].get("gateways") or [])


def _unrouted(_disagreement: Disagreement, scenario: Scenario) -> bool:
    """A server for TLS gets no VirtualService's routes."""
    routed = {
        (place.server.gateway, place.server.index)
        for entry in scenario.of_kind("VirtualService")
        for place in places(entry, scenario)
        if entry["spec"].get("tls" if place.server.kind == "passthrough" else "http")
    }
    servers = [server for entry in scenario.of_kind("Gateway") for server in servers_of(entry)]
    return any(
        (server.gateway, server.index) not in routed for server in servers if server.kind in ("https", "passthrough")
    )


def _has_ingress(_disagreement: Disagreement, scenario: Scenario) -> bool:
    return bool(scenario.of_kind("Ingress"))


def _udp(_disagreement: Disagreement, scenario: Scenario) -> bool:
    ports = [port for entry in scenario.of_kind("Service") for port in entry["spec"].get("ports") or []]
    return any(port["protocol"] == "UDP" for port in ports)


def _virtual_service(disagreement: Disagreement, scenario: Scenario) -> Manifest:
    name = disagreement.owner.removeprefix("VirtualService ")
    return next(entry for entry in scenario.of_kind("VirtualService") if full_name(entry) == name)


def _owner(gateway: Manifest) -> tuple[str | None, str | None]:
    labels = gateway["metadata"].get("labels") or {}
    return labels.get("gatehouse.istio/exposure-namespace"), labels.get("gatehouse.istio/exposure")


_NOT_SEEN = (
    End.NOT_LISTENING.value,
    End.NO_SERVER_NAME.value,
    End.OTHER_PROTOCOL.value,
    End.NO_HOST.value,
    End.NO_ROUTE.value,
)

_EVERY_URL = ("http", "https")
_NO_CLUSTER = (End.NO_CLUSTER.value,)
_NO_SERVER = (*_NOT_SEEN, truth.TAKEN, End.REFUSED.value)
_NO_GATEWAY = (*_NO_SERVER, truth.UNLISTED, truth.NO_PODS)
_OTHER_LETTERS = (*_NOT_SEEN, truth.PORT_CLOSED)

GAPS: tuple[Gap, ...] = (
    Gap("nothing behind", "its host gets 404 anyway", FALSE_ALARM, ("certificate-on-two-servers",), _unrouted),
    Gap("part of a host", "an Ingress takes a part of the requests", UNMET, ("answer",), _has_ingress),
    Gap("closed port", "the oracle looks where Services lead only", FALSE_ALARM, ("sni-twice",), _udp),
    Gap("other letters", "for istiod such a server is for another host", MISSED, _OTHER_LETTERS, _capitals),
    Gap("claims", "the oracle knows no tokens", FALSE_ALARM, ("match-never-fulfilled",), _asks_for_claims),
    Gap("wait for more", "probe.headers and probe.path are for it", UNMET, ("answer",), _asks_for_more),
    Gap("mesh", "a Service's name beside `mesh` is meant for sidecars", MISSED, (truth.UNLISTED,), _for_mesh),
)


def gap_of(disagreement: Disagreement, scenario: Scenario) -> Gap | None:
    """The gap that a disagreement belongs to."""
    for gap in GAPS:
        if gap.kind == disagreement.kind and disagreement.about in gap.about and gap.where(disagreement, scenario):
            return gap
    return None
