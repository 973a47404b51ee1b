# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Live objects → exposures as people ask for them: hosts, gateways, routes, certificates. Pure.

A value is None if it is unknown, because these credentials may not read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any

from .._istio.addresses import GatewayEndpoints, addresses_at
from .._istio.hosts import routed_hosts
from .._istio.listeners import Server, Workload, servers_of
from .._istio.references import selects
from .._istio.route_order import applies
from .._istio.tls_secret import TlsSecret, whole_bytes
from .._istio.workloads import is_gateway
from .._kubernetes.objects import (
    PODS_NAMESPACE,
    ExposureKey,
    Manifest,
    Ref,
    owner,
    ref,
)
from .._manifests.exposure import urls
from .._manifests.shared_gateway import belongs_to, is_on
from .._mesh.names import full_name, gateway_names, resolved
from .read import LiveExposures, hosts_of, is_managed

Result = dict[str, Any]

_PROTOCOLS = ("http", "tls", "tcp")
# What becomes of a request that goes to no destination: Istio's word and ours.
_OTHERWISE = {"redirect": "redirect", "directResponse": "direct_response", "delegate": "delegate"}


def describe_exposures(live: LiveExposures) -> list[Result]:
    """The selected exposures, sorted by namespace and name."""
    gateways = {full_name(gateway): _Gateway(live, gateway) for gateway in live.state.gateways}
    return [_exposure(live, entry, gateways) for entry in sorted(live.selected, key=ref)]


def describe_unused_gateways(live: LiveExposures) -> list[Result]:
    """The Gateways that no VirtualService names, sorted by namespace and name."""
    return [
        {
            "namespace": entry["metadata"]["namespace"],
            "name": entry["metadata"]["name"],
            "managed": owner(entry) is not None,
            "hosts": hosts_of(entry),
            "selector": dict(entry["spec"].get("selector") or {}),
            "pods_namespaces": _Gateway(live, entry).pods_namespaces,
            "created": entry["metadata"].get("creationTimestamp"),
        }
        for entry in sorted(live.unused_gateways, key=ref)
    ]


def _exposure(live: LiveExposures, entry: Manifest, gateways: Mapping[str, _Gateway]) -> Result:
    names = list(dict.fromkeys(gateway_names(entry)))
    used = [gateways[name] for name in names if name in gateways]
    return {
        "namespace": entry["metadata"]["namespace"],
        "name": entry["metadata"]["name"],
        "managed": is_managed(entry),
        "hosts": list(entry["spec"].get("hosts") or []),
        "gateways": [
            gateways[name].result(entry) if name in gateways else _missing(name, "Gateway" not in live.unreadable)
            for name in names
        ],
        "urls": list(dict.fromkeys(url for gateway in used for url in gateway.urls(entry))),
        "tls": [tls for gateway in used for tls in gateway.tls(entry)],
        "routes": [_route(protocol, route) for protocol in _PROTOCOLS for route in entry["spec"].get(protocol) or []],
        "created": entry["metadata"].get("creationTimestamp"),
    }


