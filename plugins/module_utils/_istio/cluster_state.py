# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What the checks must know of the cluster besides the exposures' own objects.

Nothing here fails for missing rights: what may not be read is unknown, and the state says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from .._kubernetes.errors import ForbiddenError, UnknownKindError
from .._kubernetes.objects import Manifest, Ref, ref
from .._kubernetes.reader import Reader, find_if_known
from .references import (
    full_name,
    secrets_named,
    services_named,
    subsets_used,
)
from .tls_secret import HAS_CRYPTOGRAPHY, TlsSecret, read_tls_secret
from .workloads import is_running, pods_namespaces

_SCOPE = "PILOT_SCOPE_GATEWAY_TO_NAMESPACE"


@dataclass(frozen=True, eq=False)
class ClusterState:
    """Objects as the API server returned them (with managedFields).

    services and tls_secrets were read by name: None means that there is none; those that are not in the mapping are
    unknown. `unknown` names everything that could not be read, and what is not checked therefore.
    """

    gateways: tuple[Manifest, ...] = ()
    virtual_services: tuple[Manifest, ...] = ()
    # Pods that the exposures' Gateways select, in all namespaces, and the Services of those namespaces.
    pods: tuple[Manifest, ...] = ()
    pods_are_known: bool = True
    gateway_services: tuple[Manifest, ...] = ()
    services: Mapping[Ref, Manifest | None] = field(default_factory=dict)
    destination_rules: tuple[Manifest, ...] | None = None
    tls_secrets: Mapping[Ref, TlsSecret | None] = field(default_factory=dict)
    # PILOT_SCOPE_GATEWAY_TO_NAMESPACE of istiod: a Gateway is only for pods of its own namespace.
    scoped_to_namespace: bool = False
    unknown: tuple[str, ...] = ()
    now: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    def gateway(self, name: str) -> Manifest | None:
        """The live Gateway of this namespace/name."""
        return next((live for live in self.gateways if full_name(live) == name), None)


def read_cluster_state(
    reader: Reader, desired: Iterable[Manifest], cluster_domain: str = "cluster.local", others: int = 10
) -> ClusterState:
    """The state around exposures whose manifests (or live objects) are given.

    The requests: one LIST each of Gateways, VirtualServices and istiod's Deployment, one of pods for each different
    selector, one of Services for each namespace with such pods; a GET for each destination and for each Secret that the
    exposures name, and for the Secrets of at most `others` other servers whose certificate might be valid for their
    hosts.
    """
    return ClusterStateReader(reader).read(list(desired), cluster_domain, others)


