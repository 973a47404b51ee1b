# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""How a task of istio_exposure flows: options → exposure → manifests → picture → plan → carry out → result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.gatehouse.istio.plugins.module_utils._checking import FindingsError, checked
from ansible_collections.gatehouse.istio.plugins.module_utils._checks import OptionError
from ansible_collections.gatehouse.istio.plugins.module_utils._cluster import Cluster, ClusterError
from ansible_collections.gatehouse.istio.plugins.module_utils._credentials import (
    check_given_client_ca,
    explained,
    find_pods_namespace,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._exposure import Exposure, parse, parse_name
from ansible_collections.gatehouse.istio.plugins.module_utils._finding import parse_levels
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
from ansible_collections.gatehouse.istio.plugins.module_utils._wait import until_ready

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Result = dict[str, Any]


class UnfinishedError(Exception):
    """A task ended midway: the sentence says what failed and why, what was done before it, and what was not tried."""

    def __init__(self, failure: str, done: list[Result], not_tried: list[Step]) -> None:
        changed = [f"{entry['kind']} {entry['namespace']}/{entry['name']} {entry['action']}" for entry in done]
        parts = [
            f"{failure.rstrip('.')}.",
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
    except FindingsError as error:
        module.fail_json(msg=str(error), findings=[finding.result() for finding in error.found])
    except UnfinishedError as error:
        module.fail_json(msg=str(error), changed=bool(error.done), objects=error.done)
    module.exit_json(**result)


def _run(module: AnsibleModule) -> Result:
    key = parse_name(module.params)
    exposure = parse(module.params) if module.params["state"] == "present" else None
    levels = parse_levels(module.params["checks"])
    cluster = Cluster(module)
    pods_namespace = find_pods_namespace(module, cluster, exposure) if exposure else None
    desired = manifests(exposure, pods_namespace) if exposure else []
    picture = look(module, cluster, key, exposure, desired)
    if exposure:
        check_given_client_ca(module, cluster, key, exposure, pods_namespace)
    steps = plan(key, desired, picture, module.params["adopt"])
    found = checked(module, cluster, desired, levels, any(step.changes for step in steps))
    objects = _rehearse(cluster, steps, module.check_mode)
    if not module.check_mode:
        objects = _carry_out(cluster, steps, module.params["wait_timeout"] if module.params["wait"] else None)
    return {
        "changed": any(step.changes for step in steps),
        "objects": objects,
        "urls": _urls(exposure, desired, picture) if exposure else [],
        "diff": diff(steps),
        "findings": [finding.result() for finding in found],
        **_certificate(desired),
    }


def _rehearse(cluster: Cluster, steps: list[Step], check_mode: bool) -> list[Result]:
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
        found.append(_result(step, predicted))
    return found


def _carry_out(cluster: Cluster, steps: list[Step], wait_timeout: float | None) -> list[Result]:
    """Does every step; with a time-out, what comes after a Certificate waits until it is ready."""
    found: list[Result] = []
    for index, step in enumerate(steps):
        failure = f"{step.ref} was not {step.action}: "
        try:
            live = _write(cluster, step)
            found.append(_result(step, live))
            if step.ref.kind == "Certificate" and step.desired and live and wait_timeout is not None:
                failure = ""
                found[-1] = _result(step, until_ready(cluster, live, wait_timeout))
        except ClusterError as error:
            done = [entry for entry in found if entry["action"] != UNCHANGED]
            not_tried = [later for later in steps[index + 1 :] if later.changes]
            raise UnfinishedError(f"{failure}{explained(step.ref, error)}", done, not_tried) from error
    return found


def _write(cluster: Cluster, step: Step) -> Manifest | None:
    if step.action == DELETED and step.live is not None:
        cluster.delete(step.live)
    elif step.changes and step.desired is not None:
        return cluster.apply(step.desired)
    return step.live


def _result(step: Step, live: Manifest | None) -> Result:
    at = step.ref
    definition = without_managed_fields(live) if live else None
    if at.kind == "Secret":  # of ours it holds only what is public; of others it may hold anything
        names = {"name": at.name, "namespace": at.namespace}
        ours = step.after or step.before
        definition = {"apiVersion": "v1", "kind": at.kind, **ours, "metadata": {**ours.get("metadata", {}), **names}}
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
    redirected = exposure.gateway.http_port if exposure.tls.redirect else None
    return urls(exposure.hosts, gateway["spec"].get("servers") or [], redirected) if gateway else []


def _certificate(desired: list[Manifest]) -> Result:
    for manifest in desired:
        if manifest["kind"] == "Certificate":
            at = ref(manifest)
            return {
                "certificate": {"namespace": at.namespace, "name": at.name, "secret": manifest["spec"]["secretName"]}
            }
    return {}
