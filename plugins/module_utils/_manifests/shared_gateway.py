# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""A Gateway that several exposures share: the contribution of each, and the Gateway with all of them. Pure.

The Gateway has an annotation for each contribution, from which spec.servers is computed at every change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._istio.hosts import is_within
from .._kubernetes.objects import (
    CONTRIBUTION_PREFIX,
    FIELD_MANAGER,
    MANAGED_BY,
    SHARED,
    ExposureKey,
    Manifest,
    Ref,
    owner,
    ref,
)
from .conflicts import Conflicts
from .contribution import (
    SEPARATE,
    Contribution,
    SharedGatewayError,
    annotation_key,
    ends_tls_of_connections,
    parse_contribution,
    protocol_family,
    serialize,
    to_json,
)

_LABELS = {MANAGED_BY: FIELD_MANAGER, SHARED: "true"}
# Kubernetes' limit in bytes for all annotations of an object, keys and values
# (TotalAnnotationSizeLimitB in k8s.io/apimachinery/pkg/api/validation).
ANNOTATIONS_LIMIT = 256 * 1024


@dataclass(frozen=True)
class Change:
    """A change of a shared Gateway: one exposure's contribution is added or replaced, or removed (None).

    old is what the exposure had there. together are changes of other exposures of the task without which this one would
    conflict with what they had: they are written with it.
    """

    at: Ref
    exposure: ExposureKey
    contribution: Contribution | None
    old: Contribution | None = None
    together: tuple[Change, ...] = ()

    def applied_to(self, live: Manifest | None, is_checked: bool = True) -> Manifest | None:
        """The whole Gateway after this change and those together with it; None if no exposure is left on it.

        Raises SharedGatewayError, if is_checked also for what the exposures cannot have together.
        """
        if live is not None and not is_shared(live):
            raise SharedGatewayError(_unshared_message(live, self.exposure))
        changes = (self, *self.together)
        changed = {annotation_key(change.exposure) for change in changes}
        annotations = {key: text for key, text in _contribution_annotations(live).items() if key not in changed}
        contributions = [parse_contribution(self.at, key, text) for key, text in annotations.items()]
        conflicts = Conflicts(self.at, contributions if is_checked else ())
        for mine in [change.contribution for change in changes if change.contribution]:
            if is_checked:
                conflicts.check(mine)
                conflicts.add(mine)
            contributions.append(mine)
            annotations[annotation_key(mine.exposure)] = serialize(mine)
        if self.contribution is not None:
            _check_size(self.at, annotations)
        return _manifest(self.at, contributions, annotations) if contributions else None


def shared_gateway(at: Ref, contribution: Contribution) -> Manifest:
    """The shared Gateway with a single exposure."""
    return _manifest(at, [contribution], {annotation_key(contribution.exposure): serialize(contribution)})


def is_shared(gateway: Manifest) -> bool:
    """Whether the object is a Gateway with the labels of a shared one."""
    labels = gateway["metadata"].get("labels") or {}
    return gateway["kind"] == "Gateway" and all(labels.get(key) == value for key, value in _LABELS.items())


def is_on(gateway: Manifest, exposure: ExposureKey) -> bool:
    """Whether the Gateway is a shared one with a contribution of the exposure."""
    return is_shared(gateway) and annotation_key(exposure) in _contribution_annotations(gateway)


def belongs_to(live: Manifest, exposure: ExposureKey) -> bool:
    """Whether a live object is labelled as the exposure's own, or is a shared Gateway that the exposure is on."""
    return owner(live) == exposure or is_on(live, exposure)


def contribution_of(gateway: Manifest, exposure: ExposureKey) -> Contribution | None:
    """The exposure's contribution to a Gateway; None if it is not on it. Raises SharedGatewayError."""
    if not is_on(gateway, exposure):
        return None
    key = annotation_key(exposure)
    return parse_contribution(ref(gateway), key, _contribution_annotations(gateway)[key])


def contributions_on(gateway: Manifest) -> list[Contribution]:
    """All contributions to a shared Gateway. Raises SharedGatewayError."""
    return [parse_contribution(ref(gateway), key, text) for key, text in _contribution_annotations(gateway).items()]


def exposures_on(gateway: Manifest) -> list[str]:
    """The exposures on a shared Gateway as namespace/name, sorted. Raises SharedGatewayError."""
    return sorted(str(contribution.exposure) for contribution in contributions_on(gateway))


