# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Envoy does with a request, given what istiod sends to it. As far as generated scenarios need it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from oracle.world import CERTIFICATES


class End(Enum):
    """How a request ends."""

    ANSWERED = "a destination answers"
    REDIRECTED = "redirect"
    DIRECT = "Envoy answers as the route says"
    NOT_LISTENING = "nothing listens at the port"
    REFUSED = "Envoy refuses the listener"
    NO_SERVER_NAME = "no filter chain for the server name"
    OTHER_PROTOCOL = "the port is for another protocol"
    NO_HOST = "404: no virtual host"
    NO_ROUTE = "404: no route"
    NO_CLUSTER = "503: no cluster"
    NO_ENDPOINTS = "503: no endpoints"


@dataclass(frozen=True)
class Request:
    """scheme is http, https, tls (a connection with a server name only) or tcp; port is the pod's.

    number is the port that the client connects to, and server_name what it says in TLS, if that is not the host.
    """

    scheme: str
    host: str
    port: int
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    number: int = 0
    server_name: str = ""

    @property
    def authority(self) -> str:
        """The host as clients write it."""
        default = {"http": 80, "https": 443}.get(self.scheme)
        return self.host if self.number in (0, default) else f"{self.host}:{self.number}"

    @property
    def is_tls(self) -> bool:
        return self.scheme in ("https", "tls")

    def header(self, name: str) -> str | None:
        special = {":authority": self.host, ":path": self.path, ":scheme": self.scheme}
        return special.get(name, self.headers.get(name, "GET" if name == ":method" else None))


@dataclass(frozen=True)
class Outcome:
    """What became of it: by which VirtualService and route, with which certificate, to which clusters.

    path is the one to which it is redirected, and loops whether that leads there again.
    """

    end: End
    virtual_service: str = ""  # namespace/name
    route: str = ""
    secrets: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    location: str = ""
    status: int = 0  # of an answer of Envoy's own
    path: str = ""
    loops: bool = False
    loses_copies: bool = False  # one of the route's mirrors is not there

    @property
    def is_served(self) -> bool:
        return self.end in (End.ANSWERED, End.REDIRECTED, End.DIRECT)

    def __str__(self) -> str:
        by = f" by {self.virtual_service} {self.route}" if self.virtual_service else ""
        return f"{self.end.value}{by}{' from ' + ' and '.join(self.clusters) if self.clusters else ''}"


def send(request: Request, pod: Mapping[str, Any]) -> Outcome:
    """The outcome of a request to one pod."""
    listener = next((entry for entry in pod["listeners"] or [] if _listens(entry, request.port)), None)
    if listener is None:
        return Outcome(End.NOT_LISTENING)
    if problem := problem_of(listener, pod):
        return Outcome(End.REFUSED, route=problem)
    chain = _chain(listener["chains"], request)
    if chain is None:
        return Outcome(End.NO_SERVER_NAME)
    if request.is_tls != bool(chain.get("is_tls")) and not _may_be_either(request, chain):
        return Outcome(End.OTHER_PROTOCOL)
    if request.scheme == "https" and not chain.get("routes") and chain.get("ends_tls"):
        return _connected(pod, tuple(chain.get("clusters") or ()), tuple(chain.get("secrets") or ()))
    if chain.get("routes"):
        if request.scheme in ("tls", "tcp"):
            return Outcome(End.OTHER_PROTOCOL)
        return _routed(request, pod, chain)
    return _connected(pod, tuple(chain.get("clusters") or ()), tuple(chain.get("secrets") or ()))


def _may_be_either(request: Request, chain: Mapping[str, Any]) -> bool:
    """A TCP proxy without TLS passes on whatever a client sends."""
    return request.is_tls and not chain.get("routes") and not chain.get("is_tls")


def _listens(listener: Mapping[str, Any], port: int) -> bool:
    return listener["port"] == port and not listener["address"].startswith("127.")


