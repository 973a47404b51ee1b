# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""How a task of istio_exposure_info flows: options → one look → exposures, findings, drift → query → result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import missing_required_lib

from .._checks.context import Scenes
from .._checks.finding import with_levels
from .._checks.registry import findings_in
from .._info.describe import exposures, objects_of
from .._info.drift import Comparison
from .._info.read import Seen, look_at_all
from .._istio.references import full_name, gateway_names
from .._kubernetes.client import Cluster, ClusterError
from .._kubernetes.compact import lasting
from .._kubernetes.objects import ref
from .._options.info import (
    JMESPATH_IMPORT_ERROR,
    Asked,
    parse_info,
    parse_query,
)
from .._options.values import OptionError

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Result = dict[str, Any]


def run_info(module: AnsibleModule) -> None:
    """Carries out one task and ends the module: the only place where exceptions become fail_json."""
    try:
        with lasting():
            result = _run(module)
    except (OptionError, ClusterError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


def _run(module: AnsibleModule) -> Result:
    query = module.params["query"]
    if query is not None and JMESPATH_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("jmespath", "for option query"), exception=JMESPATH_IMPORT_ERROR)
    asked = parse_info(module.params)
    ask = parse_query(query) if query is not None else None
    seen = look_at_all(Cluster(module), asked)
    if seen.around.unknown:
        module.warn(f"Not known: {'; '.join(seen.around.unknown)}.")
    found = result(seen, asked)
    return {"changed": False, **found, **({"answer": ask(found["exposures"])} if ask else {})}


def result(seen: Seen, asked: Asked) -> Result:
    """What the task returns, but for its query. Pure."""
    entries = exposures(seen)
    if asked.levels is not None:
        for entry, found in zip(entries, _findings(seen, asked), strict=True):
            entry["findings"] = found
    if asked.desired is None:
        return {"exposures": entries}
    comparison = Comparison(seen, asked)
    for entry in entries:
        entry["drift"] = comparison.drift((entry["namespace"], entry["name"]))
    return {"exposures": entries, "missing": comparison.missing(), "orphans": comparison.orphans()}


def _findings(seen: Seen, asked: Asked) -> list[list[Result]]:
    """Of each selected exposure, by namespace and name."""
    scenes = Scenes(seen.around, asked.cluster_domain)
    gateways = {full_name(live): live for live in seen.around.gateways}
    found = []
    for live in sorted(seen.selected, key=ref):
        named = [gateways[name] for name in dict.fromkeys(gateway_names(live)) if name in gateways]
        levels = with_levels(findings_in(scenes.scene(objects_of(live, named))), asked.levels or {})
        found.append([finding.result() for finding in levels])
    return found
