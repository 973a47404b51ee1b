# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read for a trace, and what the task returns of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ansible_collections.gatehouse.istio.plugins.module_utils._analysis.context import Analysis
from ansible_collections.gatehouse.istio.plugins.module_utils._flows.exposure_info import info_result, trace_results
from ansible_collections.gatehouse.istio.plugins.module_utils._info.read import read_exposures
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.references import selects
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.requests import Request
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest, Ref, ref
from ansible_collections.gatehouse.istio.plugins.module_utils._options.info import InfoRequest
from support import builders as b

HOST = "shop.example.com"
SLICE = {**b.endpoints(True), "metadata": {"name": "web-1", "namespace": "shop"}}
SLICE["metadata"]["labels"] = {"kubernetes.io/service-name": "web"}
THERE = [
    b.pod(),
    b.pod("inner-5d-x", {"istio": "inner"}),
    b.PUBLIC_SERVICE,
    b.service("shop/web"),
    SLICE,
    b.gateway("infra/front", b.redirect(HOST), b.https(HOST)),
    b.gateway("infra/inner", b.http("inner.example.com"), selector={"istio": "inner"}),
    b.virtual_service("shop/shop", [HOST], ["infra/front"]),
]


class Reading:
    """The objects of a cluster, and what was asked for."""

    def __init__(self, objects: Iterable[Manifest] = THERE) -> None:
        self.objects = list(objects)
        self.asked: list[str] = []

    def find(
        self, kind: str, labels: Mapping[str, str], namespace: str | None = None, *_more: Iterable[str]
    ) -> list[Manifest]:
        self.asked.append(f"LIST {kind} {dict(labels)}")
        here = [entry for entry in self.objects if namespace in (None, entry["metadata"]["namespace"])]
        return [entry for entry in here if entry["kind"] == kind and selects(labels, entry["metadata"].get("labels"))]

    def get(self, at: Ref) -> Manifest | None:
        self.asked.append(f"GET {at}")
        return next((entry for entry in self.objects if ref(entry) == at), None)


def test_a_trace_reads_what_others_made() -> None:
    reading, request = Reading(), InfoRequest(traces=(Request.of(f"https://{HOST}/"),), probe=False)
    live = read_exposures(reading, request)
    # The exposures are the same as without a trace.
    assert info_result(live, request, Analysis(live.state)) == {"exposures": [], "unused_gateways": []}
    (result,) = trace_results(live, request, Analysis(live.state))
    assert result["breaks_at"] == "certificate"
    assert [finding["code"] for finding in result["findings"]] == ["secret-missing"]
    assert [finding["level"] for finding in result["findings"]] == ["warning"]
    assert "answer" not in result
    assert "GET Secret istio-ingress/cert" in reading.asked
    # Pods of gateways without the host do not matter.
    assert not any("inner" in request for request in reading.asked)


def test_a_request_that_is_served() -> None:
    request = InfoRequest(traces=(Request.of("http://inner.example.com/"), Request.of(f"http://{HOST}/")), probe=False)
    live = read_exposures(Reading(), replace(request, levels=None))
    inner, front = trace_results(live, request, Analysis(live.state))
    assert (inner["breaks_at"], front["breaks_at"]) == ("virtual_host", None)
    assert front["expected"]["location"] == f"https://{HOST}/"


def test_a_host_that_no_gateway_has() -> None:
    request = InfoRequest(traces=(Request.of("http://other.example.com/"),), probe=False)
    reading = Reading()
    live = read_exposures(reading, request)
    both = trace_results(live, request, Analysis(live.state))
    assert [(entry["breaks_at"], entry["expected"]["status"]) for entry in both] == [("server", 404)] * 2
    # The certificates of all other hosts do not matter.
    assert not any("Secret" in asked for asked in reading.asked)


def test_the_service_of_an_ingress() -> None:
    """Nothing but the Ingress names it."""
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    paths = {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}
    ingress = b.by_hand(
        "Ingress", "shop/old", rules=[{"host": "Old.example.com", "http": paths}], ingressClassName="istio"
    )
    pod = b.pod(labels={"istio": "ingressgateway"})
    gateway = b.service("istio-ingress/gateway", selector={"istio": "ingressgateway"})
    request = InfoRequest(traces=(Request.of("http://old.example.com/"),), probe=False)
    live = read_exposures(Reading([pod, gateway, ingress, b.service("shop/web"), SLICE]), request)
    (result,) = trace_results(live, request, Analysis(live.state))
    assert [(step["step"], step["ok"]) for step in result["steps"]][-3:] == [
        ("destination", True),
        ("service", True),
        ("endpoints", True),
    ]
    assert result["expected"]["services"] == ["Service shop/web, port 80"]
