# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.
"""The rehearsal: the API server and the webhooks judge writes by a dry run; and which ones, if there are many.

Each trial costs the API server as much as the write. Of thousands of exposures most differ only in their names, hosts
and destinations, which are checked without it; who may write where, what is installed and what the webhooks say of all
the rest is the same for them. So one of each such group is tried.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .._kubernetes.client import Cluster, ClusterError
from .._kubernetes.objects import (
    EXPOSURE,
    EXPOSURE_NAMESPACE,
    Manifest,
    Ref,
)
from .._plan.credentials import explained
from .._plan.steps import Step
from .apply import Result, step_result

# Fields that only say which object, which host or which Service it is about.
_NAMES = ("hosts", "gateways", "host", "credentialName", "secretName", "dnsNames", "exportTo")


def rehearse(cluster: Cluster, steps: list[Step], check_mode: bool) -> list[Result]:
    """Lets the API server and the webhooks judge every write before the first one; returns the predicted results."""
    found = []
    for step in steps:
        predicted = step.live
        if step.changes and step.desired is not None:
            try:
                predicted = cluster.apply(step.desired, dry_run=True)
            except ClusterError as error:
                if not (check_mode and (error.namespace_is_missing or error.kind_is_unknown)):
                    why = str(explained(step.ref, error)).rstrip(".")
                    raise ClusterError(f"{step.ref}: {why}. Nothing was changed.", error.status) from error
                predicted = step.desired
        found.append(step_result(step, predicted))
    return found


def one_of_each(steps: Iterable[Step]) -> set[Ref]:
    """The objects to try: of those that differ only in names, one."""
    found: dict[str, Ref] = {}
    for step in steps:
        if step.changes and step.desired is not None:
            found.setdefault(_shape(step.desired), step.ref)
    return set(found.values())


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
