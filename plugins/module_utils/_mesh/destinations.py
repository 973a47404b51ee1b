# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The destinations that VirtualServices name. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from .._kubernetes.objects import Manifest, Ref
from .names import service_at, service_host
from .services import Backend, speaks_tls

PROTOCOLS = ("http", "tls", "tcp")


class Target(NamedTuple):
    """A destination: the place that names it, such as http[0], its full host, and the Service, if that is one's.

    named is the host as it is written. A mirror gets copies of requests, whose answers nobody sees.
    """

    where: str
    protocol: str
    service: Ref | None
    host: str
    named: str
    port: int | None
    subset: str | None
    is_mirror: bool = False


def targets(virtual_service: Manifest, cluster_domain: str) -> Iterator[Target]:
    """All destinations of a VirtualService, also those of mirrored requests."""
    namespace, spec = virtual_service["metadata"]["namespace"], virtual_service["spec"]
    for protocol in PROTOCOLS:
        for index, route in enumerate(spec.get(protocol) or []):
            yield from targets_of(route, protocol, f"{protocol}[{index}]", namespace, cluster_domain)


def targets_of(
    route: Mapping[str, Any], protocol: str, where: str, namespace: str, cluster_domain: str
) -> Iterator[Target]:
    """The destinations of one route of a VirtualService of this namespace."""
    mirrors = [*(route.get("mirrors") or []), *([{"destination": route["mirror"]}] if route.get("mirror") else [])]
    weighted = route.get("route") or []
    used = [entry for entry in weighted if entry.get("weight") != 0] if len(weighted) > 1 else weighted
    for is_mirror, entries in ((False, used), (True, mirrors)):
        for entry in entries:
            destination = entry.get("destination") or {}
            named = str(destination.get("host", ""))
            host = service_host(named, namespace, cluster_domain)
            port = (destination.get("port") or {}).get("number")
            at = service_at(host, cluster_domain)
            yield Target(where, protocol, at, host, named, port, destination.get("subset"), is_mirror)


def action_of(route: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    """What a route of a VirtualService of this namespace does, so that it can be compared with another one.

    Destinations have the same host however they are written: with a Service's name, and with its full host.
    """
    action = {key: value for key, value in route.items() if key not in ("match", "name")}
    for part in ("route", "mirrors"):
        if action.get(part):
            action[part] = [
                {**entry, "destination": _comparable(entry.get("destination") or {}, namespace)}
                for entry in action[part]
            ]
    return {**action, "mirror": _comparable(action["mirror"], namespace)} if action.get("mirror") else action


def _comparable(destination: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    host = str(destination.get("host", ""))
    name, service, _domain = service_host(host, namespace, "").partition(".svc.")
    return {**destination, "host": f"{name}{service}" if name.count(".") == 1 else host}


def rules_matter(targets: Iterable[Target], services: Mapping[Ref, Manifest | None]) -> bool:
    """Whether a subset is named, or TLS is passed on, or a port is for TLS, which gateways speak if a rule says so."""
    ports = (port for live in services.values() if live for port in Backend("", live).ports)
    return any(target.subset or target.protocol == "tls" for target in targets) or any(map(speaks_tls, ports))


def services_named(manifests: Iterable[Manifest], cluster_domain: str) -> list[Ref]:
    """The Services to which VirtualServices among the manifests send requests."""
    services = (
        target.service for manifest in _virtual_services(manifests) for target in targets(manifest, cluster_domain)
    )
    return list(dict.fromkeys(at for at in services if at))


def all_targets(manifests: Iterable[Manifest], cluster_domain: str) -> list[Target]:
    """The different destinations of the VirtualServices among the manifests, wherever they are named."""
    found = {
        (target.host, target.port, target.subset): target
        for manifest in _virtual_services(manifests)
        for target in targets(manifest, cluster_domain)
    }
    return list(found.values())


def _virtual_services(manifests: Iterable[Manifest]) -> Iterator[Manifest]:
    return (manifest for manifest in manifests if manifest["kind"] == "VirtualService")