class _Gateway:
    """A live Gateway and its pods; they are looked up once for all exposures on it."""

    def __init__(self, live: LiveExposures, gateway: Manifest) -> None:
        self._live = live
        self._gateway = gateway
        self._selector: Mapping[str, str] = gateway["spec"].get("selector") or {}
        self._servers = servers_of(gateway, Workload(None, {}))

    @cached_property
    def _endpoints(self) -> GatewayEndpoints:
        state = self._live.state
        pods = [pod for pod in state.pods if selects(self._selector, pod["metadata"].get("labels"))]
        return GatewayEndpoints(tuple(filter(is_gateway, pods)), state.gateway_services)

    @property
    def pods_namespaces(self) -> list[str] | None:
        return self._endpoints.namespaces if self._live.state.pods_are_known else None

    def result(self, virtual_service: Manifest) -> Result:
        at = ref(self._gateway)
        return {
            "namespace": at.namespace,
            "name": at.name,
            "kind": self._kind(virtual_service),
            "selector": dict(self._selector),
            "pods_namespaces": self.pods_namespaces,
            "addresses": self._addresses(virtual_service),
        }

    def _kind(self, virtual_service: Manifest) -> str:
        key = _key(virtual_service)
        if is_managed(virtual_service) and owner(self._gateway) == key:
            return "own"
        return "shared" if is_on(self._gateway, key) else "existing"

    def _serving(self, virtual_service: Manifest) -> list[tuple[Server, list[str]]]:
        """The servers that have hosts of the VirtualService, and these hosts."""
        routed = [(server, routed_hosts(server.hosts, virtual_service)) for server in self._servers]
        return [(server, hosts) for server, hosts in routed if hosts]

    def _addresses(self, virtual_service: Manifest) -> list[str] | None:
        if not self._live.state.pods_are_known or "Service" in self._live.unreadable:
            return None
        numbers = dict.fromkeys(server.number for server, _hosts in self._serving(virtual_service))
        addresses = [addresses_at(self._endpoints, self._selector, number)[0] for number in numbers]
        return list(dict.fromkeys(address.host for at_port in addresses for address in at_port))

    def urls(self, virtual_service: Manifest) -> list[str]:
        redirected = redirected_port(virtual_service)
        servers = self._gateway["spec"].get("servers") or []
        every_url = [
            url
            for server, hosts in self._serving(virtual_service)
            if server.kind in ("http", "tls") and has_route(virtual_service, server)
            for url in urls(hosts, [{**servers[server.index], "hosts": hosts}], redirected)
        ]
        return list(dict.fromkeys(every_url))

    def tls(self, virtual_service: Manifest) -> list[Result]:
        return [
            {
                "gateway": full_name(self._gateway),
                "port": server.number,
                "hosts": hosts,
                "mode": (server.mode or "").lower(),
                "credential_name": server.credential,
                "certificate": self._certificate(server.credential) if server.credential else None,
            }
            for server, hosts in self._serving(virtual_service)
            if server.has_tls
        ]

    def _certificate(self, name: str) -> Result | None:
        """The first one that is known: pods of several namespaces have a Secret of this name each."""
        state = self._live.state
        recorded = (self._gateway["metadata"].get("annotations") or {}).get(PODS_NAMESPACE)
        for namespace in self._endpoints.namespaces or [recorded or ""]:
            at = Ref("Secret", namespace, name)
            secret = state.tls_secrets.get(at)
            if secret and secret.not_after:
                return _certificate(at, secret, secret.not_after - state.now)
        return None


def has_route(virtual_service: Manifest, server: Server) -> bool:
    """Whether a VirtualService has a route that a server uses."""
    routes = resolved(virtual_service, "")["spec"].get(server.kind or "") or []
    return any(applies(match, server) for route in routes for match in route.get("match") or [{}])


def _certificate(at: Ref, secret: TlsSecret, left: timedelta) -> Result:
    return {
        "secret": f"{at.namespace}/{at.name}",
        "not_after": f"{secret.not_after:%Y-%m-%dT%H:%M:%SZ}",
        "days_left": left.days,
        "serial": whole_bytes(secret.serial or ""),
        "names": list(secret.names) if secret.names is not None else None,
        "issuer": secret.issuer,
    }


def _missing(name: str, is_known: bool) -> Result:
    namespace, _slash, own = name.partition("/")
    nothing: Result = {"selector": None, "pods_namespaces": None, "addresses": None}
    return {"namespace": namespace, "name": own, "kind": "missing" if is_known else None, **nothing}


def redirected_port(virtual_service: Manifest) -> int | None:
    """The port whose requests a route of the VirtualService sends to HTTPS, as tls.redirect makes it."""
    for route in virtual_service["spec"].get("http") or []:
        match = route.get("match") or []
        if (route.get("redirect") or {}).get("scheme") == "https" and len(match) == 1 and match[0].keys() == {"port"}:
            return int(match[0]["port"])
    return None


def _route(protocol: str, route: Mapping[str, Any]) -> Result:
    return {
        "protocol": protocol,
        "name": route.get("name"),
        "match": route.get("match") or [],
        "destinations": [_destination(entry) for entry in route.get("route") or []],
        **{ours: route[theirs] for theirs, ours in _OTHERWISE.items() if theirs in route},
    }


def _destination(entry: Mapping[str, Any]) -> Result:
    to = entry.get("destination") or {}
    return {
        "host": to.get("host"),
        "port": (to.get("port") or {}).get("number"),
        "weight": entry.get("weight"),
        "subset": to.get("subset"),
    }


def objects_of(virtual_service: Manifest, gateways: Iterable[Manifest]) -> list[Manifest]:
    """An exposure's objects, given the Gateways that it names: all that it has made of them, or shares."""
    key = _key(virtual_service)
    mine = [gateway for gateway in gateways if belongs_to(gateway, key)]
    return [*(mine if is_managed(virtual_service) else []), virtual_service]


def _key(virtual_service: Manifest) -> ExposureKey:
    """The key of the exposure that a VirtualService is, or would be."""
    at = ref(virtual_service)
    return ExposureKey(at.namespace, at.name)
