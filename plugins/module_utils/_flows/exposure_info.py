# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The task of istio_exposure_info: options → reads → exposures, findings, drift → query → result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import missing_required_lib

from .._checks.context import Analysis
from .._checks.registry import find_in, with_levels
from .._info.describe import describe_exposures, objects_of
from .._info.drift import Comparison
from .._info.read import LiveExposures, read_exposures
from .._istio.references import full_name, gateway_names
from .._kubernetes.client import KubernetesClient
from .._kubernetes.compact import long_lived_objects
from .._kubernetes.errors import ClusterError
from .._kubernetes.objects import ExposureKey, ref
from .._options.info import (
    JMESPATH_IMPORT_ERROR,
    InfoRequest,
    parse_info,
    parse_query,
)
from .._options.values import OptionError

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Result = dict[str, Any]


def run_info(module: AnsibleModule) -> None:
    """Does the task and ends the module."""
    try:
        with long_lived_objects():
            result = _run(module)
    except (OptionError, ClusterError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


def _run(module: AnsibleModule) -> Result:
    query = module.params["query"]
    if query is not None and JMESPATH_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("jmespath", "for option query"), exception=JMESPATH_IMPORT_ERROR)
    request = parse_info(module.params)
    answer_query = parse_query(query) if query is not None else None
    live = read_exposures(KubernetesClient(module), request)
    if live.state.unknown:
        module.warn(f"Not known: {'; '.join(live.state.unknown)}.")
    result = info_result(live, request)
    answer = {"answer": answer_query(result["exposures"])} if answer_query else {}
    return {"changed": False, **result, **answer}


def info_result(live: LiveExposures, request: InfoRequest) -> Result:
    """What the task returns, except for its query. Pure."""
    entries = describe_exposures(live)
    if request.levels is not None:
        for entry, findings in zip(entries, _findings(live, request)):
            entry["findings"] = findings
    if request.desired is None:
        return {"exposures": entries}
    comparison = Comparison(live, request)
    for entry in entries:
        entry["drift"] = comparison.drift(ExposureKey(entry["namespace"], entry["name"]))
    return {"exposures": entries, "missing": comparison.missing(), "orphans": comparison.orphans()}


def _findings(live: LiveExposures, request: InfoRequest) -> list[list[Result]]:
    """Of each selected exposure, by namespace and name."""
    analysis = Analysis(live.state, request.cluster_domain)
    gateways = {full_name(gateway): gateway for gateway in live.state.gateways}
    results = []
    for virtual_service in sorted(live.selected, key=ref):
        named = [gateways[name] for name in dict.fromkeys(gateway_names(virtual_service)) if name in gateways]
        context = analysis.context(objects_of(virtual_service, named))
        findings = with_levels(find_in(context), request.levels or {})
        results.append([finding.result() for finding in findings])
    return results
