# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""How a task of istio_exposure flows: options → exposure → manifests → picture → plan → carry out and wait → result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.gatehouse.istio.plugins.module_utils._carry_out import (
    Result,
    UnfinishedError,
    Waiting,
    carry_out,
    step_result,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._checking import FindingsError, checked
from ansible_collections.gatehouse.istio.plugins.module_utils._checks import OptionError
from ansible_collections.gatehouse.istio.plugins.module_utils._cluster import Cluster, ClusterError
from ansible_collections.gatehouse.istio.plugins.module_utils._credentials import (
    check_given_client_ca,
    explained,
    find_pods_namespace,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._export_to import check_it_is_seen
from ansible_collections.gatehouse.istio.plugins.module_utils._exposure import Exposure, parse, parse_name
from ansible_collections.gatehouse.istio.plugins.module_utils._finding import parse_levels
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests import manifests, urls
from ansible_collections.gatehouse.istio.plugins.module_utils._objects import Manifest, Ref, ref
from ansible_collections.gatehouse.istio.plugins.module_utils._picture import Picture, look
from ansible_collections.gatehouse.istio.plugins.module_utils._plan import (
    UNCHANGED,
    OwnershipError,
    Step,
    diff,
    plan,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._probe_options import Probe, parse_probe
from ansible_collections.gatehouse.istio.plugins.module_utils._wait_served import prepare

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


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
    probe = parse_probe(module.params.get("probe"))
    levels = parse_levels(module.params["checks"])
    cluster = Cluster(module)
    pods_namespace = find_pods_namespace(module, cluster, exposure) if exposure else None
    desired = manifests(exposure, pods_namespace) if exposure else []
    picture = look(module, cluster, key, exposure, desired)
    if exposure:
        check_given_client_ca(module, cluster, key, exposure, pods_namespace)
        check_it_is_seen(module, cluster, exposure, picture)
    steps = plan(key, desired, picture, module.params["adopt"])
    found = checked(module, cluster, steps, levels)
    waiting = _waiting(module, cluster, exposure, desired, picture, probe)
    objects = _rehearse(cluster, steps, module.check_mode)
    if not module.check_mode:
        objects = carry_out(cluster, steps, waiting)
    return {
        "changed": any(entry["action"] != UNCHANGED for entry in objects),
        "objects": objects,
        "urls": _urls(exposure, desired, picture) if exposure else [],
        "diff": diff(steps),
        "findings": [finding.result() for finding in found],
        **_certificate(desired),
        **({"served": waiting.served} if waiting else {}),
    }


def _waiting(
    module: AnsibleModule,
    cluster: Cluster,
    exposure: Exposure | None,
    desired: list[Manifest],
    picture: Picture,
    probe: Probe,
) -> Waiting | None:
    """What the task waits for, if it is asked to; in check mode nothing waits."""
    if exposure is None or not module.params["wait"] or module.check_mode:
        return None
    watch = None
    if probe.enabled:
        route = next(manifest for manifest in desired if manifest["kind"] == "VirtualService")
        watch = prepare(module, cluster, exposure, _gateway(exposure, desired, picture), route, probe)
    return Waiting(module.params["wait_timeout"], watch)


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
        found.append(step_result(step, predicted))
    return found


def _urls(exposure: Exposure, desired: list[Manifest], picture: Picture) -> list[str]:
    if not exposure.is_http:
        return []
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
