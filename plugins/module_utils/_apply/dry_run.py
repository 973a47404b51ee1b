# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Lets the API server and its webhooks judge planned writes, without writing.

A dry run costs the API server as much as the write. Of thousands of exposures most differ only in their names, hosts
and destinations, which are checked without it; rights, installed CRDs and the webhooks' rules for the rest are the same
for all of them. So one of each such group is tried.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .._kubernetes.client import KubernetesClient
from .._kubernetes.errors import ClusterError, UnknownKindError
from .._kubernetes.objects import EXPOSURE, EXPOSURE_NAMESPACE, Manifest, Ref
from .._plan.credentials import with_needed_rights
from .._plan.steps import Step

# Fields that only say which object, which host or which Service it is about.
_NAMES = ("hosts", "gateways", "host", "credentialName", "secretName", "dnsNames", "exportTo")


def dry_run(client: KubernetesClient, step: Step, check_mode: bool) -> Manifest | None:
    """The object as a write would leave it; raises ClusterError if the API server or a webhook refuses it."""
    if not step.changes or step.desired is None:
        return step.live
    try:
        return client.apply(step.desired, dry_run=True)
    except ClusterError as error:
        # In check mode an earlier task has not created the namespace or installed the CRDs.
        if check_mode and (error.namespace_is_missing or isinstance(error, UnknownKindError)):
            return step.desired
        raise ClusterError(f"{step.ref}: {with_needed_rights(step.ref, error)}", error.status) from error


def one_of_each_shape(steps: Iterable[Step]) -> set[Ref]:
    """The objects to try: one of those that differ only in names."""
    by_shape: dict[str, Ref] = {}
    for step in steps:
        if step.changes and step.desired is not None:
            by_shape.setdefault(_shape(step.desired), step.ref)
    return set(by_shape.values())


def _shape(manifest: Manifest) -> str:
    metadata = manifest["metadata"]
    labels = {
        key: value for key, value in metadata.get("labels", {}).items() if key not in (EXPOSURE, EXPOSURE_NAMESPACE)
    }
    content = {key: _without_names(value) for key, value in manifest.items() if key != "metadata"}
    shape = [metadata["namespace"], labels, sorted(metadata.get("annotations", {})), content]
    return json.dumps(shape, sort_keys=True)


def _without_names(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: None if key in _NAMES else _without_names(inner) for key, inner in value.items()}
    return [_without_names(inner) for inner in value] if isinstance(value, list) else value
