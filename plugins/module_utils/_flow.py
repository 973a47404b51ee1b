# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""How a task of istio_exposure flows: options → exposure → manifests → picture → plan → carry out → wait → result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.gatehouse.istio.plugins.module_utils._checks import OptionError
from ansible_collections.gatehouse.istio.plugins.module_utils._cluster import Cluster, ClusterError
from ansible_collections.gatehouse.istio.plugins.module_utils._credentials import (
    check_given_client_ca,
    explained,
    find_pods_namespace,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._exposure import Exposure, parse, parse_name
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
    UPDATED,
    OwnershipError,
    Step,
    diff,
    plan,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._probe_options import parse_probe
from ansible_collections.gatehouse.istio.plugins.module_utils._wait import Limit, until_ready
from ansible_collections.gatehouse.istio.plugins.module_utils._wait_served import Watch, prepare, until_served

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Result = dict[str, Any]


class UnfinishedError(Exception):
    """A task ended midway: the sentence says what failed and why, what was done before it, and what was not tried."""

    def __init__(self, failure: str, done: list[Result], not_tried: list[Step]) -> None:
        left = [str(step.ref) for step in not_tried if step.action == DELETED]
        later = [str(step.ref) for step in not_tried if step.action != DELETED]
        changed = [f"{entry['kind']} {entry['namespace']}/{entry['name']} {entry['action']}" for entry in done]
        parts = [
            f"{failure.rstrip('.')}.",
            f"Already done: {', '.join(changed)}." if changed else "Nothing was changed before it.",
            f"Not tried: {', '.join(later)}." if later else "",
            f"Not removed: {', '.join(left)}." if left else "",
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
    probe = parse_probe(module.params.get("probe"))
    cluster = Cluster(module)
    pods_namespace = find_pods_namespace(module, cluster, exposure) if exposure else None
    desired = manifests(exposure, pods_namespace) if exposure else []
    picture = look(module, cluster, key, exposure, desired)
    if exposure:
        check_given_client_ca(module, cluster, key, exposure, pods_namespace)
    steps = plan(key, desired, picture, module.params["adopt"])
    waiting = None
    if exposure and module.params["wait"] and not module.check_mode:
        gateway = _gateway(exposure, desired, picture)
        route = next(manifest for manifest in desired if manifest["kind"] == "VirtualService")
        watch = prepare(module, cluster, exposure, gateway, route, probe) if probe.enabled else None
        waiting = Waiting(module.params["wait_timeout"], watch)
    objects = _rehearse(cluster, steps, module.check_mode)
    if not module.check_mode:
        objects = _carry_out(cluster, steps, waiting)
    return {
        "changed": any(step.changes for step in steps),
        "objects": objects,
        "urls": _urls(exposure, desired, picture) if exposure else [],
        "diff": diff(steps),
        **_certificate(desired),
        **({"served": waiting.served} if waiting else {}),
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


@dataclass
class Waiting:
    """How long a task waits, and for what besides its certificate."""

    seconds: float
    watch: Watch | None
    served: list[Result] = field(default_factory=list)


def _carry_out(cluster: Cluster, steps: list[Step], waiting: Waiting | None) -> list[Result]:
    """Does every step. Who waits, does so after a Certificate until it is ready, and after all else is written until
    that is served: only then what it replaces is deleted, but for Gateways that keep it from being served.
    """
    found: list[Result] = []
    limit = Limit.starting_now(waiting.seconds) if waiting else None
    first = [step for step in steps if not _goes_last(step, waiting)]
    steps = first + [step for step in steps if _goes_last(step, waiting)]
    for index, step in enumerate(steps):
        failure = f"{step.ref} was not {step.action}: "
        try:
            live = _write(cluster, step)
            found.append(_result(step, live))
            failure = ""
            if step.ref.kind == "Certificate" and step.desired and live and limit:
                found[-1] = _result(step, until_ready(cluster, live, limit))
            if waiting and waiting.watch and limit and index + 1 == len(first):
                waiting.served = until_served(waiting.watch, limit, _changed_what_was_there(first))
        except ClusterError as error:
            done = [entry for entry in found if entry["action"] != UNCHANGED]
            not_tried = [later for later in steps[index + 1 :] if later.changes]
            raise UnfinishedError(f"{failure}{explained(step.ref, error)}", done, not_tried) from error
    return found


def _goes_last(step: Step, waiting: Waiting | None) -> bool:
    """Whether an object is deleted when all else is served."""
    if step.action != DELETED or step.live is None:
        return False
    return not (waiting and waiting.watch and waiting.watch.is_kept_from(step.live))


def _changed_what_was_there(steps: list[Step]) -> bool:
    return any(step.action == UPDATED and step.ref.kind in ("Gateway", "VirtualService") for step in steps)


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
    gateway = _gateway(exposure, desired, picture)
    redirected = exposure.gateway.http_port if exposure.tls.redirect else None
    return urls(exposure.hosts, gateway["spec"].get("servers") or [], redirected) if gateway else []


def _gateway(exposure: Exposure, desired: list[Manifest], picture: Picture) -> Manifest | None:
    at = Ref("Gateway", exposure.gateway.namespace, exposure.gateway.name)
    return {**picture.objects, **{ref(manifest): manifest for manifest in desired}}.get(at)


def _certificate(desired: list[Manifest]) -> Result:
    for manifest in desired:
        if manifest["kind"] == "Certificate":
            at = ref(manifest)
            return {
                "certificate": {"namespace": at.namespace, "name": at.name, "secret": manifest["spec"]["secretName"]}
            }
    return {}
