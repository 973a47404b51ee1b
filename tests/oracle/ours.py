# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What our code says about a scenario. Of the oracle, only this file and the generator know our code."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._analysis.context import Analysis
from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import LEVELS, find_all
from ansible_collections.gatehouse.istio.plugins.module_utils._flows.exposure_info import info_result
from ansible_collections.gatehouse.istio.plugins.module_utils._info.read import read_exposures
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.cluster_state import read_cluster_state
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import (
    ExposureKey,
    Manifest,
    Ref,
    owner,
    ref,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.shared_gateway import (
    Change,
    belongs_to,
    is_shared,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._mesh.names import full_name
from ansible_collections.gatehouse.istio.plugins.module_utils._options.info import InfoRequest
from ansible_collections.gatehouse.istio.plugins.module_utils._options.probe import Probe
from ansible_collections.gatehouse.istio.plugins.module_utils._wait.expectations import expectations
from oracle.program import Scenario

# The switch of istiod's Deployment for what Scenario.scoped says.
_SCOPE = {"name": "PILOT_SCOPE_GATEWAY_TO_NAMESPACE", "value": "true"}


class Objects:
    """Reads a scenario's objects as the client reads those of a cluster."""

    def __init__(self, objects: Iterable[Manifest]) -> None:
        self._objects = list(objects)

    def find(
        self, kind: str, labels: Mapping[str, str], namespace: str | None = None, selectors: Iterable[str] = ()
    ) -> list[Manifest]:
        if tuple(selectors):
            raise NotImplementedError
        return [
            entry
            for entry in self._objects
            if entry["kind"] == kind
            and namespace in (None, entry["metadata"].get("namespace"))
            and labels.items() <= (entry["metadata"].get("labels") or {}).items()
        ]

    def get(self, at: Ref) -> Manifest | None:
        return next((entry for entry in self.find(at.kind, {}, at.namespace) if ref(entry) == at), None)


@dataclass(frozen=True)
class Said:
    """What istio_exposure_info says about a VirtualService, or about a Gateway that none uses.

    Its findings are (code, objects, message).
    """

    name: str
    findings: tuple[tuple[str, tuple[str, ...], str], ...]
    urls: tuple[str, ...]
    kind: str = "VirtualService"

    @property
    def owner(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def codes(self) -> set[str]:
        return {code for code, _objects, _message in self.findings}


@dataclass(frozen=True)
class Expected:
    """A request of `wait`: of which exposure, through which Gateway and port, and what is expected (answer, ...)."""

    name: str
    url: str
    kind: str
    number: int
    gateway: str


def said_about(scenario: Scenario) -> list[Said]:
    objects = [*scenario.objects, *_control_plane(scenario)]
    request = InfoRequest(include_foreign=True, levels=LEVELS)
    live = read_exposures(Objects(objects), request)
    result = info_result(live, request, Analysis(live.state, request.cluster_domain))
    unused = [_said({**entry, "urls": ()}, "Gateway") for entry in result["unused_gateways"]]
    return [*(_said(entry) for entry in result["exposures"]), *unused]


def expected(scenario: Scenario) -> list[Expected]:
    """The requests with which `wait` proves that exposures are served."""
    gateways = {full_name(entry): entry for entry in scenario.of_kind("Gateway")}
    return [
        Expected(full_name(entry), each.url, each.kind, each.number, gateway)
        for entry in scenario.of_kind("VirtualService")
        if owner(entry) == (entry["metadata"]["namespace"], entry["metadata"]["name"])
        for gateway in entry["spec"].get("gateways") or []
        if gateway in gateways
        for each in expectations(
            entry["spec"].get("hosts") or [], gateways[gateway], entry, _redirected_port(entry), Probe()
        )[0]
    ]


def _redirected_port(virtual_service: Manifest) -> int | None:
    routes = virtual_service["spec"].get("http") or [{}]
    return int(routes[0]["match"][0]["port"]) if routes[0].get("name") == "https-redirect" else None


def said_before_writing(scenario: Scenario) -> Said | None:
    """What istio_exposure says about the exposure that it is about to write; None if there is none."""
    namespace, _slash, name = scenario.writing.partition("/")
    key = ExposureKey(namespace, name)
    everything = [entry for entry in scenario.objects if "namespace" in entry["metadata"]]
    mine = [entry for entry in everything if belongs_to(entry, key)]
    if not any(entry["kind"] == "VirtualService" for entry in mine):
        return None
    before = [entry for entry in everything if entry not in mine]
    shared = [(entry, Change(ref(entry), key, None).applied_to(entry)) for entry in mine if is_shared(entry)]
    before += [
        {**others, "metadata": {**others["metadata"], "creationTimestamp": entry["metadata"]["creationTimestamp"]}}
        for entry, others in shared
        if others
    ]
    desired = [_as_manifest(entry) for entry in mine]
    state = read_cluster_state(Objects([*before, *_control_plane(scenario)]), desired)
    findings = find_all({key: desired}, state)[key]
    return Said(str(key), tuple((each.code, each.objects, each.message) for each in findings), ())


def _as_manifest(entry: Manifest) -> Manifest:
    """As a task has it before it is written: without an age."""
    metadata = {key: value for key, value in entry["metadata"].items() if key != "creationTimestamp"}
    return {**entry, "metadata": metadata}


def _said(entry: Mapping[str, Any], kind: str = "VirtualService") -> Said:
    findings = tuple((each["code"], tuple(each["objects"]), each["message"]) for each in entry["findings"])
    return Said(f"{entry['namespace']}/{entry['name']}", findings, tuple(entry["urls"]), kind)


def _control_plane(scenario: Scenario) -> list[Manifest]:
    """istiod's Deployment, and the ConfigMap with the mesh's settings."""
    environment = [_SCOPE] if scenario.scoped else []
    spec = {"template": {"spec": {"containers": [{"name": "discovery", "env": environment}]}}}
    metadata = {"name": "istiod", "namespace": "istio-system", "labels": {"app": "istiod"}}
    settings = {"name": "istio", "namespace": "istio-system"}
    return [
        {"kind": "Deployment", "metadata": metadata, "spec": spec},
        {"kind": "ConfigMap", "metadata": settings, "data": {"mesh": json.dumps(dict(scenario.mesh))}},
    ]
