# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Where a request goes: its steps from the pods of a gateway to a Service's endpoints, and where it breaks. Pure.

Each step says what istiod gives to Envoy there, as the checks see it; the first step that fails ends the trace, but for
a certificate that is there and that clients refuse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from .._analysis.context import Analysis
from .._checks.certificates import ca_problem
from .._istio.config import WorkloadConfig, secret_at
from .._istio.indexes import once
from .._istio.listeners import Server, Workload
from .._istio.requests import Request
from .._istio.route_order import applies
from .._kubernetes.objects import Manifest
from .._mesh.destinations import targets_of
from .._mesh.names import full_name
from .trace_ports import Port, port_of
from .trace_routes import (
    Candidate,
    Choice,
    Routed,
    choose,
    gateways_with,
    most_specific,
    redirected_to,
    virtual_hosts,
    virtual_services_with,
)
from .trace_steps import Expected, Step, Trace, handshake_fault, steps_behind, why_refused

_MOST_NAMED = 3
_NO_ANSWER = "No answer: the connection is refused, or times out."
_UNKNOWN = "It depends on what is not known here."
_AS_FAR_AS_KNOWN = "Something that may not be read may change that."
_RESET = "No answer: the TLS handshake is broken off."


def workload_configs(analysis: Analysis, request: Request) -> list[tuple[WorkloadConfig, Manifest]]:
    """The gateways' pods that may serve the host, each with one of the Gateways for it, or else all there are."""
    return _served_by(analysis, gateways_with(analysis.after, request.host)) or _all_workload_configs(analysis)


@once
def _all_workload_configs(analysis: Analysis) -> list[tuple[WorkloadConfig, Manifest]]:
    return _served_by(analysis, analysis.after.gateways)


def _served_by(analysis: Analysis, gateways: Iterable[Manifest]) -> list[tuple[WorkloadConfig, Manifest]]:
    found: dict[int, tuple[WorkloadConfig, Manifest]] = {}
    for gateway in gateways:
        for change in analysis.context([gateway]).workload_changes:
            found.setdefault(id(change), (change.after, gateway))
    return list(found.values())


def traces(analysis: Analysis, request: Request) -> list[Trace]:
    """The trace through each gateway that may serve the URL. Findings are not among them yet."""
    found = [_Tracer(analysis, request, *entry).trace() for entry in workload_configs(analysis, request)]
    if found:
        return found
    if not analysis.cluster_state.are_all_gateways:
        step = Step("gateway_pods", None, None, "There is no Gateway that may be read.")
        return [Trace(request, None, (step,), Expected(_UNKNOWN))]
    step = Step("gateway_pods", False, None, "There is no Gateway.")
    return [Trace(request, None, (step,), Expected(_NO_ANSWER))]


