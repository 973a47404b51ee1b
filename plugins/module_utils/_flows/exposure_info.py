# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The task of istio_exposure_info: options → reads → exposures, findings, drift, traces → query → result."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import missing_required_lib

from .._analysis.context import Analysis
from .._checks.registry import LEVELS, with_levels
from .._info.describe import describe_exposures, describe_unused_gateways, objects_of
from .._info.drift import Comparison
from .._info.read import LiveExposures, read_exposures
from .._info.trace import traces
from .._info.trace_answer import answered, asking
from .._info.trace_findings import explained, findings_of
from .._info.trace_hosts import host_requests
from .._istio.requests import Request
from .._kubernetes.client import KubernetesClient
from .._kubernetes.compact import long_lived_objects
from .._kubernetes.errors import ClusterError
from .._kubernetes.objects import ExposureKey, Manifest, ref
from .._kubernetes.snapshot import LISTED_KINDS, Snapshot
from .._mesh.names import full_name, gateway_names
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

# What is behind all exposures is asked for: the number of requests does not grow with them.
_LISTED_KINDS = (*LISTED_KINDS, "EndpointSlice")
# Requests to gateways: most of the time is waiting.
_AT_ONCE = 16


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
    live = read_exposures(Snapshot(KubernetesClient(module), _LISTED_KINDS), request)
    if live.state.unknown:
        module.warn(f"Not known: {'; '.join(live.state.unknown)}.")
    analysis = Analysis(live.state, request.cluster_domain)
    result = info_result(live, request, analysis)
    if request.traces or request.trace_hosts:
        result["traces"] = trace_results(live, request, analysis)
    answer = {"answer": answer_query(result["exposures"])} if answer_query else {}
    return {"changed": False, **result, **answer}


def info_result(live: LiveExposures, request: InfoRequest, analysis: Analysis) -> Result:
    """What the task returns, except for its query and traces. Pure."""
    entries, unused = describe_exposures(live), describe_unused_gateways(live)
    if request.levels is not None:
        findings = _findings(live, request, analysis)
        for entry, found in zip([*entries, *unused], findings):
            entry["findings"] = found
    result = {"exposures": entries, "unused_gateways": unused}
    if request.desired is None:
        return result
    comparison = Comparison(live, request)
    for entry in entries:
        entry["drift"] = comparison.drift(ExposureKey(entry["namespace"], entry["name"]))
    return {**result, "missing": comparison.missing(), "orphans": comparison.orphans()}


def trace_results(live: LiveExposures, request: InfoRequest, analysis: Analysis) -> list[Result]:
    """Where the requests of the task go, through each gateway that may serve them, and what they are answered."""
    of_hosts = _host_requests(live, analysis) if request.trace_hosts else []
    asked: list[tuple[Result, Request]] = [*(({}, made) for made in request.traces), *of_hosts]
    followed = _followed(live, request, analysis, [made for _about, made in asked])
    results = [{**about, **trace} for (about, _made), found in zip(asked, followed) for trace in found]
    for result in results:
        if "host" in result and not result["breaks_at"]:
            result["findings"] = []  # the exposure has them; there may be many
    return results


def _host_requests(live: LiveExposures, analysis: Analysis) -> list[tuple[Result, Request]]:
    """A request to each host of the selected exposures, with what it is for."""
    return [
        ({"exposure": full_name(entry), "host": host}, made)
        for entry in sorted(live.selected, key=ref)
        for host, made in host_requests(analysis, entry)
    ]


def _followed(
    live: LiveExposures, request: InfoRequest, analysis: Analysis, asked: Iterable[Request]
) -> list[list[Result]]:
    """The traces of each request."""
    levels = request.levels or LEVELS
    found = [[explained(analysis, trace, levels) for trace in traces(analysis, one)] for one in asked]
    if not request.probe:
        return [[trace.result() for trace in of_one] for of_one in found]
    ask = asking(request.probe_ca_cert)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = pool.map(
            lambda trace: answered(trace, live.state, ask), [trace for of_one in found for trace in of_one]
        )
        results = ({**trace.result(), "answer": answer} for trace, answer in answers)
        return [list(islice(results, len(of_one))) for of_one in found]


def _findings(live: LiveExposures, request: InfoRequest, analysis: Analysis) -> list[list[Result]]:
    """Of each selected exposure, and of each Gateway that nothing uses, by namespace and name."""
    gateways = {full_name(gateway): gateway for gateway in live.state.gateways}
    judged: list[list[Manifest]] = []
    for virtual_service in sorted(live.selected, key=ref):
        named = [gateways[name] for name in dict.fromkeys(gateway_names(virtual_service)) if name in gateways]
        judged.append(objects_of(virtual_service, named))
    judged += [[gateway] for gateway in sorted(live.unused_gateways, key=ref)]
    return [
        [finding.result() for finding in with_levels(findings_of(analysis, objects), request.levels or {})]
        for objects in judged
    ]
