# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The requests that prove that an exposure is served, and whether an answer is that proof. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from .._istio.hosts import narrower_of, without_namespace
from .._istio.requests import Request
from .._istio.tls_secret import CertificateIdentity
from .._kubernetes.objects import Manifest
from .._mesh.names import full_name
from .._options.probe import Probe
from .._options.values import percent_encoded
from .own_answers import own_statuses
from .probe import BROKEN_OFF, ProbeResult

ANSWER, REDIRECT, HANDSHAKE = "answer", "redirect", "handshake"
# For a wildcard, any name below it will do. Nobody uses this one.
_MADE_UP = "gatehouse-probe"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEMES = {"HTTP": "http", "HTTP2": "http", "GRPC": "http", "GRPC-WEB": "http", "HTTPS": "https", "TLS": "https"}
_CLIENT_CERTIFICATE_MODES = ("MUTUAL", "ISTIO_MUTUAL")
_WHY_NO_TLS = ", as the gateway has no server or no certificate for this host, or nothing is behind it"
_REDIRECTS = (301, 302, 303, 307, 308)
_ONLY_THE_PATH = {"uri", "ignoreUriCase", "name", "statPrefix"}
# Envoy's router sets it on answers of its upstreams, and on no others.
_FORWARDED = "x-envoy-upstream-service-time"
# How the bodies of Envoy's own errors begin. Those for which it found no route or no cluster are empty.
_ENVOY_BODIES = ("no healthy upstream", "upstream connect error", "upstream request timeout", "no cluster")


@dataclass(frozen=True)
class Expectation:
    """One URL that must be answered: by the service, with a redirect to HTTPS, or at least with a TLS handshake.

    number is the port of the Gateway's server, credential the Secret whose certificate must be served. https_numbers
    are the ports of the Gateway's servers that serve the host by HTTPS: a redirect must lead to one of them.
    own_statuses are those with which the route answers by itself.
    """

    url: str
    kind: str
    number: int
    credential: str | None = None
    https_numbers: tuple[int, ...] = ()
    own_statuses: tuple[int, ...] = ()

    @property
    def is_tls(self) -> bool:
        return self.url.startswith("https:")


def expectations(
    hosts: Iterable[str], gateway: Manifest, virtual_service: Manifest, redirected_port: int | None, probe: Probe
) -> tuple[list[Expectation], list[str]]:
    """The expectations for these hosts, and the hosts that no server of the Gateway has.

    redirected_port is the port whose requests the VirtualService redirects to HTTPS. Servers of other protocols than
    HTTP and TLS are not asked.
    """
    at = full_name(gateway)
    path = probe.path or default_path(virtual_service, redirected_port, at)
    servers = gateway["spec"].get("servers") or []
    expected: list[Expectation] = []
    unserved = []
    for host in hosts:
        names = _server_names(host, servers)
        if not names:
            unserved.append(host)
        for name, server in names:
            scheme = _SCHEMES.get(_protocol(server))
            if scheme:
                one = _expectation(name, server, scheme, path, redirected_port, probe)
                if one.kind == REDIRECT:
                    one = replace(one, https_numbers=_https_numbers(name, names))
                elif one.kind == ANSWER:
                    asked = Request.of(one.url, probe.method, probe.headers)
                    one = replace(one, own_statuses=own_statuses(virtual_service, asked, at, one.number))
                expected.append(one)
    return list(dict.fromkeys(expected)), unserved


