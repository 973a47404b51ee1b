# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Names as Istio resolves them: Gateways, hosts, destinations. Pure.

The rules are those of istiod's ResolveVirtualServiceShortnames and ResolveShortnameToFQDN. A Gateway is
`namespace/name`, `./name`, `name`, or in the old form `name.namespace`, with anything after it. A host without a dot is
a Service of the object's own namespace; with a dot it is taken as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from .._kubernetes.objects import Manifest, Ref

MESH = "mesh"
_PROTOCOLS = ("http", "tls", "tcp")


def full_name(manifest: Manifest) -> str:
    """namespace/name, as VirtualServices name Gateways."""
    return f"{manifest['metadata']['namespace']}/{manifest['metadata']['name']}"


def gateway_name(name: str, own_namespace: str) -> str:
    """The Gateway that a VirtualService of this namespace names, as namespace/name. `mesh` stands for all sidecars."""
    if name == MESH:
        return name
    if "/" in name:
        return f"{own_namespace}{name[1:]}" if name.startswith("./") else name
    name, dot, rest = name.partition(".")
    return f"{rest.partition('.')[0]}/{name}" if dot else f"{own_namespace}/{name}"


def gateway_names(virtual_service: Manifest) -> list[str]:
    """The Gateways of a VirtualService, each as namespace/name."""
    own_namespace = virtual_service["metadata"]["namespace"]
    names = virtual_service["spec"].get("gateways") or []
    return [gateway_name(name, own_namespace) for name in names if name != MESH]


def is_for_mesh(virtual_service: Manifest) -> bool:
    """Whether sidecars get it, too: it names no Gateway, or `mesh` among them."""
    names = virtual_service["spec"].get("gateways") or [MESH]
    return MESH in names


def service_host(host: str, namespace: str, cluster_domain: str) -> str:
    """A host in its full form: a name without a dot is a Service of the namespace."""
    if not host or "." in host or host == "*" or _is_address(host):
        return host
    return f"{host}.{namespace}.svc.{cluster_domain}"


def service_at(host: str, cluster_domain: str) -> Ref | None:
    """The Service whose full host this is; None if it is the host of something else."""
    suffix = f".svc.{cluster_domain}"
    labels = host.removesuffix(suffix).split(".")
    return Ref("Service", labels[1], labels[0]) if host.endswith(suffix) and len(labels) == 2 else None


def resolved(virtual_service: Manifest, cluster_domain: str) -> Manifest:
    """The VirtualService with full names of Gateways and hosts; the object itself if it has no others."""
    namespace, spec = virtual_service["metadata"]["namespace"], virtual_service["spec"]
    changes: dict[str, Any] = {}
    if any(gateway_name(name, namespace) != name for name in spec.get("gateways") or []):
        changes["gateways"] = [gateway_name(name, namespace) for name in spec["gateways"]]
    if any("." not in host for host in spec.get("hosts") or []):
        changes["hosts"] = [service_host(host, namespace, cluster_domain) for host in spec["hosts"]]
    for protocol in _PROTOCOLS:
        if any(True for match in _matches(spec, protocol) if match.get("gateways")):
            changes[protocol] = [_with_full_names(route, namespace) for route in spec[protocol]]
    return {**virtual_service, "spec": {**spec, **changes}} if changes else virtual_service


def matched_gateways(virtual_service: Manifest) -> list[str]:
    """The Gateways that matches of its routes name, each as namespace/name."""
    namespace, spec = virtual_service["metadata"]["namespace"], virtual_service["spec"]
    named = (name for protocol in _PROTOCOLS for match in _matches(spec, protocol) for name in match["gateways"])
    return list(dict.fromkeys(gateway_name(name, namespace) for name in named if name != MESH))


def _matches(spec: dict[str, Any], protocol: str) -> Iterator[dict[str, Any]]:
    """The matches of its routes that name Gateways."""
    for route in spec.get(protocol) or []:
        for match in route.get("match") or []:
            if match.get("gateways"):
                yield match


def _with_full_names(route: dict[str, Any], namespace: str) -> dict[str, Any]:
    if not any(match.get("gateways") for match in route.get("match") or []):
        return route
    matches = [
        {**match, "gateways": [gateway_name(name, namespace) for name in match["gateways"]]}
        if match.get("gateways")
        else match
        for match in route["match"]
    ]
    return {**route, "match": matches}


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
