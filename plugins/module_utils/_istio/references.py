# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What Gateways name: pods and Secrets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._kubernetes.objects import PODS_NAMESPACE, Manifest, Ref
from .indexes import ByLabels, BySelector

_CA_SUFFIX = "-cacert"


_CERT_MANAGER = "cert-manager.io"


def selects(selector: Mapping[str, str] | None, labels: Mapping[str, str] | None) -> bool:
    """Whether a selector matches something with these labels. An empty one matches all, as a Gateway's does."""
    return (selector or {}).items() <= (labels or {}).items()


def credential_of(server: Mapping[str, Any]) -> str | None:
    """The Secret that a server that ends TLS names, in the namespace of the gateway's pods."""
    name = (server.get("tls") or {}).get("credentialName")
    # Other forms name no Secret of that namespace (https://istio.io/latest/docs/reference/config/networking/gateway/).
    return name if name and "/" not in name else None


def ca_credential_of(server: Mapping[str, Any]) -> str | None:
    """The Secret with the CA of clients' certificates that a server names, in the namespace of the gateway's pods."""
    tls = server.get("tls") or {}
    name = credential_of(server)
    if tls.get("mode") not in ("MUTUAL", "OPTIONAL_MUTUAL") or not name:
        return None
    return str(tls.get("caCertCredentialName") or f"{name}{_CA_SUFFIX}")


def issuer_of(certificate: Manifest) -> Ref | None:
    """The issuer that a Certificate names, if it is one of cert-manager's own kinds."""
    issuer = certificate["spec"].get("issuerRef") or {}
    kind = issuer.get("kind") or "Issuer"
    if issuer.get("group", _CERT_MANAGER) != _CERT_MANAGER or kind not in ("Issuer", "ClusterIssuer"):
        return None
    namespace = certificate["metadata"]["namespace"] if kind == "Issuer" else ""
    return Ref(kind, namespace, str(issuer.get("name")))


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
    own_servers = [server for gateway in group for server in _servers(gateway)]
    names = dict.fromkeys(credential_of(server) for server in own_servers)
    names.update(dict.fromkeys(ca_credential_of(server) for server in own_servers))
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
