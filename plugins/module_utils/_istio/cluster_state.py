# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What the checks must know of the cluster besides the exposure's own objects: the neighbours and the ground.

Nothing here fails for missing rights: what may not be read is not known, and the surroundings say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from .._kubernetes.client import FORBIDDEN, ClusterError
from .._kubernetes.objects import Manifest, Ref, ref
from .._kubernetes.reader import Reader
from .references import (
    full_name,
    secrets_named,
    services_named,
    subsets_used,
)
from .tls_secret import (
    CAN_READ_CERTIFICATES,
    Credential,
    credential,
)

_ENDED = ("Succeeded", "Failed")
_SCOPE = "PILOT_SCOPE_GATEWAY_TO_NAMESPACE"


@dataclass(frozen=True, eq=False)
class Surroundings:
    """One look around. Objects are as the API server gave them (with managedFields).

    services and credentials were asked for by name: None says that there is none, and what is not in them is not known.
    unknown names each thing that could not be read, and what is not checked for it.
    """

    gateways: tuple[Manifest, ...] = ()
    virtual_services: tuple[Manifest, ...] = ()
    # Pods that the exposures' Gateways select, in all namespaces, and the Services of those namespaces.
    pods: tuple[Manifest, ...] = ()
    pods_are_known: bool = True
    gateway_services: tuple[Manifest, ...] = ()
    services: Mapping[Ref, Manifest | None] = field(default_factory=dict)
    destination_rules: tuple[Manifest, ...] | None = None
    credentials: Mapping[Ref, Credential | None] = field(default_factory=dict)
    # PILOT_SCOPE_GATEWAY_TO_NAMESPACE of istiod: a Gateway is only for pods of its own namespace.
    scoped_to_namespace: bool = False
    unknown: tuple[str, ...] = ()
    now: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    def gateway(self, name: str) -> Manifest | None:
        """The live Gateway of this namespace/name."""
        return next((live for live in self.gateways if full_name(live) == name), None)


def look_around(
    cluster: Reader, desired: Iterable[Manifest], cluster_domain: str = "cluster.local", others: int = 10
) -> Surroundings:
    """The surroundings of exposures whose manifests (or live objects) are given.

    The requests: one LIST each of Gateways, VirtualServices and istiod's Deployment, one of pods for each different
    selector, one of Services for each namespace with such pods; a GET for each destination and for each Secret that the
    exposures name, and for the Secrets of at most `others` neighbours whose certificate might be valid for their hosts.
    """
    return Look(cluster).around(list(desired), cluster_domain, others)


class Look:
    """Reads, and remembers what it was not allowed to read."""

    def __init__(self, cluster: Reader) -> None:
        self._cluster = cluster
        self._unknown: dict[str, None] = {}
        self._forbidden: set[str] = set()

    def around(self, desired: list[Manifest], cluster_domain: str, others: int) -> Surroundings:
        near = sorted({manifest["metadata"]["namespace"] for manifest in desired})
        gateways = self._everywhere("Gateway", near)
        used = _gateways_used(desired, gateways)
        pods = self._pods(used)
        namespaces = sorted({pod["metadata"]["namespace"] for pod in pods})
        services = {at: self._get(at) for at in services_named(desired, cluster_domain)}
        return Surroundings(
            gateways=tuple(gateways),
            virtual_services=tuple(self._everywhere("VirtualService", near)),
            pods=tuple(pods),
            pods_are_known="Pod" not in self._forbidden,
            gateway_services=tuple(live for name in namespaces for live in self._find("Service", {}, name)),
            services={at: live for at, live in services.items() if not isinstance(live, NotKnown)},
            destination_rules=self._destination_rules(desired),
            credentials=self._credentials(secrets_named(used, gateways, pods, others)),
            scoped_to_namespace=self._scoped(),
            unknown=tuple(self._unknown),
        )

    def _everywhere(self, kind: str, namespaces: list[str]) -> list[Manifest]:
        """In the whole cluster, or where the exposures are."""
        try:
            return self._cluster.find(kind, {})
        except ClusterError as error:
            if error.kind_is_unknown:
                return []
            if error.status != FORBIDDEN:
                raise
        self._not_known(f"{kind}s of other namespaces", "whether they get in the way")
        return [live for namespace in namespaces for live in self._find(kind, {}, namespace)]

    def _find(self, kind: str, labels: Mapping[str, str], namespace: str | None) -> list[Manifest]:
        return self._readable(kind, labels, namespace) or []

    def _readable(self, kind: str, labels: Mapping[str, str], namespace: str | None) -> list[Manifest] | None:
        """None if it may not be read."""
        try:
            return self._cluster.find(kind, labels, namespace)
        except ClusterError as error:
            if error.status != FORBIDDEN and not error.kind_is_unknown:
                raise
            if not error.kind_is_unknown:
                self._forbidden.add(kind)
                where = f"of namespace {namespace}" if namespace else "of all namespaces"
                self._not_known(f"{kind}s {where}", _CONSEQUENCES.get(kind, "what is in them"))
                return None
            return []

    def _pods(self, used: list[Manifest]) -> list[Manifest]:
        selectors = {tuple(sorted((gateway["spec"].get("selector") or {}).items())) for gateway in used}
        found: dict[Ref, Manifest] = {}
        for selector in sorted(selectors):
            for pod in self._find("Pod", dict(selector), None) if selector else []:
                if pod.get("status", {}).get("phase") not in _ENDED and not pod["metadata"].get("deletionTimestamp"):
                    found[ref(pod)] = pod
        return [found[at] for at in sorted(found)]

    def _get(self, at: Ref) -> Manifest | NotKnown | None:
        try:
            return self._cluster.get(at)
        except ClusterError as error:
            if error.status != FORBIDDEN and not error.kind_is_unknown:
                raise
            self._not_known(self._said(at), _CONSEQUENCES.get(at.kind, "what is in it"))
            return NotKnown()

    def _said(self, at: Ref) -> str:
        return str(at)

    def _destination_rules(self, desired: list[Manifest]) -> tuple[Manifest, ...] | None:
        """All of them, if the exposures name subsets: they may be in several namespaces."""
        if not subsets_used(desired):
            return None
        found = self._find("DestinationRule", {}, None)
        return None if "DestinationRule" in self._forbidden else tuple(found)

    def _credentials(self, wanted: list[Ref]) -> dict[Ref, Credential | None]:
        if wanted and not CAN_READ_CERTIFICATES:
            self._unknown["certificates (Python's package cryptography is not installed)"] = None
        found: dict[Ref, Credential | None] = {}
        for at in wanted:
            live = self._get(at)
            if not isinstance(live, NotKnown):
                found[at] = credential(live) if live else None
        return found

    def _scoped(self) -> bool:
        deployments = self._find("Deployment", {"app": "istiod"}, None)
        return bool(deployments) and all(_environment(live).get(_SCOPE, "").lower() == "true" for live in deployments)

    def _not_known(self, what: str, consequence: str) -> None:
        self._unknown[f"{what} ({consequence})"] = None


class NotKnown:
    """What these credentials may not read."""


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
    return [*own.values(), *(found for found in live if full_name(found) in named)]


def _environment(deployment: Manifest) -> dict[str, str]:
    containers = deployment.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or []
    return {entry["name"]: entry.get("value", "") for one in containers for entry in one.get("env") or []}