def _server_names(host: str, servers: Iterable[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """The names to ask for, each with its server: of the servers on a port, the one with the most specific host."""
    best: dict[tuple[int, str], tuple[tuple[bool, int], Mapping[str, Any]]] = {}
    for server in servers:
        for pattern in map(without_namespace, server.get("hosts") or []):
            name = narrower_of(host, pattern)
            if name is None:
                continue
            at = (server["port"]["number"], name)
            fit = (not pattern.startswith("*"), len(pattern))
            if at not in best or best[at][0] < fit:
                best[at] = (fit, server)
    return [(_name_to_ask(name), server) for (_number, name), (_fit, server) in best.items()]


def _https_numbers(name: str, names: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[int, ...]:
    """The ports at which a name is served by HTTPS."""
    serving = [server for other, server in names if other == name and _SCHEMES.get(_protocol(server)) == "https"]
    return tuple(server["port"]["number"] for server in serving)


def _protocol(server: Mapping[str, Any]) -> str:
    return str(server["port"].get("protocol", "")).upper()


def _name_to_ask(host: str) -> str:
    return f"{_MADE_UP}.invalid" if host == "*" else host.replace("*", _MADE_UP, 1)


def _expectation(
    name: str, server: Mapping[str, Any], scheme: str, path: str, redirected_port: int | None, probe: Probe
) -> Expectation:
    number, tls = server["port"]["number"], server.get("tls") or {}
    mode = tls.get("mode", "").upper()
    if tls.get("httpsRedirect") or (scheme == "http" and number == redirected_port):
        kind = REDIRECT
    elif _protocol(server) == "TLS" or (mode in _CLIENT_CERTIFICATE_MODES and not probe.client_cert):
        kind, path = HANDSHAKE, "/"
    else:
        kind = ANSWER
    port = "" if number == _DEFAULT_PORTS[scheme] else f":{number}"
    return Expectation(f"{scheme}://{name}{port}{path}", kind, number, _secret(tls.get("credentialName")))


def _secret(credential: str | None) -> str | None:
    """The name of the Secret in the pods' namespace; None if the certificate comes from elsewhere."""
    name = (credential or "").removeprefix("kubernetes://")
    return None if "://" in name else name or None


def default_path(virtual_service: Manifest, redirected_port: int | None = None, gateway: str = "") -> str:
    """A path that a route matches: "/" if one does, otherwise the first that a route names; "/" if none does.

    Routes that also match something else, such as a header, come last.
    """
    free: list[str] = []
    bound: list[str] = []
    for route in virtual_service["spec"].get("http") or []:
        for match in route.get("match") or [{}]:
            if redirected_port is not None and match.get("port") == redirected_port:
                continue
            uri = match.get("uri") or {}
            path = uri.get("exact") or uri.get("prefix") or ("" if uri else "/")
            (bound if match.keys() - _ONLY_THE_PATH else free).append(path)
    # A path as raw field may be anything; requests take only ASCII.
    named = [percent_encoded(path) for path in (["/"] if "/" in free else []) + free + bound if path]
    # Where a route itself answers 404, it cannot be seen whether it is there yet.
    anywhere = Request("http", "", 0)
    visible = (
        path for path in named if 404 not in own_statuses(virtual_service, replace(anywhere, path=path), gateway, 0)
    )
    return next(visible, next(iter(named), "/"))


def mismatch(
    expectation: Expectation,
    answer: ProbeResult,
    probe: Probe,
    held: CertificateIdentity | None,
    served: CertificateIdentity | None,
    https_ports: Sequence[int] = (),
) -> str | None:
    """Why an answer does not meet the expectation; None if it does.

    held is the certificate in the Secret, served the one that the gateway served; they are compared if both are known.
    https_ports are those at which clients reach the host by HTTPS, as far as they are known.
    """
    if answer.reason:
        return answer.reason + (_WHY_NO_TLS if answer.reason.startswith(BROKEN_OFF) else "")
    if held and served and held.serial != served.serial:
        return (
            f"the gateway serves the certificate {served.serial}, and not yet {held.serial}, which is in the Secret "
            f"{expectation.credential}"
        )
    if expectation.kind == HANDSHAKE:
        return None
    if expectation.kind == REDIRECT:
        return _not_to_https(expectation, answer, https_ports)
    return _not_served(expectation, answer, probe)


def _not_to_https(expectation: Expectation, answer: ProbeResult, https_ports: Sequence[int]) -> str | None:
    to = urlsplit(answer.location or "")
    is_https = to.scheme == "https" and to.hostname == urlsplit(expectation.url).hostname
    if answer.status not in _REDIRECTS or not is_https:
        return f"it answers {_answer_text(answer)}, and does not redirect to HTTPS"
    if https_ports and (to.port or _DEFAULT_PORTS["https"]) not in https_ports:
        ports = " and ".join(map(str, https_ports))
        return f"it answers {_answer_text(answer)}, and HTTPS is served at port {ports}"
    return None


def _not_served(expectation: Expectation, answer: ProbeResult, probe: Probe) -> str | None:
    statuses = probe.statuses or (_REDIRECTS if probe.location else ())
    if answer.status not in statuses:
        if by_the_gateway_itself(answer) and (statuses or answer.status not in expectation.own_statuses):
            return _gateway_error(answer)
        if statuses:
            return f"it answers {_answer_text(answer)}, and not {' or '.join(str(status) for status in statuses)}"
    if probe.location and answer.location != probe.location:
        return f"it answers {_answer_text(answer)}, and does not redirect to {probe.location}"
    return None


def by_the_gateway_itself(answer: ProbeResult) -> bool:
    """Whether Envoy itself answered, because it could not forward the request.

    An application's error has the header that Envoy sets or, in meshes that hide it, at least a body of its own.
    """
    if _FORWARDED in answer.headers or not (answer.status == 404 or (answer.status or 0) >= 500):
        return False
    return not answer.body or answer.body.lower().startswith(_ENVOY_BODIES)


def _gateway_error(answer: ProbeResult) -> str:
    if answer.status == 404:
        return "the gateway itself answers 404, as it does not have a route for this host and path"
    body = f" ({answer.body.strip()})" if answer.body.strip() else ""
    return (
        f"the gateway itself answers {answer.status}{body}, as it does not reach an endpoint of the route's destination"
    )


def _answer_text(answer: ProbeResult) -> str:
    return f"{answer.status} to {answer.location}" if answer.location else str(answer.status)


def first_few(all_messages: Iterable[str], limit: int = 10) -> Iterator[str]:
    """As many as a person reads, and how many more there are."""
    messages = list(all_messages)
    yield from messages[:limit]
    if len(messages) > limit:
        yield f"and {len(messages) - limit} more"