class ClusterStateReader:
    """Reads, and remembers what it was not allowed to read."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._unknown: dict[str, None] = {}
        self._forbidden: set[str] = set()

    def read(self, desired: list[Manifest], cluster_domain: str, others: int) -> ClusterState:
        namespaces = sorted({manifest["metadata"]["namespace"] for manifest in desired})
        gateways = self._everywhere("Gateway", namespaces)
        used = _gateways_used(desired, gateways)
        pods = self._pods(used)
        services = {at: self._get(at) for at in services_named(desired, cluster_domain)}
        return ClusterState(
            gateways=tuple(gateways),
            virtual_services=tuple(self._everywhere("VirtualService", namespaces)),
            pods=tuple(pods),
            pods_are_known="Pod" not in self._forbidden,
            gateway_services=tuple(live for name in pods_namespaces(pods) for live in self._find("Service", {}, name)),
            services={at: live for at, live in services.items() if not isinstance(live, Unknown)},
            destination_rules=self._destination_rules(desired),
            tls_secrets=self._tls_secrets(secrets_named(used, gateways, pods, others)),
            scoped_to_namespace=self._scoped(),
            unknown=tuple(self._unknown),
        )

    def _everywhere(self, kind: str, namespaces: list[str]) -> list[Manifest]:
        """In the whole cluster, or in the exposures' namespaces."""
        try:
            return find_if_known(self._reader, kind, {})
        except ForbiddenError:
            self._add_unknown(f"{kind}s of other namespaces", "whether they conflict with the exposure")
        return [live for namespace in namespaces for live in self._find(kind, {}, namespace)]

    def _find(self, kind: str, labels: Mapping[str, str], namespace: str | None) -> list[Manifest]:
        return self._find_if_allowed(kind, labels, namespace) or []

    def _find_if_allowed(self, kind: str, labels: Mapping[str, str], namespace: str | None) -> list[Manifest] | None:
        """None if these credentials may not list them."""
        try:
            return find_if_known(self._reader, kind, labels, namespace)
        except ForbiddenError:
            self._forbidden.add(kind)
            scope = f"of namespace {namespace}" if namespace else "of all namespaces"
            self._add_unknown(f"{kind}s {scope}", _CONSEQUENCES.get(kind, "what is in them"))
        return None

    def _pods(self, gateways: list[Manifest]) -> list[Manifest]:
        """The running pods that the Gateways select."""
        selectors = {tuple(sorted((gateway["spec"].get("selector") or {}).items())) for gateway in gateways}
        by_ref: dict[Ref, Manifest] = {}
        for selector in sorted(filter(None, selectors)):
            by_ref.update({ref(pod): pod for pod in self._find("Pod", dict(selector), None) if is_running(pod)})
        return [by_ref[at] for at in sorted(by_ref)]

    def _get(self, at: Ref) -> Manifest | Unknown | None:
        try:
            return self._reader.get(at)
        except (ForbiddenError, UnknownKindError):
            self._add_unknown(self._unknown_object(at), _CONSEQUENCES.get(at.kind, "what is in it"))
            return Unknown()

    def _unknown_object(self, at: Ref) -> str:
        return str(at)

    def _destination_rules(self, desired: list[Manifest]) -> tuple[Manifest, ...] | None:
        """All of them, if the exposures name subsets: they may be in several namespaces."""
        if not subsets_used(desired):
            return None
        rules = self._find_if_allowed("DestinationRule", {}, None)
        return None if rules is None else tuple(rules)

    def _tls_secrets(self, wanted: list[Ref]) -> dict[Ref, TlsSecret | None]:
        if wanted and not HAS_CRYPTOGRAPHY:
            self._unknown["certificates (Python's package cryptography is not installed)"] = None
        secrets: dict[Ref, TlsSecret | None] = {}
        for at in wanted:
            live = self._get(at)
            if not isinstance(live, Unknown):
                secrets[at] = read_tls_secret(live) if live else None
        return secrets

    def _scoped(self) -> bool:
        deployments = self._find("Deployment", {"app": "istiod"}, None)
        return bool(deployments) and all(_environment(live).get(_SCOPE, "").lower() == "true" for live in deployments)

    def _add_unknown(self, what: str, consequence: str) -> None:
        self._unknown[f"{what} ({consequence})"] = None


class Unknown:
    """An object that these credentials may not read."""


_CONSEQUENCES = {
    "Pod": "which gateways the selector matches, nor what else they serve",
    "Service": "to which ports of pods its ports lead, or whether it has the port that is asked for",
    "Secret": "whether its certificate is good for the hosts",
    "DestinationRule": "whether the subsets exist",
    "Deployment": "whether istiod has PILOT_SCOPE_GATEWAY_TO_NAMESPACE",
}


def _gateways_used(desired: list[Manifest], live: list[Manifest]) -> list[Manifest]:
    """The Gateways among the given manifests, and those that their VirtualServices name."""
    own = {full_name(manifest): manifest for manifest in desired if manifest["kind"] == "Gateway"}
    named = {name for manifest in desired for name in manifest.get("spec", {}).get("gateways") or []} - own.keys()
    return [*own.values(), *(gateway for gateway in live if full_name(gateway) in named)]


def _environment(deployment: Manifest) -> dict[str, str]:
    containers = deployment.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or []
    return {entry["name"]: entry.get("value", "") for container in containers for entry in container.get("env") or []}
