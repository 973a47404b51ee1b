# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What Gateways and VirtualServices name: pods, Secrets, Services. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._kubernetes.objects import PODS_NAMESPACE, Manifest, Ref
from .indexes import ByLabels, BySelector


def full_name(manifest: Manifest) -> str:
    """namespace/name, as VirtualServices name Gateways."""
    return f"{manifest['metadata']['namespace']}/{manifest['metadata']['name']}"


def gateway_names(virtual_service: Manifest) -> list[str]:
    """The Gateways of a VirtualService as namespace/name; without a namespace Istio takes the VirtualService's."""
    own = virtual_service["metadata"]["namespace"]
    names = virtual_service["spec"].get("gateways") or []
    return [name if "/" in name else f"{own}/{name}" for name in names if name != "mesh"]


def selects(selector: Mapping[str, str] | None, labels: Mapping[str, str] | None) -> bool:
    """Whether a selector matches something with these labels. An empty one matches all, as a Gateway's does."""
    return (selector or {}).items() <= (labels or {}).items()


@dataclass(frozen=True)
class Target:
    """A destination of a VirtualService: where it is named, such as http[0], and the Service, if its host is one."""

    where: str
    protocol: str
    service: Ref | None
    host: str
    port: int | None
    subset: str | None


def targets(virtual_service: Manifest, cluster_domain: str) -> Iterator[Target]:
    """All destinations of a VirtualService, also those of mirrored requests."""
    for protocol in ("http", "tls", "tcp"):
        for index, route in enumerate(virtual_service["spec"].get(protocol) or []):
            mirrors = [
                *(route.get("mirrors") or []),
                *([{"destination": route["mirror"]}] if route.get("mirror") else []),
            ]
            for entry in [*(route.get("route") or []), *mirrors]:
                yield _target(
                    virtual_service, f"{protocol}[{index}]", protocol, entry.get("destination") or {}, cluster_domain
                )


def _target(
    virtual_service: Manifest, where: str, protocol: str, destination: Mapping[str, Any], cluster_domain: str
) -> Target:
    host = str(destination.get("host", ""))
    labels = host.removesuffix(f".svc.{cluster_domain}").split(".")
    at = None
    if host.endswith(f".svc.{cluster_domain}") and len(labels) == 2:
        at = Ref("Service", labels[1], labels[0])
    elif host and "." not in host:
        at = Ref("Service", virtual_service["metadata"]["namespace"], host)
    port = (destination.get("port") or {}).get("number")
    return Target(where, protocol, at, host, port, destination.get("subset"))


def services_named(manifests: Iterable[Manifest], cluster_domain: str) -> list[Ref]:
    """The Services to which VirtualServices among the manifests send requests."""
    services = (
        target.service
        for manifest in manifests
        if manifest["kind"] == "VirtualService"
        for target in targets(manifest, cluster_domain)
    )
    return list(dict.fromkeys(at for at in services if at))


def subsets_used(manifests: Iterable[Manifest]) -> bool:
    """Whether a VirtualService among the manifests names a subset."""
    virtual_services = [manifest for manifest in manifests if manifest["kind"] == "VirtualService"]
    return any(target.subset for manifest in virtual_services for target in targets(manifest, ""))


def credential_of(server: Mapping[str, Any]) -> str | None:
    """The Secret that a server that ends TLS names, in the namespace of the gateway's pods."""
    name = (server.get("tls") or {}).get("credentialName")
    # Other forms name no Secret of that namespace (https://istio.io/latest/docs/reference/config/networking/gateway/).
    return name if name and "/" not in name else None


def secrets_named(
    used: Iterable[Manifest], live: Iterable[Manifest], pods: Iterable[Manifest], others: int
) -> list[Ref]:
    """The Secrets of the exposures' Gateways and, for each selector, of at most `others` servers on the same pods.

    Those are servers with hosts in the same domain: their certificates might be valid for the exposures' hosts, too.
    """
    by_labels = ByLabels((pod["metadata"].get("labels"), pod) for pod in pods)
    by_selector = BySelector((place[1]["spec"].get("selector"), place) for place in enumerate(live))
    groups: dict[frozenset[tuple[str, str]], list[Manifest]] = {}
    for gateway in used:
        groups.setdefault(frozenset((gateway["spec"].get("selector") or {}).items()), []).append(gateway)
    secrets: dict[Ref, None] = {}
    for selector, group in groups.items():
        selected = by_labels.matching(dict(selector))
        neighbours = _neighbours(selected, by_selector) if others else []
        secrets.update(dict.fromkeys(_secrets_of(group, selected, neighbours, others)))
    return list(secrets)


def _secrets_of(
    group: list[Manifest], pods: list[Manifest], neighbours: Iterable[Manifest], others: int
) -> Iterator[Ref]:
    """The Secrets of Gateways with one selector, which matches these pods."""
    namespaces = {pod["metadata"]["namespace"] for pod in pods}
    for gateway in group if not namespaces else []:
        namespaces.add((gateway["metadata"].get("annotations") or {}).get(PODS_NAMESPACE))
    names = dict.fromkeys(credential_of(server) for gateway in group for server in _servers(gateway))
    domains = {_domain(host) for gateway in group for server in _servers(gateway) for host in _hosts(server)}
    other_names: dict[str | None, None] = {}
    for gateway in neighbours:
        related = [server for server in _servers(gateway) if domains & {_domain(host) for host in _hosts(server)}]
        other_names.update(dict.fromkeys(credential_of(server) for server in related))
    wanted = [*names, *[name for name in other_names if name and name not in names][:others]]
    for namespace in sorted(filter(None, namespaces)):
        yield from (Ref("Secret", namespace, name) for name in wanted if name)


def _neighbours(pods: list[Manifest], by_selector: BySelector[tuple[int, Manifest]]) -> list[Manifest]:
    """All Gateways on these pods. The pods of a Deployment have the same labels, which are looked up once."""
    different = {frozenset((pod["metadata"].get("labels") or {}).items()) for pod in pods}
    by_position = dict(place for labels in different for place in by_selector.selecting(dict(labels)))
    return [by_position[position] for position in sorted(by_position)]


def _servers(gateway: Manifest) -> list[dict[str, Any]]:
    return gateway["spec"].get("servers") or []


def _hosts(server: Mapping[str, Any]) -> list[str]:
    return [host.rpartition("/")[2] for host in server.get("hosts") or []]


def _domain(host: str) -> str:
    return host.partition(".")[2]
