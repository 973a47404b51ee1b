# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""How a task of istio_exposure flows: options → exposure → manifests → picture → plan → carry out and wait → result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._apply.apply import (
    Result,
    UnfinishedError,
    carry_out,
    prepare_waiting,
)
from .._apply.dry_run import rehearse
from .._checks.finding import parse_levels
from .._kubernetes.client import Cluster, ClusterError
from .._options.exposure import parse, parse_name
from .._options.probe import parse_probe
from .._options.values import OptionError
from .._plan.exposure import decide
from .._plan.steps import (
    UNCHANGED,
    OwnershipError,
    diff,
)
from .gate import FindingsError, checked

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
    decision = decide(module, cluster, key, exposure, module.params["adopt"])
    found = checked(module, cluster, decision.steps, levels)
    waiting = None
    if module.params["wait"] and not module.check_mode:
        waiting = prepare_waiting(module, cluster, decision, probe, module.params["wait_timeout"])
    objects = rehearse(cluster, decision.steps, module.check_mode)
    if not module.check_mode:
        objects = carry_out(cluster, decision.steps, waiting)
    return {
        "changed": any(entry["action"] != UNCHANGED for entry in objects),
        "objects": objects,
        "urls": decision.urls(),
        "diff": diff(decision.steps),
        "findings": [finding.result() for finding in found],
        **decision.certificate(),
        **({"served": waiting.served} if waiting else {}),
    }
