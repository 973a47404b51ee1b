# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""How a task of istio_exposure flows: options → exposure → manifests → picture → plan → carry out → result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.gatehouse.istio.plugins.module_utils._cluster import Cluster, ClusterError
from ansible_collections.gatehouse.istio.plugins.module_utils._exposure import (
    Exposure,
    OptionError,
    parse,
    parse_name,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests import manifests, urls
from ansible_collections.gatehouse.istio.plugins.module_utils._objects import (
    Manifest,
    Ref,
    ref,
    without_managed_fields,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._picture import Picture, look
from ansible_collections.gatehouse.istio.plugins.module_utils._plan import (
    DELETED,
    UNCHANGED,
    OwnershipError,
    Step,
    diff,
    plan,
)

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Result = dict[str, Any]


class UnfinishedError(Exception):
    """A write failed: the sentence says what was done before it, what failed and why, and what was not tried."""

    def __init__(self, done: list[Result], failed: Step, not_tried: list[Step], why: ClusterError) -> None:
        changed = [f"{entry['kind']} {entry['namespace']}/{entry['name']} {entry['action']}" for entry in done]
        parts = [
            f"{failed.ref} was not {failed.action}: {str(why).rstrip('.')}.",
            f"Already done: {', '.join(changed)}." if changed else "Nothing was changed before it.",
            f"Not tried: {', '.join(str(step.ref) for step in not_tried)}." if not_tried else "",
            "Run the task again to finish it.",
        ]
        super().__init__(" ".join(part for part in parts if part))
        self.done = done


def run_exposure(module: AnsibleModule) -> None:
    """Carries out one task and ends the module: the only place where exceptions become fail_json."""
    try:
        result = _run(module)
    except (OptionError, OwnershipError, ClusterError) as error:
        module.fail_json(msg=str(error))
    except UnfinishedError as error:
        module.fail_json(msg=str(error), changed=bool(error.done), objects=error.done)
    module.exit_json(**result)


def _run(module: AnsibleModule) -> Result:
    key = parse_name(module.params)
    exposure = parse(module.params) if module.params["state"] == "present" else None
    desired = manifests(exposure) if exposure else []
    cluster = Cluster(module)
    picture = look(module, cluster, key, exposure, desired)
    steps = plan(key, desired, picture, module.params["adopt"])
    objects = _rehearse(cluster, steps, module.check_mode)
    if not module.check_mode:
        objects = _carry_out(cluster, steps)
    return {
        "changed": any(step.changes for step in steps),
        "objects": objects,
        "urls": _urls(exposure, desired, picture) if exposure else [],
        "diff": diff(steps),
    }


def _rehearse(cluster: Cluster, steps: list[Step], check_mode: bool) -> list[Result]:
    """Lets the API server and Istio's webhook judge every write before the first one; returns the predicted results."""
    found = []
    for step in steps:
        predicted = step.live
        if step.changes and step.desired is not None:
            try:
                predicted = cluster.apply(step.desired, dry_run=True)
            except ClusterError as error:
                if not (check_mode and (error.namespace_is_missing or error.kind_is_unknown)):
                    raise ClusterError(f"{step.ref}: {error} Nothing was changed.", error.status) from error
                predicted = step.desired
        found.append(_result(step, predicted))
    return found


def _carry_out(cluster: Cluster, steps: list[Step]) -> list[Result]:
    found: list[Result] = []
    for index, step in enumerate(steps):
        live = step.live
        try:
            if step.action == DELETED and live is not None:
                cluster.delete(live)
            elif step.changes and step.desired is not None:
                live = cluster.apply(step.desired)
        except ClusterError as error:
            done = [entry for entry in found if entry["action"] != UNCHANGED]
            raise UnfinishedError(
                done, step, [later for later in steps[index + 1 :] if later.changes], error
            ) from error
        found.append(_result(step, live))
    return found


def _result(step: Step, live: Manifest | None) -> Result:
    definition = without_managed_fields(live) if live else None
    at = step.ref
    return {
        "action": step.action,
        "kind": at.kind,
        "namespace": at.namespace,
        "name": at.name,
        "definition": definition,
    }


def _urls(exposure: Exposure, desired: list[Manifest], picture: Picture) -> list[str]:
    at = Ref("Gateway", exposure.gateway.namespace, exposure.gateway.name)
    gateway = {**picture.objects, **{ref(manifest): manifest for manifest in desired}}.get(at)
    return urls(exposure.hosts, gateway["spec"].get("servers") or []) if gateway else []
