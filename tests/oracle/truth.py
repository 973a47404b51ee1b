# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is broken: promises of the objects that istiod's configuration does not keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from oracle.envoy import End, Outcome, Request, problem_of, send
from oracle.program import Answer, Scenario, route_name
from oracle.promises import (
    Place,
    Server,
    full_name,
    gateway_name,
    gateway_names,
    gateways_of,
    places,
    pod_ports,
    pods_of,
    servers_of,
)
from oracle.samples import samples

# Kinds of breakage; others are the Ends of requests.
NO_PODS = "no pod of a gateway"
PORT_CLOSED = "no Service leads to the port"
DROPPED = "istiod drops the server"
MISSING_GATEWAY = "the Gateway does not exist"
UNLISTED = "no server has the host"
WRONG_KIND = "no route of the servers' kinds"
NEVER_ASKED = "no server for the match"
TAKEN = "another VirtualService takes the requests"
TAKEN_BY_OWN = "an earlier route takes the requests"
REDIRECTED = "another server redirects to HTTPS"
LOST_COPIES = "copies of requests are lost"
LOST_DELEGATE = "the delegate's routes are not there"
# Which routes a server takes requests to.
_PROTOCOLS = {"http": "http", "https": "http", "passthrough": "tls", "tls": "tcp", "tcp": "tcp"}
_SCHEMES = {"http": "http", "https": "https", "passthrough": "tls", "tls": "tls", "tcp": "tcp"}


@dataclass(frozen=True)
class Breakage:
    """A promise that is not kept: of which object (kind and name), how, and where; by is the object to blame."""

    owner: str
    kind: str
    where: str
    by: str = ""

    def __str__(self) -> str:
        return f"{self.owner}: {self.kind}: {self.where}{f' (by {self.by})' if self.by else ''}"


@dataclass(frozen=True)
class Truth:
    """Of one scenario: what is broken, and the places where a VirtualService answers, and not only sends to HTTPS.

    replaced are the VirtualServices with a request that another one answers in the same way.
    """

    broken: tuple[Breakage, ...]
    answering: frozenset[Place]
    replaced: frozenset[str]

    def of(self, owner: str) -> list[Breakage]:
        return [entry for entry in self.broken if entry.owner == owner]


def truth_of(scenario: Scenario, answer: Answer) -> Truth:
    broken = [entry for gateway in scenario.of_kind("Gateway") for entry in _of_gateway(gateway, scenario, answer)]
    answering: set[Place] = set()
    replaced: set[str] = set()
    for virtual_service in scenario.of_kind("VirtualService"):
        if gateway_names(virtual_service):
            judge = _Judge(virtual_service, scenario, answer)
            broken += judge.broken()
            answering |= judge.answering
            replaced |= {judge.name} if judge.is_replaced else set()
    return Truth(tuple(dict.fromkeys(broken)), frozenset(answering), frozenset(replaced))


def _of_gateway(gateway: Manifest, scenario: Scenario, answer: Answer) -> Iterator[Breakage]:
    owner = f"Gateway {full_name(gateway)}"
    pods = pods_of(gateway, scenario)
    if not pods:
        yield Breakage(owner, NO_PODS, owner)
    for server in servers_of(gateway):
        for pod in pods:
            reached = pod_ports(pod, server.number, scenario)
            if not reached:
                yield Breakage(owner, PORT_CLOSED, f"servers[{server.index}]")
            ports = reached or (server.number,)
            served = answer.pods[full_name(pod)]
            if not any(_has(served, server, port) for port in ports):
                yield Breakage(owner, DROPPED, f"servers[{server.index}]")
            if any(entry["port"] in ports and problem_of(entry, served) for entry in served["listeners"] or []):
                yield Breakage(owner, End.REFUSED.value, f"servers[{server.index}]")


def _has(pod: Mapping[str, Any], server: Server, port: int) -> bool:
    """Whether istiod made something of a server. Only HTTP and HTTPS leave a name; of others requests tell."""
    chains = [chain for entry in pod["listeners"] or [] if entry["port"] == port for chain in entry["chains"]]
    routes = [str(chain.get("routes")) for chain in chains]
    if server.kind == "http":
        return any(name.startswith(f"http.{port}") for name in routes)
    namespace, _slash, name = server.gateway.partition("/")
    own = f"https.{server.number}.{server.port_name}.{name}.{namespace}"  # and the address, if the server names one
    return server.kind != "https" or any(route == own or route.startswith(f"{own}.") for route in routes)


@dataclass(frozen=True, eq=False)
class _Rule:
    """One match of a route (or a route without one); conditions is the match."""

    protocol: str
    index: int
    number: int | None
    conditions: Mapping[str, Any]
    route: Mapping[str, Any]
    namespace: str

    def __str__(self) -> str:
        return f"{self.protocol}[{self.index}]{'' if self.number is None else f'.match[{self.number}]'}"

    @property
    def action(self) -> dict[str, Any]:
        return _action(self.route, self.namespace)


