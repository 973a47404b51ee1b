# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of the objects of a file: a cluster."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oracle.files import files_in, scenario_of
from oracle.program import Scenario
from oracle.promises import full_name, pod_ports, pods_of
from oracle.samples import text_for

EXAMPLE = """
apiVersion: v1
kind: List
items:
  - apiVersion: networking.istio.io/v1alpha3
    kind: Gateway
    metadata: {name: front, namespace: edge, creationTimestamp: 2026-01-01T00:00:00Z}
    spec:
      selector: {istio: ingressgateway}
      servers: [{port: {number: 8443, name: https, protocol: HTTPS}, hosts: [shop.example.com]}]
  - apiVersion: gateway.networking.k8s.io/v1
    kind: Gateway
    metadata: {name: another-kind}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: api}
spec: {selector: {app: api}, ports: [{name: http, port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, version: v1}}
    spec: {containers: [{name: web, image: web}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api}
spec: {host: api, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}
"""


@pytest.fixture
def given(tmp_path: Path) -> Scenario:
    file = tmp_path / "example.yaml"
    file.write_text(EXAMPLE)
    assert files_in(tmp_path) == files_in(file) == [file]
    return scenario_of(file)


def test_a_gateway_has_a_pod_and_a_service_with_its_ports(given: Scenario) -> None:
    (gateway,) = given.of_kind("Gateway")
    assert (full_name(gateway), gateway["apiVersion"]) == ("edge/front", "networking.istio.io/v1")
    assert gateway["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"
    (pod,) = pods_of(gateway, given)
    assert [pod_ports(pod, number, given) for number in (80, 443, 8443, 81)] == [(80,), (443,), (8443,), ()]


def test_a_service_has_the_pods_of_its_deployment_or_one_for_each_subset(given: Scenario) -> None:
    pods = [pod for pod in given.of_kind("Pod") if pod["metadata"]["namespace"] == "default"]
    labels = [tuple(pod["metadata"]["labels"].values()) for pod in pods]
    assert sorted(labels) == [("api", "v1"), ("api", "v2"), ("web", "v1")]
    slices = {entry["metadata"]["name"]: entry["endpoints"] for entry in given.of_kind("EndpointSlice")}
    assert {name: len(endpoints) for name, endpoints in slices.items() if "gateway" not in name} == {
        "web-1": 1,
        "api-1": 2,
    }
    assert {entry["metadata"]["name"] for entry in given.of_kind("Namespace")} == {"default", "edge", "istio-system"}


@pytest.mark.parametrize(
    "regex", ["/a/.*", "/v[12]/(users|teams)", r"^/\d{2,}$", "[^/]+", "(?i)/x?", r"/.+\.(png|css)", r"Bearer\s\w+"]
)
def test_a_text_for_a_regular_expression_matches_it(regex: str) -> None:
    assert re.fullmatch(regex, text_for(regex))
