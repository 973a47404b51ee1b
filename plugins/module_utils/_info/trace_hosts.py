# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""A request to each host of an exposure, to follow where it goes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from .._analysis.context import Analysis
from .._istio.listeners import Server
from .._istio.requests import CannotTellError, Request, why_not
from .._kubernetes.objects import Manifest
from .describe import has_route, redirected_port
from .trace_routes import sample_host

_TEXTS = ("exact", "prefix")


def host_requests(analysis: Analysis, virtual_service: Manifest) -> Iterator[tuple[str, Request]]:
    """Each host of an exposure, with the requests for it: one for each port at which a server has it.

    Redirects to HTTPS are left out. A host without a server has the request that people would try.
    """
    context = analysis.context([virtual_service])
    (entry,) = context.my_virtual_services
    redirected = redirected_port(entry)
    serving = [
        (server, hosts)
        for server, hosts in context.serving(entry)
        if not server.redirects and server.number != redirected
    ]
    scheme = "https" if entry["spec"].get("tls") or any(server.has_tls for server, _hosts in serving) else "http"
    for host in entry["spec"].get("hosts") or []:
        servers = [server for server, hosts in serving if host in hosts]
        used = [server for server in servers if has_route(entry, server)] or servers
        plain = Request(scheme, sample_host(host), {"http": 80, "https": 443}[scheme])
        ports = {(server.number, server.has_tls): server for server in used}
        for server in ports.values():
            at = replace(plain, scheme="https" if server.has_tls else "http", port=server.number)
            yield host, _taken(entry, at, server)
        if not ports:
            yield host, plain


def _taken(virtual_service: Manifest, request: Request, server: Server) -> Request:
    """The request for /; if no route takes it, one that is made for a route."""
    matches = [match for route in virtual_service["spec"].get("http") or [] for match in route.get("match") or [{}]]
    for candidate in [request, *(_made_for(match, request) for match in matches)]:
        if any(_takes(match, candidate, server) for match in matches):
            return candidate
    return request


def _takes(match: Mapping[str, Any], request: Request, server: Server) -> bool:
    try:
        return why_not(match, request, server.gateway, server.number) is None
    except CannotTellError:
        return False


def _made_for(match: Mapping[str, Any], request: Request) -> Request:
    """The request with what a match asks for, as far as it names texts: a regex may ask for anything."""
    path = _text(match.get("uri"))
    parameters = {name: _text(wanted) or "" for name, wanted in (match.get("queryParams") or {}).items()}
    return replace(
        request,
        path=path if path and path.startswith("/") else request.path,
        method=_text(match.get("method")) or request.method,
        headers={name.lower(): _text(wanted) or "any" for name, wanted in (match.get("headers") or {}).items()},
        query="&".join(f"{quote(name)}={quote(value)}" for name, value in parameters.items()),
    )


def _text(wanted: Mapping[str, Any] | None) -> str | None:
    return next((str(wanted[how]) for how in _TEXTS if how in wanted), None) if wanted else None