def _action(route: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    """What a route does, with full names of destinations."""
    action = {key: value for key, value in route.items() if key not in ("match", "name")}
    for part in ("route", "mirrors"):
        if part in action:
            action[part] = [
                {**entry, "destination": _with_full_host(entry.get("destination") or {}, namespace)}
                for entry in action[part] or []
            ]
    return {**action, "mirror": _with_full_host(action["mirror"], namespace)} if "mirror" in action else action


def _with_full_host(destination: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    host = str(destination.get("host"))
    return {**destination, "host": host if "." in host else f"{host}.{namespace}.svc.cluster.local"}


class _Judge:
    """Judges one VirtualService."""

    def __init__(self, virtual_service: Manifest, scenario: Scenario, answer: Answer) -> None:
        self.virtual_service = virtual_service
        self.scenario = scenario
        self.answer = answer
        self.name = full_name(virtual_service)
        self.namespace = virtual_service["metadata"]["namespace"]
        self.answering: set[Place] = set()
        self.is_replaced = False
        self._asked: set[_Rule] = set()

    def broken(self) -> Iterator[Breakage]:
        gateways = gateways_of(self.virtual_service, self.scenario)
        there = {full_name(gateway) for gateway in gateways}
        for name in gateway_names(self.virtual_service):
            if name not in there:
                yield self._breakage(MISSING_GATEWAY, name)
        without_pods = [gateway for gateway in gateways if not pods_of(gateway, self.scenario)]
        for gateway in without_pods:
            yield self._breakage(NO_PODS, f"Gateway {full_name(gateway)}")
        all_places = list(places(self.virtual_service, self.scenario))
        for place in all_places:
            yield from self._at(place)
        if gateways and not without_pods and there.issuperset(gateway_names(self.virtual_service)):
            yield from self._nowhere(gateways, all_places)

    def _nowhere(self, gateways: list[Manifest], all_places: list[Place]) -> Iterator[Breakage]:
        servers = [server for gateway in gateways for server in servers_of(gateway)]
        hosts = [
            host
            for host in self.virtual_service["spec"].get("hosts") or []
            if not any(server.names_for(host, self.namespace) for server in servers)
        ]
        for host in hosts:
            yield self._breakage(UNLISTED, host)
        kinds = {_PROTOCOLS[place.server.kind] for place in all_places if place.ports}
        if not all_places or not kinds:
            return
        for rule in self._rules:
            if rule.protocol not in kinds:
                yield self._breakage(WRONG_KIND, f"{rule.protocol}[{rule.index}]")
            elif rule not in self._asked:
                yield self._breakage(NEVER_ASKED, str(rule))

    def _breakage(self, kind: str, where: str, by: str = "") -> Breakage:
        return Breakage(f"VirtualService {self.name}", kind, where, by)

    @cached_property
    def _rules(self) -> list[_Rule]:
        rules = []
        for protocol in ("http", "tls", "tcp"):
            for index, route in enumerate(self.virtual_service["spec"].get(protocol) or []):
                matches = route.get("match")
                if not matches:
                    rules.append(_Rule(protocol, index, None, {}, route, self.namespace))
                for number, conditions in enumerate(matches or []):
                    if conditions.get("gateways") != ["mesh"]:  # for sidecars
                        rules.append(_Rule(protocol, index, number, conditions, route, self.namespace))
        return rules

    def _rules_at(self, server: Server) -> list[_Rule]:
        """The routes that are meant for a server."""
        return [
            rule
            for rule in self._rules
            if rule.protocol == _PROTOCOLS[server.kind]
            and rule.conditions.get("port") in (None, 0, server.number)
            and self._is_for_gateway(rule.conditions.get("gateways"), server.gateway)
            and (rule.conditions.get("scheme") or {}).get("exact") in (None, _SCHEMES[server.kind])
        ]

    def _is_for_gateway(self, names: Iterable[str] | None, gateway: str) -> bool:
        return not names or gateway in [gateway_name(name, self.namespace) for name in names]

    def _at(self, place: Place) -> Iterator[Breakage]:
        """What is broken at one place; several ports of a pod are for Services that lead to different ones."""
        rules = self._rules_at(place.server)
        if not place.server.redirects:
            self._asked.update(rules)
        if not place.ports:
            yield self._breakage(PORT_CLOSED, str(place))
        for port in place.ports or (place.server.number,):
            for rule in rules:
                outcome = self._outcome(rule, place, port)
                if outcome.loses_copies and self._is_own(rule, outcome):
                    yield self._breakage(LOST_COPIES, f"{rule} for {place}")
                kind, by = self._verdict(rule, place, outcome)
                if kind:
                    why = f": {outcome.route}" if outcome.end is End.REFUSED else ""
                    yield self._breakage(kind, f"{rule} for {place}{why}", by)
                elif place.ports and (place.server.kind != "http" or not outcome.location.startswith("https:")):
                    self.answering.add(place)

    def _outcome(self, rule: _Rule, place: Place, port: int) -> Outcome:
        """The best one of all requests that the rule takes."""
        pod = self.answer.pods[place.pod]
        outcomes = [send(request, pod) for request in self._requests(rule, place, port)]
        return next((entry for entry in outcomes if not self._verdict(rule, place, entry)[0]), None) or next(
            (entry for entry in outcomes if self._is_own(rule, entry)), outcomes[0]
        )

    def _requests(self, rule: _Rule, place: Place, port: int) -> list[Request]:
        scheme = _SCHEMES[place.server.kind]
        if rule.protocol == "http":
            asked = samples(rule.conditions, self._mentioned)
            number = place.server.number
            return [Request(scheme, place.name, port, path, headers, number) for path, headers in asked]
        if rule.protocol == "tls":
            names = rule.conditions.get("sniHosts") or [place.name]
            return [Request(scheme, name.replace("*", "probe", 1), port) for name in names]
        return [Request(scheme, place.name, port)]

    @cached_property
    def _mentioned(self) -> dict[str, set[str]]:
        """The headers and query parameters that any route asks for."""
        routes = [
            route for entry in self.scenario.of_kind("VirtualService") for route in entry["spec"].get("http") or []
        ]
        matches = [match for route in routes for match in route.get("match") or []]
        conditions = [match.get(part) or {} for match in matches for part in ("headers", "withoutHeaders")]
        return {
            "headers": {name for entry in conditions for name in entry},
            "queryParams": {name for match in matches for name in match.get("queryParams") or {}},
        }

    def _is_own(self, rule: _Rule, outcome: Outcome) -> bool:
        """Whether a request arrived at the rule's route."""
        if rule.protocol == "http":
            names = (route_name(rule.index), route_name(rule.index, rule.number))
            return outcome.virtual_service == self.name and (outcome.route in names or "delegate" in rule.route)
        # outbound|PORT|SUBSET|HOST
        reached = {tuple(name.split("|")[2:]) for name in outcome.clusters}
        return reached == {self._subset_and_host(entry["destination"]) for entry in rule.route.get("route") or []}

    def _subset_and_host(self, destination: Mapping[str, Any]) -> tuple[str, str]:
        host = destination["host"]
        full = host if "." in host else f"{host}.{self.namespace}.svc.cluster.local"
        return destination.get("subset", ""), full

    def _verdict(self, rule: _Rule, place: Place, outcome: Outcome) -> tuple[str, str]:
        """What is wrong about an outcome, and by whose fault; nothing if it is what the rule promises."""
        if place.server.redirects:
            return ("", "") if outcome.end is End.REDIRECTED else (outcome.end.value, "")
        if self._is_own(rule, outcome):
            return ("", "") if outcome.is_served else (outcome.end.value, "")
        if outcome.clusters and not outcome.virtual_service:
            return TAKEN, ""  # TCP does not say by whom
        if not outcome.virtual_service:
            kind = REDIRECTED if outcome.end is End.REDIRECTED else outcome.end.value
            return (LOST_DELEGATE if "delegate" in rule.route else kind), ""
        if self._action_of(outcome) == rule.action:
            self.is_replaced |= outcome.virtual_service != self.name
            return ("", "") if outcome.is_served else (outcome.end.value, "")
        is_same = outcome.virtual_service == self.name or self._is_cut_off(rule, place.server)
        return (TAKEN_BY_OWN if is_same else TAKEN), "" if is_same else f"VirtualService {outcome.virtual_service}"

    def _is_cut_off(self, rule: _Rule, server: Server) -> bool:
        """Whether it comes after one that takes all: istiod leaves it out."""
        rules = self._rules_at(server)
        before = rules[: rules.index(rule)]
        conditions = [entry.conditions.keys() - {"port", "gateways", "name"} for entry in before]
        every = [entry.conditions.get("uri") in (None, {"prefix": "/"}) for entry in before]
        return any(takes and names <= {"uri"} for takes, names in zip(every, conditions, strict=True))

    def _action_of(self, outcome: Outcome) -> dict[str, Any] | None:
        """The action of the route that took a request."""
        for entry in self.scenario.of_kind("VirtualService"):
            if full_name(entry) == outcome.virtual_service and outcome.route.startswith("http["):
                index = int(outcome.route.partition("[")[2].partition("]")[0])
                route = entry["spec"]["http"][index]
                return _action(route, entry["metadata"]["namespace"])
        return None
