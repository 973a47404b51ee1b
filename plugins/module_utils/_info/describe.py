# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What was seen of the cluster → exposures as people ask for them: host → gateway → routes → certificate. Pure.

What is not known, because it may not be read, is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from .._istio import addresses
from .._istio.listeners import Server, Workload, common, servers_of
from .._istio.references import full_name, gateway_names, selects
from .._istio.tls_secret import Credential
from .._istio.workloads import is_gateway
from .._kubernetes.objects import (
    PODS_NAMESPACE,
    Manifest,
    Ref,
    owner,
    ref,
)
from .._manifests.exposure import urls
from .._manifests.shared_gateway import is_on
from .read import Seen, is_managed

Result = dict[str, Any]

_PROTOCOLS = ("http", "tls", "tcp")
# What becomes of a request that goes to no destination: Istio's word and ours.
_OTHERWISE = {"redirect": "redirect", "directResponse": "direct_response", "delegate": "delegate"}


def exposures(seen: Seen) -> list[Result]:
    """The exposures that were asked for, by namespace and name."""
    gateways = {full_name(live): _Gateway(seen, live) for live in seen.around.gateways}
    return [_exposure(seen, live, gateways) for live in sorted(seen.selected, key=ref)]


def _exposure(seen: Seen, live: Manifest, gateways: Mapping[str, _Gateway]) -> Result:
    names = list(dict.fromkeys(gateway_names(live)))
    used = [gateways[name] for name in names if name in gateways]
    return {
        "namespace": live["metadata"]["namespace"],
        "name": live["metadata"]["name"],
        "managed": is_managed(live),
        "hosts": list(live["spec"].get("hosts") or []),
        "gateways": [
            gateways[name].result(live) if name in gateways else _not_there(name, "Gateway" not in seen.unreadable)
            for name in names
        ],
        "urls": [url for gateway in used for url in gateway.urls(live)],
        "tls": [entry for gateway in used for entry in gateway.tls(live)],
        "routes": [_route(protocol, route) for protocol in _PROTOCOLS for route in live["spec"].get(protocol) or []],
        "created": live["metadata"].get("creationTimestamp"),
    }


class _Gateway:
    """A live Gateway and its pods; they are looked up once for all exposures on it."""

    def __init__(self, seen: Seen, live: Manifest) -> None:
        self._seen = seen
        self._live = live
        self._selector: Mapping[str, str] = live["spec"].get("selector") or {}
        self._servers = servers_of(live, Workload(None, {}))
        self._surroundings: addresses.Surroundings | None = None

    @property
    def _around(self) -> addresses.Surroundings:
        if self._surroundings is None:
            around = self._seen.around
            pods = [pod for pod in around.pods if selects(self._selector, pod["metadata"].get("labels"))]
            gateways = tuple(pod for pod in pods if is_gateway(pod))
            self._surroundings = addresses.Surroundings(gateways, around.gateway_services)
        return self._surroundings

    def result(self, virtual_service: Manifest) -> Result:
        at = ref(self._live)
        return {
            "namespace": at.namespace,
            "name": at.name,
            "kind": self._kind(virtual_service),
            "selector": dict(self._selector),
            "pods_namespaces": self._around.namespaces if self._seen.around.pods_are_known else None,
            "addresses": self._addresses(virtual_service),
        }

    def _kind(self, virtual_service: Manifest) -> str:
        at = ref(virtual_service)
        key = (at.namespace, at.name)
        if is_managed(virtual_service) and owner(self._live) == key:
            return "own"
        return "shared" if is_on(self._live, key) else "existing"

    def _serving(self, virtual_service: Manifest) -> list[tuple[Server, list[str]]]:
        """The servers that have hosts of the VirtualService, and these hosts."""
        found = [(server, common(server.hosts, virtual_service)) for server in self._servers]
        return [(server, hosts) for server, hosts in found if hosts]

    def _addresses(self, virtual_service: Manifest) -> list[str] | None:
        if not self._seen.around.pods_are_known or "Service" in self._seen.unreadable:
            return None
        numbers = dict.fromkeys(server.number for server, _hosts in self._serving(virtual_service))
        doors = [door for number in numbers for door in addresses.entrances(self._around, self._selector, number)[0]]
        return list(dict.fromkeys(door.address for door in doors))

    def urls(self, virtual_service: Manifest) -> list[str]:
        spec = virtual_service["spec"]
        if not spec.get("http") and not spec.get("tls"):
            return []
        redirected = _redirected_port(virtual_service)
        servers = self._live["spec"].get("servers") or []
        found = [
            url
            for server, hosts in self._serving(virtual_service)
            for url in urls(hosts, [{**servers[server.index], "hosts": hosts}], redirected)
        ]
        return list(dict.fromkeys(found))

    def tls(self, virtual_service: Manifest) -> list[Result]:
        return [
            {
                "gateway": full_name(self._live),
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
        """The first that is there: pods of several namespaces have a Secret of this name each."""
        around = self._seen.around
        said = (self._live["metadata"].get("annotations") or {}).get(PODS_NAMESPACE)
        for namespace in self._around.namespaces or [said or ""]:
            at = Ref("Secret", namespace, name)
            found = around.credentials.get(at)
            if found and found.not_after:
                return _certificate(at, found, found.not_after - around.now)
        return None


def _certificate(at: Ref, found: Credential, left: timedelta) -> Result:
    digits = found.serial or ""
    return {
        "secret": f"{at.namespace}/{at.name}",
        "not_after": f"{found.not_after:%Y-%m-%dT%H:%M:%SZ}",
        "days_left": left.days,
        # As istio_exposure returns it: whole bytes.
        "serial": digits.zfill(len(digits) + len(digits) % 2),
        "names": list(found.names) if found.names is not None else None,
        "issuer": found.issuer,
    }


def _not_there(name: str, is_known: bool) -> Result:
    namespace, _slash, own = name.partition("/")
    nothing: Result = {"selector": None, "pods_namespaces": None, "addresses": None}
    return {"namespace": namespace, "name": own, "kind": "missing" if is_known else None, **nothing}


def _redirected_port(virtual_service: Manifest) -> int | None:
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
    at = ref(virtual_service)
    key = (at.namespace, at.name)
    mine = [live for live in gateways if owner(live) == key or is_on(live, key)] if is_managed(virtual_service) else []
    return [*mine, virtual_service]