def problem_of(listener: Mapping[str, Any], pod: Mapping[str, Any]) -> str:
    """Why Envoy refuses a listener; empty if it does not."""
    if listener.get("problem"):
        return str(listener["problem"])
    seen: dict[str, str] = {}
    for chain in listener["chains"]:
        target = chain.get("routes") or " and ".join(chain.get("clusters") or [])
        others = {key: value for key, value in chain["match"].items() if key != "server_names"}
        for name in [entry.lower() for entry in chain.get("names") or []] or [""]:
            if "*" in name[1:] or (name.startswith("*") and not name.startswith("*.")):
                return f"'{name}' is no wildcard for it"
            if f"{name} {others}" in seen:
                return f"two filter chains for '{name}', {seen[f'{name} {others}']} and {target}"
            seen[f"{name} {others}"] = target
        domains = [domain.lower() for host in pod["routes"].get(chain.get("routes"), []) for domain in host["domains"]]
        if len(domains) != len(set(domains)):
            return "two virtual hosts for one name"
    return ""


def certified(pod: Mapping[str, Any], port: int, host: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The filter chains for HTTPS at a port whose certificate is valid for a host, but for the host's own.

    Each with a name for which a client has opened its connection.
    """
    for listener in pod["listeners"] or []:
        own = _chain(listener["chains"], Request("https", host, port))
        for chain in listener["chains"] if _listens(listener, port) and not problem_of(listener, pod) else []:
            if chain is own or not chain.get("routes"):
                continue
            for secret in chain.get("secrets") or []:
                valid = CERTIFICATES.get(str(secret).rpartition("/")[2], "")
                names = [name.replace("*", "probe", 1) for name in chain.get("names") or [valid]]
                opened = next((name for name in names if _is_valid(valid, name)), "")
                if opened and _is_valid(valid, host):
                    yield chain, opened


def _is_valid(certificate: str, host: str) -> bool:
    return certificate in (host, f"*.{host.partition('.')[2]}")


def _chain(chains: list[dict[str, Any]], request: Request) -> dict[str, Any] | None:
    if not request.is_tls:
        return next((chain for chain in chains if not chain.get("names") and not chain.get("is_tls")), None) or next(
            (chain for chain in chains if not chain.get("names")), None
        )
    by_name = {name.lower(): chain for chain in chains for name in chain.get("names") or []}
    for name in _names(request.server_name or request.host):
        if name in by_name:
            return by_name[name]
    return next((chain for chain in chains if not chain.get("names")), None)


def _names(host: str) -> Iterator[str]:
    """A host's name, and the wildcards that match it, from the narrowest on."""
    yield host.lower()
    rest = host.lower()
    while "." in rest:
        rest = rest.partition(".")[2]
        yield f"*.{rest}"


def _routed(request: Request, pod: Mapping[str, Any], chain: Mapping[str, Any]) -> Outcome:
    secrets = tuple(chain.get("secrets") or ())
    host = _virtual_host(pod["routes"].get(chain["routes"]) or [], request.host.lower())
    if host is None or host["name"].startswith("blackhole:"):  # istiod's, where it has none
        return Outcome(End.NO_HOST, secrets=secrets)
    if host.get("require_tls") and not request.is_tls:
        return Outcome(End.REDIRECTED, secrets=secrets, location=f"https://{request.authority}/")
    outcome = _first(host, request, pod, secrets)
    if outcome.location == f"{request.scheme}://{request.authority}/":
        again = _first(host, replace(request, path=outcome.path), pod, secrets)
        return replace(outcome, loops=(again.location, again.path) == (outcome.location, outcome.path))
    return outcome


def _first(host: Mapping[str, Any], request: Request, pod: Mapping[str, Any], secrets: tuple[str, ...]) -> Outcome:
    for route in host["routes"]:
        if matches(route["match"], request):
            return _taken(request, pod, route, secrets)
    return Outcome(End.NO_ROUTE, secrets=secrets)


def _virtual_host(hosts: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    """The one with the narrowest domain."""
    best: tuple[int, dict[str, Any]] | None = None
    for host in hosts:
        for domain in host["domains"]:
            fits = domain == name or (domain.startswith("*") and name.endswith(domain[1:]) and len(name) >= len(domain))
            width = len(domain) + (1000 if domain == name else 0)
            if fits and (best is None or width > best[0]):
                best = (width, host)
    return best[1] if best else None


def _taken(request: Request, pod: Mapping[str, Any], route: Mapping[str, Any], secrets: tuple[str, ...]) -> Outcome:
    parts = str(route.get("virtual_service", "")).split("/")
    # /apis/networking.istio.io/v1/namespaces/NAMESPACE/virtual-service/NAME
    by = f"{parts[5]}/{parts[7]}" if len(parts) > 7 else ""
    more: dict[str, Any] = {"virtual_service": by, "route": route["name"], "secrets": secrets}
    if "redirect" in route:
        path = route["redirect"].get("path_redirect") or request.path
        if "?" not in path:
            path += request.path[len(request.path.partition("?")[0]) :]
        return Outcome(End.REDIRECTED, location=_location(request, route["redirect"]), path=path, **more)
    if route.get("status"):
        return Outcome(End.DIRECT, status=int(route["status"]), **more)
    clusters, mirrors = tuple(route.get("clusters") or ()), route.get("mirrors") or []
    lost = any(_reached(pod, (name,)) is not End.ANSWERED for name in mirrors)
    return Outcome(_reached(pod, clusters), clusters=clusters, loses_copies=lost, **more)


def _location(request: Request, redirect: Mapping[str, Any]) -> str:
    """Without a port of its own, a redirect keeps that of the request, unless that is the default."""
    scheme = redirect.get("scheme_redirect") or ("https" if redirect.get("https_redirect") else request.scheme)
    host = redirect.get("host_redirect") or request.authority
    port = redirect.get("port_redirect")
    return f"{scheme}://{host.partition(':')[0]}:{port}/" if port else f"{scheme}://{host}/"


def _connected(pod: Mapping[str, Any], clusters: tuple[str, ...], secrets: tuple[str, ...]) -> Outcome:
    return Outcome(_reached(pod, clusters), clusters=clusters, secrets=secrets)


def _reached(pod: Mapping[str, Any], clusters: tuple[str, ...]) -> End:
    """Each of several clusters gets a part of the requests, so each one must be there."""
    counts = [pod["clusters"].get(name) for name in clusters]
    if not counts or any(count is None for count in counts):
        return End.NO_CLUSTER
    return End.NO_ENDPOINTS if 0 in counts else End.ANSWERED


def matches(match: Mapping[str, Any], request: Request) -> bool:
    path, _question, query = request.path.partition("?")
    given = dict(entry.partition("=")[::2] for entry in query.split("&") if entry)
    return (
        _path_matches(match, path)
        and all(_header_matches(entry, request.header(entry["name"].lower())) for entry in match.get("headers", []))
        and all(_header_matches(entry, given.get(entry["name"])) for entry in match.get("query_parameters", []))
    )


def _path_matches(match: Mapping[str, Any], path: str) -> bool:
    fold = str.lower if match.get("case_sensitive") is False else str
    if "prefix" in match:
        return fold(path).startswith(fold(match["prefix"]))
    if "path" in match:
        return fold(path) == fold(match["path"])
    if "path_separated_prefix" in match:
        prefix = fold(match["path_separated_prefix"])
        return fold(path) == prefix or fold(path).startswith(f"{prefix}/")
    if "safe_regex" in match:
        return re.fullmatch(match["safe_regex"]["regex"], path) is not None
    return False


def _header_matches(match: Mapping[str, Any], value: str | None) -> bool:
    if value is None and match.get("treat_missing_header_as_empty"):
        value = ""
    if "present_match" in match:
        found = (value is not None) == match["present_match"]
    else:
        found = value is not None and _string_matches(match.get("string_match", {}), value)
    return found != bool(match.get("invert_match"))


def _string_matches(match: Mapping[str, Any], value: str) -> bool:
    if "exact" in match:
        return value == match["exact"]
    if "prefix" in match:
        return value.startswith(match["prefix"])
    if "suffix" in match:
        return value.endswith(match["suffix"])
    if "contains" in match:
        return match["contains"] in value
    return re.fullmatch(match.get("safe_regex", {}).get("regex", ""), value) is not None