def only_changes(before: Manifest, after: Manifest) -> tuple[Manifest, Manifest]:
    """Both Gateways without the contributions and servers that are the same in both, for a short diff."""
    if before == after:
        return before, after

    def pruned(this: Manifest, other: Manifest) -> Manifest:
        other_annotations = _annotations(other)
        annotations = {key: text for key, text in _annotations(this).items() if other_annotations.get(key) != text}
        servers = [server for server in _servers(this) if server not in _servers(other)]
        metadata = {**this.get("metadata", {}), "annotations": annotations}
        return {**this, "metadata": metadata, "spec": {**this.get("spec", {}), "servers": servers}}

    return pruned(before, after) if before else before, pruned(after, before) if after else after


def _annotations(gateway: Manifest) -> dict[str, str]:
    return gateway.get("metadata", {}).get("annotations") or {}


def _servers(gateway: Manifest) -> list[dict[str, Any]]:
    return gateway.get("spec", {}).get("servers") or []


def _contribution_annotations(gateway: Manifest | None) -> dict[str, str]:
    """The serialized contributions by annotation key, sorted."""
    annotations = _annotations(gateway) if gateway else {}
    return {key: text for key, text in sorted(annotations.items()) if key.startswith(CONTRIBUTION_PREFIX)}


def _manifest(at: Ref, contributions: list[Contribution], annotations: Mapping[str, str]) -> Manifest:
    metadata = {"name": at.name, "namespace": at.namespace, "labels": dict(_LABELS), "annotations": dict(annotations)}
    spec = {"selector": dict(contributions[-1].selector), "servers": merged_servers(contributions)}
    return {"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": metadata, "spec": spec}


def merged_servers(contributions: Iterable[Contribution]) -> list[dict[str, Any]]:
    """The Gateway's spec.servers: servers that differ only in their hosts become one server.

    So all hosts of one certificate are on one server, which a browser needs when it reuses an HTTP/2 connection for
    another of them (RFC 9113, section 9.1.1). A server is named by its settings, so its name does not change when
    exposures come or go.
    """
    by_settings: dict[tuple[int, str, str], dict[str, Any]] = {}
    hosts: dict[tuple[int, str, str], set[str]] = {}
    for contribution in contributions:
        for server in contribution.servers:
            number, protocol = server["port"]["number"], server["port"]["protocol"]
            settings = {key: value for key, value in server.items() if key not in ("hosts", "port")}
            # Connections carry nothing but the server name: on one server, all would go to one exposure's Service.
            is_alone = contribution.separate or ends_tls_of_connections(server)
            if is_alone and protocol_family(server) == "TLS":
                settings = {SEPARATE: str(contribution.exposure), **settings}
            key = (number, protocol, to_json(settings))
            name = f"{protocol.lower()}-{number}"
            if settings:
                name += f"-{hashlib.sha256(to_json(settings).encode()).hexdigest()[:8]}"
            hosts.setdefault(key, set()).update(server["hosts"])
            port = {"number": number, "name": name, "protocol": protocol}
            by_settings[key] = {**server, "port": port}
    return [{**by_settings[key], "hosts": _widest(hosts[key])} for key in sorted(by_settings)]


def _widest(hosts: set[str]) -> list[str]:
    """The hosts without those that a wildcard has, too, sorted.

    istiod gives a wildcard's routes to all narrower hosts of the server, too, and there the older VirtualService comes
    first. A host that only its VirtualService names has no other routes.
    """
    wildcards = [host for host in hosts if host.startswith("*")]
    return sorted(host for host in hosts if not any(host != wide and is_within(host, wide) for wide in wildcards))


def _check_size(at: Ref, annotations: Mapping[str, str]) -> None:
    size = sum(len(key.encode()) + len(text.encode()) for key, text in annotations.items())
    if size > ANNOTATIONS_LIMIT:
        raise SharedGatewayError(
            f"gateway.shared: {at} is full, because its {len(annotations)} exposures would need {size} bytes of "
            f"annotations, and Kubernetes allows {ANNOTATIONS_LIMIT}; share another Gateway."
        )


def _unshared_message(live: Manifest, exposure: ExposureKey) -> str:
    owner_key = owner(live)
    if owner_key == exposure:
        return f"gateway.shared: {ref(live)} is this exposure's own Gateway; choose another name for the shared one."
    problem = (
        f"belongs to the exposure {owner_key}" if owner_key else "exists and is not a shared Gateway of this module"
    )
    return f"gateway.shared: {ref(live)} {problem}; choose another name, or attach to it with gateway.existing."
