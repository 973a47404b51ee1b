# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Kubernetes objects as data: their references, and the exposure that owns them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

Manifest = dict[str, Any]

FIELD_MANAGER = "gatehouse.istio"
MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGED = {MANAGED_BY: FIELD_MANAGER}
EXPOSURE = "gatehouse.istio/exposure"
EXPOSURE_NAMESPACE = "gatehouse.istio/exposure-namespace"
# On a Gateway: where its exposure's Certificate is, and (namespace/name) the Secret that was made of tls.client_ca. Who
# may not list the whole cluster finds by them what to remove.
PODS_NAMESPACE = "gatehouse.istio/pods-namespace"
CLIENT_CA = "gatehouse.istio/client-ca"
# The label by which shared Gateways are listed.
SHARED = "gatehouse.istio/shared"
# On a shared Gateway: what each exposure contributes, one annotation each.
CONTRIBUTION_PREFIX = "exposure.gatehouse.istio/"


class ExposureKey(NamedTuple):
    """Which exposure."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Ref(NamedTuple):
    """One object of the cluster."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


def plural(kind: str) -> str:
    """As people write several objects of a kind: Gateways, Ingresses, ServiceEntries."""
    if kind.endswith("ry"):
        return f"{kind[:-1]}ies"
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"


def ref(manifest: Manifest) -> Ref:
    """Which object a manifest or a live object is."""
    return Ref(manifest["kind"], manifest["metadata"]["namespace"], manifest["metadata"]["name"])


def ownership_labels(namespace: str, name: str) -> dict[str, str]:
    """The labels of an exposure's objects."""
    return {MANAGED_BY: FIELD_MANAGER, EXPOSURE: name, EXPOSURE_NAMESPACE: namespace}


def owner(live: Manifest) -> ExposureKey | None:
    """The exposure that a live object belongs to; None if it is not managed by us."""
    labels = live["metadata"].get("labels") or {}
    if labels.get(MANAGED_BY) != FIELD_MANAGER or not labels.get(EXPOSURE) or not labels.get(EXPOSURE_NAMESPACE):
        return None
    return ExposureKey(labels[EXPOSURE_NAMESPACE], labels[EXPOSURE])


def without_managed_fields(live: Manifest) -> Manifest:
    """A live object as it is shown to people."""
    metadata = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    return {**live, "metadata": metadata}


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Both dictionaries, key by key down to the leaves; null in the second one removes a key."""
    result = dict(base)
    for key, value in over.items():
        inner = result.get(key)
        inside = inner if isinstance(inner, Mapping) else {}
        result[key] = merged(inside, value) if isinstance(value, Mapping) else value
    return {key: value for key, value in result.items() if value is not None}
