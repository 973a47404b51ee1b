# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is broken: promises of the objects that istiod's configuration does not keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from oracle.envoy import End, Outcome, Request, certified, problem_of, send
from oracle.meant import (
    delegated,
    is_for_narrower_host,
    is_redirected_by_narrower,
    is_sent_to_https,
    may_be,
)
from oracle.program import Answer, Scenario, route_name, route_names
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
from oracle.rules import Rule, action_of
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
REUSED = "a connection to another server is used for the host"
LOST_COPIES = "copies of requests are lost"
LOST_DELEGATE = "the delegate's routes are not there"
LOOP = "a redirect leads to itself"
_MISDIRECTED = 421
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
        self._asked: set[Rule] = set()

    def broken(self) -> Iterator[Breakage]:
        gateways = gateways_of(self.virtual_service, self.scenario)
        there = {full_name(gateway) for gateway in gateways}
        for name in gateway_names(self.virtual_service):
            if name not in there:
                yield self._breakage(MISSING_GATEWAY, name)
        without_pods = [gateway for gateway in gateways if not pods_of(gateway, self.scenario)]
        for gateway in without_pods:
            yield self._breakage(NO_PODS, f"Gateway {full_name(gateway)}")
        for place in self._places:
            yield from self._at(place)
        yield from self._lost_in_part()
        if gateways and not without_pods and there.issuperset(gateway_names(self.virtual_service)):
            yield from self._nowhere(gateways)

    def _nowhere(self, gateways: list[Manifest]) -> Iterator[Breakage]:
        servers = [server for gateway in gateways for server in servers_of(gateway)]
        for host in self.virtual_service["spec"].get("hosts") or []:
            serving = [server for server in servers if server.names_for(host, self.namespace)]
            if not serving:
                yield self._breakage(UNLISTED, host)
            elif not self._is_for_sidecars(host) and not any(map(self._rules_at, serving)):
                yield self._breakage(WRONG_KIND, host)
        if not self._places or "mesh" in self.virtual_service["spec"]["gateways"]:
            return  # what no server asks for may be for sidecars
        kinds = {_PROTOCOLS[place.server.kind] for place in self._places}
        for rule in self._rules:
            if rule.protocol not in kinds:
                yield self._breakage(WRONG_KIND, f"{rule.protocol}[{rule.index}]")
            elif rule not in self._asked:
                yield self._breakage(NEVER_ASKED, str(rule))

    def _lost_in_part(self) -> Iterator[Breakage]:
        """Routes of delegates that are nowhere, while others of the same delegate are."""
        for rule in [each for each in self._rules if "delegate" in each.route]:
            there = {name.partition("-")[2].partition(".")[0] for name in route_names(self.answer) if "-" in name}
            names = {route_name(index) for index in range(len(delegated(rule.route, self.namespace, self.scenario)))}
            for name in sorted(names - there) if names & there else ():
                yield self._breakage(LOST_DELEGATE, f"{name} for {rule}")

    def _is_for_sidecars(self, host: str) -> bool:
        return "mesh" in self.virtual_service["spec"]["gateways"] and host.endswith(".svc.cluster.local")

    @cached_property
    def _places(self) -> list[Place]:
        return list(places(self.virtual_service, self.scenario))

    def _breakage(self, kind: str, where: str, by: str = "") -> Breakage:
        return Breakage(f"VirtualService {self.name}", kind, where, by)

    @cached_property
    def _rules(self) -> list[Rule]:
        rules = []
        for protocol in ("http", "tls", "tcp"):
            for index, route in enumerate(self.virtual_service["spec"].get(protocol) or []):
                matches = route.get("match")
                if not matches:
                    rules.append(Rule(protocol, index, None, {}, route, self.namespace))
                for number, conditions in enumerate(matches or []):
                    if conditions.get("gateways") != ["mesh"]:  # for sidecars
                        rules.append(Rule(protocol, index, number, conditions, route, self.namespace))
        return rules

    def _rules_at(self, server: Server) -> list[Rule]:
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
                if not may_be(rule.conditions.get("authority"), place.name) or self._is_needless(rule, place.server):
                    continue
                outcome = self._outcome(rule, place, port)
                if outcome.loses_copies and self._is_own(rule, outcome):
                    yield self._breakage(LOST_COPIES, f"{rule} for {place}")
                kind, by = self._verdict(rule, place, outcome)
                if kind and not self._is_on_purpose(kind, rule, place, outcome):
                    why = f": {outcome.route}" if outcome.end is End.REFUSED else ""
                    yield self._breakage(kind, f"{rule} for {place}{why}", by)
                elif kind in ("", TAKEN) and place.ports and not is_sent_to_https(place.server, outcome):
                    self.answering.add(place)
                if kind in ("", End.NO_CLUSTER.value, End.NO_ENDPOINTS.value):
                    yield from self._misled(rule, place, port, kind)

    def _misled(self, rule: Rule, place: Place, port: int, kind: str) -> Iterator[Breakage]:
        for reused in [*self._reused(rule, place, port, kind)][:1]:
            for owner in (f"VirtualService {self.name}", reused, f"Gateway {place.server.gateway}"):
                yield Breakage(owner, REUSED, f"{rule} for {place}", reused)

    def _reused(self, rule: Rule, place: Place, port: int, kind: str) -> Iterator[str]:
        """Gateways to whose servers a client may have a connection that it uses for the host, and is misled.

        kind: what is broken over a connection of the host's own.
        """
        if place.server.kind not in ("https", "passthrough") or not place.ports:
            return
        pod = self.answer.pods[place.pod]
        asked = self._requests(rule, place, port) if rule.protocol == "http" else []
        own = Request("https", place.name, port, number=place.server.number)
        for chain, opened in certified(pod, port, place.name):
            outcomes = [send(replace(each, server_name=opened), pod) for each in asked or [own]]
            if not any(each.status == _MISDIRECTED or self._verdict(rule, place, each)[0] == kind for each in outcomes):
                _scheme, _number, _port, name, namespace = chain["routes"].split(".")[:5]
                yield f"Gateway {namespace}/{name}"

    def _outcome(self, rule: Rule, place: Place, port: int) -> Outcome:
        """The best one of all requests that the rule takes."""
        pod = self.answer.pods[place.pod]
        outcomes = [send(request, pod) for request in self._requests(rule, place, port)]
        return next((entry for entry in outcomes if not self._verdict(rule, place, entry)[0]), None) or next(
            (entry for entry in outcomes if self._is_own(rule, entry)), outcomes[0]
        )

    def _requests(self, rule: Rule, place: Place, port: int) -> list[Request]:
        scheme = _SCHEMES[place.server.kind]
        if rule.protocol == "http":
            asked = [each for match in self._matches(rule) for each in samples(match, self._mentioned)]
            number = place.server.number
            return [Request(scheme, place.name, port, path, headers, number) for path, headers in asked]
        if rule.protocol == "tls":
            names = rule.conditions.get("sniHosts") or [place.name]
            return [Request(scheme, name.replace("*", "probe", 1), port) for name in names]
        return [Request(scheme, place.name, port)]

    def _matches(self, rule: Rule) -> list[Mapping[str, Any]]:
        """The rule's match or, if it has a delegate, each of the delegate's within it."""
        matches = [
            match
            for route in delegated(rule.route, self.namespace, self.scenario)
            for match in route.get("match") or [{}]
        ]
        return [{**rule.conditions, **match} for match in matches or [{}]]

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

    def _is_own(self, rule: Rule, outcome: Outcome) -> bool:
        """Whether a request arrived at the rule's route."""
        if rule.protocol == "http":
            is_same = outcome.route.partition(".")[0] == route_name(rule.index) or "delegate" in rule.route
            return outcome.virtual_service == self.name and is_same
        # outbound|PORT|SUBSET|HOST
        reached = {tuple(name.split("|")[2:]) for name in outcome.clusters}
        return reached == {self._subset_and_host(entry["destination"]) for entry in rule.route.get("route") or []}

    def _subset_and_host(self, destination: Mapping[str, Any]) -> tuple[str, str]:
        host = destination["host"]
        full = host if "." in host else f"{host}.{self.namespace}.svc.cluster.local"
        return destination.get("subset", ""), full

    def _verdict(self, rule: Rule, place: Place, outcome: Outcome) -> tuple[str, str]:
        """What is wrong about an outcome, and by whose fault; nothing if it is what the rule promises."""
        if place.server.redirects:
            return ("", "") if outcome.end is End.REDIRECTED else (outcome.end.value, "")
        if self._is_own(rule, outcome):
            if outcome.loops:
                return LOOP, ""
            return ("", "") if outcome.is_served else (outcome.end.value, "")
        if outcome.clusters and not outcome.virtual_service:  # TCP does not say by whom
            return End.OTHER_PROTOCOL.value if rule.protocol == "http" else TAKEN, ""
        if not outcome.virtual_service:
            kind = REDIRECTED if outcome.end is End.REDIRECTED else outcome.end.value
            is_lost = "delegate" in rule.route and outcome.end in (End.NO_HOST, End.NO_ROUTE)
            return (LOST_DELEGATE if is_lost else kind), ""
        if self._action_of(outcome) == rule.action and (outcome.is_served or outcome.virtual_service == self.name):
            self.is_replaced |= outcome.virtual_service != self.name
            return "" if outcome.is_served else outcome.end.value, ""
        is_same = outcome.virtual_service == self.name or self._catch_all(rule, place.server) is not None
        return (TAKEN_BY_OWN if is_same else TAKEN), "" if is_same else f"VirtualService {outcome.virtual_service}"

    def _is_on_purpose(self, kind: str, rule: Rule, place: Place, outcome: Outcome) -> bool:
        """Whether those who wrote it mean it so."""
        if kind == TAKEN and is_for_narrower_host(outcome.virtual_service, place, self.scenario):
            self.is_replaced = True
            return True
        if kind == REDIRECTED:
            first = self._catch_all(rule, place.server) or rule
            is_own = (first.route.get("redirect") or {}).get("scheme") == "https"
            return is_own or is_redirected_by_narrower(place, self.scenario)
        if kind != TAKEN_BY_OWN:
            return False
        # An earlier route for one port or Gateway takes there what a later one is for elsewhere, such as a redirect.
        earlier = self._own(outcome, place.server) or self._catch_all(rule, place.server)
        if earlier is None or not earlier.conditions.keys() & {"port", "gateways", "scheme"}:
            return False
        servers = [each.server for each in self._places if each.host == place.host]
        return any(rule in rules and earlier not in rules for rules in map(self._rules_at, servers))

    def _own(self, outcome: Outcome, server: Server) -> Rule | None:
        """The rule that took a request, if it is of this VirtualService."""
        names = {route_name(rule.index, rule.number): rule for rule in self._rules_at(server)}
        return names.get(outcome.route) if outcome.virtual_service == self.name else None

    def _is_needless(self, rule: Rule, server: Server) -> bool:
        """Whether an earlier match of the same route takes all, so that nobody misses it."""
        first = self._catch_all(rule, server)
        return first is not None and first.route is rule.route

    def _catch_all(self, rule: Rule, server: Server) -> Rule | None:
        """An earlier one that takes all: istiod leaves out what comes after it."""
        rules = self._rules_at(server)
        for entry in rules[: rules.index(rule)]:
            names = entry.conditions.keys() - {"port", "gateways", "name", "ignoreUriCase"}
            if names <= {"uri"} and entry.conditions.get("uri") in (None, {"prefix": "/"}):
                return entry
        return None

    def _action_of(self, outcome: Outcome) -> dict[str, Any] | None:
        """The action of the route that took a request."""
        for entry in self.scenario.of_kind("VirtualService"):
            if full_name(entry) == outcome.virtual_service and outcome.route.startswith("http["):
                index = int(outcome.route.partition("[")[2].partition("]")[0])
                route = entry["spec"]["http"][index]
                return action_of(route, entry["metadata"]["namespace"])
        return None
