# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: routes of a VirtualService that get nothing, whatever else is there. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._analysis.context import Context, route_option
from .._analysis.finding import Finding
from .._istio.hosts import narrower_of
from .._istio.listeners import Server
from .._istio.route_order import applies
from .._kubernetes.objects import Manifest
from .._mesh.claims import claim_of, is_authenticated
from .._mesh.destinations import action_of
from .._mesh.names import MESH, full_name

# What a match may ask of a connection besides its port.
_OF_CONNECTIONS = {"destinationSubnets", "sourceSubnet", "sourceLabels", "sourceNamespace"}


def hidden_connections(context: Context) -> Iterator[Finding]:
    """A connection has no path: the first tcp route at a server gets all, and the first tls route for a name."""
    for entry in context.my_virtual_services:
        hidden: dict[str, str] = {}
        used: set[str] = set()
        for server, _hosts in context.serving(entry):
            for where, earlier in _connections(entry, server):
                if earlier:
                    hidden.setdefault(where, earlier)
                else:
                    used.add(where)
        for where, earlier in hidden.items():
            if where not in used:
                message = (
                    f"{earlier} of VirtualService {full_name(entry)} comes first, and takes all connections that "
                    f"{where} is for, which never gets one."
                )
                fix = "Give each its own port or, if TLS is passed on, its own host (sniHosts)."
                yield Finding((f"VirtualService {full_name(entry)}",), route_option(entry, where), message, fix)


def _connections(entry: Manifest, server: Server) -> Iterator[tuple[str, str]]:
    """The routes for connections to a server, each with the earlier one that takes them, or nothing."""
    taken: dict[str, tuple[str, Any]] = {}
    for index, route in enumerate(entry["spec"].get(str(server.kind)) or [] if server.kind != "http" else []):
        where, action = f"{server.kind}[{index}]", action_of(route, entry["metadata"]["namespace"])
        for match in route.get("match") or [{}]:
            if not applies(match, server) or match.keys() & _OF_CONNECTIONS:
                continue
            names = (match.get("sniHosts") or []) if server.kind == "tls" else ["*"]
            winner = next((taken[name] for name in names if name in taken), None)
            if winner is None:
                taken.update(dict.fromkeys(names, (where, action)))
            yield where, winner[0] if winner and winner[1] != action else ""


def never_fulfilled(context: Context) -> Iterator[Finding]:
    for entry in context.my_virtual_services:
        for index, route in enumerate(entry["spec"].get("http") or []):
            matches = [match for match in route.get("match") or [] if match.get("gateways") != [MESH]]
            for match in matches:
                why = _why_never(context, entry, match)
                if why:
                    where = f"http[{index}]"
                    message = f"a match of {where} of VirtualService {full_name(entry)} takes no request: {why[0]}."
                    option = f"{route_option(entry, where)}.match"
                    yield Finding((f"VirtualService {full_name(entry)}",), option, message, why[1])
                    break


def _why_never(context: Context, entry: Manifest, match: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why, and what to do."""
    for kind in ("exact", "prefix"):
        path = str((match.get("uri") or {}).get(kind) or "")
        if path and not path.startswith("/") and path != "*":
            return f"paths begin with a slash, and '{path}' does not", f"Write /{path}."
        if "?" in path or "#" in path:
            what = f"'{path}' has what is not part of a path"
            return what, "Match the path alone, and a query with queryParams (query_params)."
    method = str((match.get("method") or {}).get("exact") or "")
    if method != method.upper():
        return f"clients send {method.upper()}, and '{method}' is another method", f"Write {method.upper()}."
    host = _host_of(match)
    hosts = [name.lower() for name in entry["spec"].get("hosts") or []]
    if host and hosts and not any(narrower_of(host.lower(), name) for name in hosts):
        return f"its authority, {host}, is none of the hosts", "Add it to the hosts, or correct it."
    claim = claim_of(match)
    if claim and not _knows_claims(context):
        why = f"it asks for a claim ({claim}), and no RequestAuthentication is for the gateway's pods, so none is known"
        return why, "Create a RequestAuthentication for them, in their namespace."
    return None


def _host_of(match: Mapping[str, Any]) -> str:
    """The one host for which a match is; a port may come after it."""
    host, _colon, port = str((match.get("authority") or {}).get("exact") or "").rpartition(":")
    return host if host and port.isdigit() else f"{host}{_colon}{port}"


def _knows_claims(context: Context) -> bool:
    state = context.cluster_state
    if state.request_authentications is None:
        return True
    root = state.settings.root_namespace
    return all(
        is_authenticated(change.workload.namespace, change.workload.labels, state.request_authentications, root)
        for change in context.workload_changes
    )
