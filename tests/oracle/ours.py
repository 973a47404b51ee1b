# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What our code says about a scenario. Of the oracle, only this file and the generator know our code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import LEVELS
from ansible_collections.gatehouse.istio.plugins.module_utils._flows.exposure_info import info_result
from ansible_collections.gatehouse.istio.plugins.module_utils._info.read import read_exposures
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest, Ref, ref
from ansible_collections.gatehouse.istio.plugins.module_utils._options.info import InfoRequest
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
    """What istio_exposure_info says about a VirtualService: its findings as (code, objects, message), and its URLs."""

    name: str
    findings: tuple[tuple[str, tuple[str, ...], str], ...]
    urls: tuple[str, ...]

    @property
    def codes(self) -> set[str]:
        return {code for code, _objects, _message in self.findings}


def said_about(scenario: Scenario) -> list[Said]:
    objects = [*scenario.objects, *([_istiod()] if scenario.scoped else [])]
    request = InfoRequest(include_foreign=True, levels=LEVELS)
    result = info_result(read_exposures(Objects(objects), request), request)
    return [_said(entry) for entry in result["exposures"]]


def _said(entry: Mapping[str, Any]) -> Said:
    findings = tuple((each["code"], tuple(each["objects"]), each["message"]) for each in entry["findings"])
    return Said(f"{entry['namespace']}/{entry['name']}", findings, tuple(entry["urls"]))


def _istiod() -> Manifest:
    spec = {"template": {"spec": {"containers": [{"name": "discovery", "env": [_SCOPE]}]}}}
    metadata = {"name": "istiod", "namespace": "istio-system", "labels": {"app": "istiod"}}
    return {"kind": "Deployment", "metadata": metadata, "spec": spec}
