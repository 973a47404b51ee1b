# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: routes of a kind, for a port or for a Gateway that no server of the host has. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._analysis.context import Context, route_option
from .._analysis.finding import Finding
from .._istio.listeners import Server
from .._istio.route_order import applies
from .._kubernetes.objects import Manifest
from .._mesh.destinations import PROTOCOLS
from .._mesh.names import MESH, full_name, is_for_mesh, service_at

_KINDS = {
    "http": "ends TLS, or has none, so it uses routes for HTTP",
    "tls": "hands TLS on (PASSTHROUGH), so it uses tls routes",
    "tcp": "is not for HTTP, so it uses tcp routes",
}
_CONSEQUENCES = {
    "http": "requests get 404",
    "tls": "connections are reset",
    "tcp": "connections are refused or reset",
}
_Route = tuple[str, int, Mapping[str, Any]]


def no_route_for_host(context: Context) -> Iterator[Finding]:
    """A host whose servers use none of the VirtualService's routes."""
    for entry in _with_known_gateways(context):
        unserved: dict[str, Server] = {}
        routes = _routes(entry)
        for host in entry["spec"].get("hosts") or []:
            serving = [server for server, hosts in context.serving(entry) if host in hosts]
            is_served = any(_uses(server, route) for server in serving for route in routes)
            if serving and not is_served and not (is_for_mesh(entry) and service_at(host, context.cluster_domain)):
                unserved[host] = serving[0]
        if unserved:
            hosts = tuple(unserved)
            host, server = hosts[0], unserved[hosts[0]]
            kind = str(server.kind)
            what = "sends everything to HTTPS" if server.redirects else _KINDS[kind]
            kinds = sorted({protocol for protocol, _index, _route in routes})
            why = f"has only {' and '.join(kinds)} routes" if kinds else "has no routes"
            if server.redirects:
                why = "no other server has its hosts"
            elif kind in kinds:
                why = "has such routes only for other ports or Gateways"
            message = (
                f"{server} {what}, and VirtualService {full_name(entry)} {why}; {_CONSEQUENCES[kind]} for "
                f"{', '.join(unserved)}."
            )
            objects = (f"VirtualService {full_name(entry)}", f"Gateway {server.gateway}")
            fix = "Give it routes of that kind, for that port, or change the Gateway's server (tls.mode, protocol)."
            yield Finding(objects, context.host_option(host), message, fix)


def route_unused(context: Context) -> Iterator[Finding]:
    """A route, or one of its matches, of a VirtualService whose hosts have others that are used."""
    for entry in _with_known_gateways(context):
        if is_for_mesh(entry):
            continue
        servers = [server for server, _hosts in context.serving(entry)]
        routes = _routes(entry)
        used = [route for route in routes if any(_uses(server, route) for server in servers)]
        if used == routes and all(len(route.get("match") or [{}]) == 1 for _protocol, _index, route in routes):
            continue
        for protocol, index, route in routes if used else ():
            where = f"{protocol}[{index}]"
            is_used = (protocol, index, route) in used
            parts = [f"match[{number}] of {where}" for number in _unused_matches(servers, protocol, route)]
            if not parts:
                continue
            what = " and ".join(parts) if is_used else where
            ports = sorted({server.number for server in servers if server.kind == protocol})
            has = f"only at {', '.join(map(str, ports))}" if ports else "at no port"
            message = (
                f"{what} of VirtualService {full_name(entry)} {'are' if ' and ' in what else 'is'} never used: the "
                f"Gateway has servers for {protocol} routes of these hosts {has}."
            )
            fix = "Correct the port or the Gateway in its match, or the Gateway's servers."
            yield Finding((f"VirtualService {full_name(entry)}",), route_option(entry, where), message, fix)


def _with_known_gateways(context: Context) -> Iterator[Manifest]:
    """The VirtualServices all of whose Gateways are known, and have servers that need routes."""
    for entry in context.my_virtual_services:
        is_known = None not in context.named_gateways(entry).values()
        if is_known and all(server.kind for server, _hosts in context.serving(entry)):
            yield entry


def _routes(entry: Manifest) -> list[_Route]:
    return [
        (protocol, index, route)
        for protocol in PROTOCOLS
        for index, route in enumerate(entry["spec"].get(protocol) or [])
    ]


def _uses(server: Server, route: _Route) -> bool:
    protocol, _index, entry = route
    return any(_asks(server, protocol, match) for match in entry.get("match") or [{}])


def _asks(server: Server, protocol: str, match: Mapping[str, Any]) -> bool:
    """Whether a server takes requests to a match; one that redirects sends them all to HTTPS."""
    return server.kind == protocol and not server.redirects and applies(match, server)


def _unused_matches(servers: list[Server], protocol: str, route: Mapping[str, Any]) -> list[int]:
    """The numbers of matches that are for no server, and not for sidecars."""
    return [
        number
        for number, match in enumerate(route.get("match") or [{}])
        if match.get("gateways") != [MESH] and not any(_asks(server, protocol, match) for server in servers)
    ]