class _Tracer:
    """Follows one request through the pods of one gateway."""

    def __init__(
        self, analysis: Analysis, request: Request, workload_config: WorkloadConfig, gateway: Manifest
    ) -> None:
        self._analysis = analysis
        self._state = analysis.cluster_state
        self._request = request
        self._config = workload_config
        self._workload: Workload = workload_config.workload
        self._gateway = gateway
        self._steps: list[Step] = []
        self._is_doubtful = False

    def trace(self) -> Trace:
        expected = self._follow()
        if self._is_doubtful:
            expected = Expected(_UNKNOWN)
        elif not self._all_is_known:
            expected = replace(expected, message=f"{expected.message} {_AS_FAR_AS_KNOWN}")
        return Trace(self._request, self._pods_named, tuple(self._steps), expected, tuple(self._pods))

    def _add(self, step: str, ok: bool | None, at: str | None, message: str) -> None:
        self._steps.append(Step(step, ok, self._named(at), self._named(message) or message))

    def _named(self, text: str | None) -> str | None:
        """With Ingresses in place of what istiod makes of them."""
        for made, ingress in self._analysis.made_of.items() if text else ():
            text = (text or "").replace(made, ingress)
        return text

    @property
    def _all_is_known(self) -> bool:
        state = self._state
        return state.pods_are_known and state.are_all_gateways and state.are_all_virtual_services

    @property
    def _pods_named(self) -> str:
        # All labels of pods are many; what the Gateway selects says which they are.
        selector = self._gateway["spec"].get("selector") or self._workload.labels
        labels = ", ".join(f"{key}={value}" for key, value in selector.items())
        namespace = f" of namespace {self._workload.namespace}" if self._workload.namespace else ""
        return f"pods with {labels}{namespace}"

    def _follow(self) -> Expected:
        if not self._has_pods():
            return Expected(_NO_ANSWER)
        number = self._workload.port(self._request.port)
        port = port_of(self._config, number)
        if not port.servers:
            return self._no_listener()
        protocols = ", ".join(dict.fromkeys(server.protocol for server in port.servers))
        message = f"The pods listen at port {number} ({protocols})"
        if self._has_service_port():
            self._add("listener", True, None, f"{message}.")
        else:
            message += f", but no Service of theirs has port {self._request.port}: they must be reached in another way."
            self._add("listener", None, None, message)
        return self._plain(port) if self._request.scheme == "http" else self._encrypted(port)

    @property
    def _pods(self) -> list[Manifest]:
        pods = self._analysis.workloads.of(self._gateway).gateways
        return [pod for pod in pods if pod["metadata"]["namespace"] == self._workload.namespace]

    def _has_pods(self) -> bool:
        """Whether it is worth going on: pods run, or it is not known."""
        mine = self._pods
        if mine:
            names = ", ".join(pod["metadata"]["name"] for pod in mine[:_MOST_NAMED])
            more = f" and {len(mine) - _MOST_NAMED} more" if len(mine) > _MOST_NAMED else ""
            self._add("gateway_pods", True, None, f"These {self._pods_named} serve it: {names}{more}.")
        elif not self._state.pods_are_known:
            self._add("gateway_pods", None, None, f"The {self._pods_named} may not be read.")
        else:
            at = f"Gateway {full_name(self._gateway)}"
            self._add("gateway_pods", False, at, f"No gateway runs with what {at} selects ({self._pods_named}).")
            return False
        return True

    def _has_service_port(self) -> bool:
        services = self._workload.services
        ports = [entry["port"] for service in services for entry in service["spec"].get("ports") or []]
        return not services or self._request.port in ports

    def _no_listener(self) -> Expected:
        numbers = sorted({server.number for server in self._config.listeners.servers})
        listed = ", ".join(map(str, numbers)) or "none"
        message = f"No Gateway has a server for port {self._request.port} of these pods (ports: {listed})."
        self._add("listener", self._no(self._state.are_all_gateways), None, message)
        return Expected(_NO_ANSWER)

    # Servers

    def _plain(self, port: Port) -> Expected:
        if not port.plain:
            raw = [server for server in port.servers if server.kind == "tcp" and not server.has_tls]
            if raw:
                self._add("server", True, f"Gateway {raw[0].gateway}", f"{raw[0]} takes all connections at the port.")
                return self._connection(raw[0])
            self._add("server", False, None, "The port is for TLS only, and the request is not encrypted.")
            return Expected("No answer: the connection is closed.")
        name = most_specific(self._request.host, port.plain_names)
        if name is None:
            return self._no_server(port.servers, Expected("The gateway answers 404.", status=404))
        server = port.plain_names[name]
        self._add("server", True, f"Gateway {server.gateway}", f"{server} has the host ({name}).")
        return self._virtual_host(*port.plain_hosts)

    def _encrypted(self, port: Port) -> Expected:
        servers, chains = port.servers, port.chains
        name = most_specific(self._sni, chains) if self._sni else ("*" if "*" in chains else None)
        if name is None:
            raw = [server for server in servers if server.kind == "tcp" and not server.has_tls]
            if raw:
                self._add("server", True, f"Gateway {raw[0].gateway}", f"{raw[0]} takes all connections at the port.")
                return self._connection(raw[0])
            if all(server.is_http for server in servers):
                self._add("server", False, None, "The port is for HTTP without TLS, and the request is encrypted.")
                return Expected(_RESET)
            return self._no_server(servers, Expected(_RESET))
        server, virtual_service, rule = chains[name][:3]
        at = f"Gateway {server.gateway}"
        if virtual_service is not None and rule is not None:
            self._add("server", True, at, f"{server} passes TLS through for {name}, as it is.")
            return self._passed_through(server, virtual_service, rule)
        self._add("server", True, at, f"{server} takes TLS connections for the name {self._sni or '(none)'} ({name}).")
        if server.mode == "AUTO_PASSTHROUGH":
            self._add("route", None, at, "Its connections are routed by the name alone (AUTO_PASSTHROUGH).")
            return Expected("Whatever the Service answers that the TLS name stands for.")
        if not self._certificate(server):
            return Expected(_RESET)
        if server.ends_https:
            return self._virtual_host(*virtual_hosts(self._config, [server]))
        return self._connection(server)

    @property
    def _sni(self) -> str:
        """The name that clients send; they send none for an address."""
        try:
            ip_address(self._request.host)
        except ValueError:
            return self._request.host
        return ""

    def _no_server(self, servers: list[Server], expected: Expected) -> Expected:
        """Why no server takes the host."""
        host, places = self._request.host, {server.place for server in servers}
        for entry in self._config.listeners.dropped:
            if entry.server.place in places and most_specific(host, entry.server.names_set):
                at = f"Gateway {entry.server.gateway}"
                self._add("server", False, at, f"istiod drops {entry.server}, which has the host: {entry.by} is older.")
                return expected
        passing = [server for server in servers if server.passes_through and most_specific(host, server.names_set)]
        if passing:
            at = f"Gateway {passing[0].gateway}"
            self._add("server", True, at, f"{passing[0]} passes TLS through as it is.")
            message = f"No VirtualService on {at} has a tls route with {host} among its sniHosts."
            self._add("route", self._no(self._state.are_all_virtual_services), at, message)
            return expected
        names = sorted({name for server in servers for name in server.names})
        listed = ", ".join(names[:_MOST_NAMED]) + (" ..." if len(names) > _MOST_NAMED else "")
        message = f"No server at port {self._request.port} has the host {host} (hosts: {listed})."
        self._add("server", self._no(self._state.are_all_gateways), None, message)
        return expected

    def _no(self, are_all_known: bool) -> bool | None:
        """False; None if there may be what these credentials may not read."""
        self._is_doubtful = not are_all_known
        return False if are_all_known else None

    def _certificate(self, server: Server) -> bool:
        """Whether the handshake succeeds, but for clients that refuse the certificate."""
        at = secret_at(self._workload, server.credential) if server.credential else None
        if at is None or at not in self._state.tls_secrets:
            what = f"Secret {server.credential}" if server.credential else "The certificate of this server"
            self._add("certificate", None, str(at) if at else None, f"{what} is not known.")
            return True
        secret = self._state.tls_secrets[at]
        fault = handshake_fault(secret)
        refused = why_refused(secret, self._request.host, self._state.now) if secret else None
        ca_fault = ca_problem(self._analysis, self._config, server) if server.ca_credential else None
        if ca_fault and not fault:
            ca = secret_at(self._workload, str(server.ca_credential))
            self._add("certificate", False, str(ca), f"The CA of clients' certificates is to be in {ca}, {ca_fault}.")
            return False
        if fault:
            self._add("certificate", False, str(at), f"{at} {fault}, so the gateway has no certificate for it.")
        elif refused:
            self._add("certificate", False, str(at), f"Clients that verify refuse the certificate in {at}: {refused}.")
        elif server.mode == "MUTUAL":
            self._add("certificate", None, str(at), f"{at} is valid; the client must send a certificate of its own.")
        else:
            self._add("certificate", True, str(at), f"{at} has a certificate for the host.")
        return not fault

    # Routes

    def _virtual_host(self, routed: Mapping[str, list[Routed]], redirected: Mapping[str, Server]) -> Expected:
        name = most_specific(self._request.host, {**routed, **redirected})
        if name is None:
            with_host = [full_name(entry) for entry in virtual_services_with(self._analysis.after, self._request.host)]
            listed = ", ".join(with_host[:_MOST_NAMED])
            why = f"these have it, but not on a Gateway of this server, or not for its namespace: {listed}"
            message = f"No VirtualService routes {self._request.host} here{f'; {why}' if with_host else ''}."
            self._add("virtual_host", self._no(self._state.are_all_virtual_services), None, message)
            return Expected("The gateway answers 404.", status=404)
        if name in redirected:
            server = redirected[name]
            at = f"Gateway {server.gateway}"
            self._add("virtual_host", True, at, f"{server} sends all requests for {name} to HTTPS (httpsRedirect).")
            location = self._request.url.replace("http://", "https://", 1)
            return Expected(f"The gateway redirects to {location}.", status=301, location=location)
        names = list(dict.fromkeys(f"VirtualService {full_name(entry)}" for entry, _server in routed[name]))
        message = (
            f"{names[0]} routes {name}." if len(names) == 1 else f"{', '.join(names)} route {name}, in this order."
        )
        self._add("virtual_host", True, names[0], message)
        choice = choose(self._config, routed[name], self._request, self._analysis.made_of)
        return self._route(choice)

    def _route(self, choice: Choice) -> Expected:
        taken = choice.taken
        if taken is None:
            step = Step(
                "route",
                self._no(self._state.are_all_virtual_services),
                None,
                "No route takes the request.",
                choice.passed_over,
            )
            for lost in choice.lost[:1]:
                at = f"VirtualService {full_name(lost.virtual_service)}"
                message = f"{lost.place} of {at} would take the request, but {lost.left_out}."
                step = Step("delegate", self._no(self._state.are_all_virtual_services), at, message, choice.passed_over)
            self._steps.append(step)
            return Expected("The gateway answers 404.", status=404)
        at = f"VirtualService {full_name(taken.virtual_service)}"
        name = f" ({taken.route['name']})" if taken.route.get("name") else ""
        message = f"{taken.place}{name} of {at} takes the request."
        if choice.doubt:
            message = f"It is not known whether {taken.place}{name} of {at} takes the request: {choice.doubt}."
        step = Step("route", None if choice.doubt else True, self._named(at), self._named(message) or message)
        self._steps.append(Step(step.step, step.ok, step.object, step.message, choice.passed_over))
        if choice.doubt:
            return Expected(_UNKNOWN)
        if taken.is_delegated:
            delegate = f"VirtualService {full_name(taken.owner)}"
            self._add("delegate", True, delegate, f"{at} leaves it to {delegate}.")
        return self._action(taken)

    def _action(self, taken: Candidate) -> Expected:
        route = taken.route
        if route.get("redirect"):
            location = redirected_to(route["redirect"], taken.match, self._request, taken.server)
            status = int(route["redirect"].get("redirectCode") or 301)
            if location == self._request.url:
                step = self._steps.pop()
                message = f"{step.message} It redirects to the same URL, so clients go in circles."
                self._steps.append(replace(step, ok=False, message=message))
            return Expected(f"The gateway redirects to {location}.", status=status, location=location)
        if route.get("directResponse"):
            status = int(route["directResponse"].get("status") or 200)
            return Expected(f"The gateway itself answers {status}.", status=status)
        status, share = _aborted(route)
        if status and share >= 100:
            return Expected(f"The gateway itself answers {status} (fault.abort).", status=status)
        expected = self._behind(taken.owner, route, "http", taken.place, taken.server)
        if status and share > 0:
            message = (
                f"{expected.message} For {share:g} % of requests the gateway itself answers {status} (fault.abort)."
            )
            return replace(expected, message=message)
        return expected

    def _behind(self, entry: Manifest, route: Mapping[str, Any], protocol: str, place: str, server: Server) -> Expected:
        """What is behind each destination that gets requests."""
        targets = targets_of(route, protocol, place, entry["metadata"]["namespace"], self._analysis.cluster_domain)
        pairs = list(zip(route.get("route") or [], (target for target in targets if not target.is_mirror)))
        used = [target for part, target in pairs if part.get("weight") or len(pairs) == 1]
        failing, services = 0, []
        for target in used or [target for _part, target in pairs]:
            steps = list(steps_behind(self._analysis, entry, target, server, self._workload.namespace))
            self._steps += steps
            failing += any(step.ok is False for step in steps)
            services.append(str(target.service or target.host) + (f", port {target.port}" if target.port else ""))
        listed = " or ".join(dict.fromkeys(services))
        if failing == len(services) and protocol == "http":
            return Expected("The gateway answers 503.", status=503)
        if failing == len(services):
            return Expected("No answer: the connection is closed.")
        some = "; where the route leads to what is broken, the gateway answers 503" if failing else ""
        return Expected(f"{listed} answers{some}.", services=tuple(dict.fromkeys(services)))

    def _passed_through(self, server: Server, entry: Manifest, rule: Mapping[str, Any]) -> Expected:
        at, place = f"VirtualService {full_name(entry)}", str(rule["place"])
        self._add("route", True, at, f"{place} of {at} takes the connection, with the Service's own certificate.")
        return self._behind(entry, rule, "tls", place, server)

    def _connection(self, server: Server) -> Expected:
        """All connections of a server go to the first TCP route."""
        for entry, _hosts in self._config.config.routed(server, self._workload.namespace):
            for index, route in enumerate(entry["spec"].get("tcp") or []):
                if any(applies(match, server) for match in route.get("match") or [{}]):
                    at = f"VirtualService {full_name(entry)}"
                    self._add("route", True, at, f"tcp[{index}] of {at} takes the connection.")
                    return self._behind(entry, route, "tcp", f"tcp[{index}]", server)
        message = f"No VirtualService has a tcp route for {server}."
        self._add("route", self._no(self._state.are_all_virtual_services), f"Gateway {server.gateway}", message)
        return Expected("No answer: the connection is closed.")


def _aborted(route: Mapping[str, Any]) -> tuple[int, float]:
    """The status that a fault of a route answers, and to how many percent of requests: without a number to none."""
    abort = (route.get("fault") or {}).get("abort") or {}
    return int(abort.get("httpStatus") or 0), float((abort.get("percentage") or {}).get("value") or 0)
