# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Exposures → the Kubernetes objects that they become, and the URLs at which they are served. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._exposure import (
    Exposure,
    OwnGateway,
    Route,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._objects import Manifest, ownership_labels

API_VERSION = "networking.istio.io/v1"


def manifests(exposure: Exposure) -> list[Manifest]:
    """The exposure's objects in the order in which they are written."""
    virtual_service = _object(exposure, "VirtualService", exposure.namespace, exposure.name, _virtual_service(exposure))
    if not isinstance(exposure.gateway, OwnGateway):
        return [virtual_service]
    own = exposure.gateway
    return [
        _object(
            exposure,
            "Gateway",
            own.namespace,
            own.name,
            {"selector": dict(own.selector), "servers": servers(exposure, own)},
        ),
        virtual_service,
    ]


def _object(exposure: Exposure, kind: str, namespace: str, name: str, spec: dict[str, Any]) -> Manifest:
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": namespace,
        "labels": {**exposure.labels, **ownership_labels(exposure.namespace, exposure.name)},
    }
    if exposure.annotations:
        metadata["annotations"] = dict(exposure.annotations)
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def servers(exposure: Exposure, gateway: OwnGateway) -> list[dict[str, Any]]:
    """The Gateway's servers: one that serves the hosts, and with tls.redirect one that sends HTTP to HTTPS."""
    tls = exposure.tls
    if tls.mode == "none":
        return [_server(exposure, "http", "HTTP", gateway.http_port)]
    settings: dict[str, Any] = {"mode": tls.mode.upper()}
    if tls.credential_name:
        settings["credentialName"] = tls.credential_name
    if tls.min_protocol_version:
        settings["minProtocolVersion"] = tls.min_protocol_version
    name, protocol = ("tls", "TLS") if tls.mode == "passthrough" else ("https", "HTTPS")
    found = [_server(exposure, name, protocol, gateway.https_port, settings)]
    if tls.redirect:
        found.append(_server(exposure, "http", "HTTP", gateway.http_port, {"httpsRedirect": True}))
    return found


def _server(
    exposure: Exposure, name: str, protocol: str, port: int, tls: dict[str, Any] | None = None
) -> dict[str, Any]:
    server: dict[str, Any] = {
        "port": {"number": port, "name": name, "protocol": protocol},
        "hosts": list(exposure.hosts),
    }
    if tls:
        server["tls"] = tls
    return server


def _virtual_service(exposure: Exposure) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "hosts": list(exposure.hosts),
        # Always with the namespace: without it Istio looks beside the VirtualService, and elsewhere the answer is 404.
        "gateways": [f"{exposure.gateway.namespace}/{exposure.gateway.name}"],
    }
    if exposure.tls.mode == "passthrough":
        spec["tls"] = [{"match": [{"sniHosts": list(exposure.hosts)}], "route": _destinations(exposure.routes[0])}]
    else:
        spec["http"] = [_http_route(route) for route in exposure.routes]
    return spec


def _http_route(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if route.name:
        found["name"] = route.name
    if route.matches:
        found["match"] = [{"uri": {match.kind: match.value}} for match in route.matches]
    found["route"] = _destinations(route)
    return found


def _destinations(route: Route) -> list[dict[str, Any]]:
    found = []
    for destination in route.destinations:
        entry: dict[str, Any] = {"destination": {"host": destination.host}}
        if destination.port is not None:
            entry["destination"]["port"] = {"number": destination.port}
        if destination.weight is not None:
            entry["weight"] = destination.weight
        found.append(entry)
    return found


def urls(hosts: Iterable[str], gateway_servers: list[dict[str, Any]]) -> list[str]:
    """The URLs of the hosts through a Gateway's servers, redirects left out; a wildcard host stays as it is."""
    found = []
    for host in hosts:
        for server in gateway_servers:
            scheme = _scheme(server)
            if scheme and any(host_matches(pattern, host) for pattern in server.get("hosts", [])):
                port = server["port"]["number"]
                default_port = {"http": 80, "https": 443}[scheme]
                found.append(f"{scheme}://{host}/" if port == default_port else f"{scheme}://{host}:{port}/")
    return found


def _scheme(server: dict[str, Any]) -> str | None:
    if server.get("tls", {}).get("httpsRedirect"):
        return None
    protocol = server.get("port", {}).get("protocol", "").upper()
    return {"HTTP": "http", "HTTP2": "http", "GRPC": "http", "HTTPS": "https", "TLS": "https"}.get(protocol)


def host_matches(pattern: str, host: str) -> bool:
    """Whether a server's host (which may be namespace/host, and have a wildcard) takes the given host."""
    pattern = pattern.rpartition("/")[2]
    return pattern in ("*", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))
