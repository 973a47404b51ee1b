# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Traces of requests for shop.example.com, which the Gateway infra/front and the VirtualService shop/shop serve."""

from __future__ import annotations

from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._analysis.context import Analysis
from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import LEVELS
from ansible_collections.gatehouse.istio.plugins.module_utils._info.trace import traces
from ansible_collections.gatehouse.istio.plugins.module_utils._info.trace_findings import explained
from ansible_collections.gatehouse.istio.plugins.module_utils._info.trace_steps import Step, Trace
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.cluster_state import ClusterState
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.requests import Request
from support import builders as b

HOST = "shop.example.com"
URL = f"https://{HOST}/cart?a=1"
CERT = b.secret(HOST)
FRONT = b.gateway("infra/front", b.redirect(HOST), b.https(HOST))
SHOP = b.virtual_service("shop/shop", [HOST], ["infra/front"])
READY = {"slices": {"shop/web": [b.endpoints(True)], "shop/api": [b.endpoints(True, True)]}}


def state(*objects: dict[str, Any], **more: Any) -> ClusterState:
    return b.cluster(*objects, **{"secrets": {"cert": CERT}, **READY, **more})


def trace(cluster: ClusterState, url: str = URL, **request: Any) -> Trace:
    analysis = Analysis(cluster)
    found = traces(analysis, Request.of(url, **request))
    assert len(found) == 1
    return explained(analysis, found[0], LEVELS)


def routed(*routes: dict[str, Any], **more: Any) -> ClusterState:
    return state(FRONT, b.virtual_service("shop/shop", [HOST], ["infra/front"], http=list(routes)), **more)


def last(found: Trace) -> Step:
    return found.steps[-1]


def names(found: Trace) -> list[tuple[str, bool | None]]:
    return [(step.step, step.ok) for step in found.steps]


def codes(found: Trace) -> set[str]:
    return {finding.code for finding in found.findings}
