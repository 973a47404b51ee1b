# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Warnings: found, and seen to come true with the real istiod and Envoy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import ProbeResult
from cluster.testing import Cluster, eventually
from support.run_module import Outcome

PODS = "istio-ingress"
SELECTOR = {"istio": "internal"}
Expose = Callable[..., Outcome]
Answers = Callable[..., ProbeResult]


def codes(outcome: Outcome) -> list[str]:
    assert not outcome.failed, outcome.message
    return [finding["code"] for finding in outcome.result["findings"]]


def test_a_redirect_without_a_server_for_it(
    istio: Cluster, expose: Expose, answers: Answers, credential: Callable[..., str], namespace: str
) -> None:
    """The other routes are served."""
    host = f"a.{namespace}.test"
    tls = {"mode": "SIMPLE", "credentialName": credential("cert", host)}
    server = {"port": {"number": 443, "name": "https", "protocol": "HTTPS"}, "hosts": [host], "tls": tls}
    where = {"name": "front", "namespace": namespace}
    spec = {"selector": SELECTOR, "servers": [server]}
    istio.apply({"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": where, "spec": spec})
    outcome = expose("shop", host, gateway={"existing": "front"}, tls={"redirect": True})
    assert codes(outcome) == ["route-unused"]
    answers(f"https://{host}/", 200)
    answer = istio.request(f"http://{host}/", gateway="internal")
    assert answer.status in (404, None), answer


def test_an_origin_that_no_browser_sends(istio: Cluster, expose: Expose, answers: Answers, namespace: str) -> None:
    host = f"a.{namespace}.test"
    origins = [{"exact": "https://right.example.com"}, {"exact": "https://wrong.example.com/"}]
    route = {"destinations": [{"service": "web", "port": 80}], "cors_policy": {"allow_origins": origins}}
    outcome = expose("shop", host, service=None, port=None, routes=[route])
    assert codes(outcome) == ["cors-origin-never-matches"]
    answers(f"http://{host}/", 200)
    allowed = {
        name: istio.request(
            f"http://{host}/", gateway="internal", headers={"Origin": f"https://{name}.example.com"}
        ).headers.get("access-control-allow-origin")
        for name in ("right", "wrong")
    }
    assert allowed == {"right": "https://right.example.com", "wrong": None}


@pytest.fixture
def balancer_with_tls(istio: Cluster) -> Iterator[None]:
    """What the cloud's load balancer is told to do, by annotations of the gateway's Service."""
    annotation = "service.beta.kubernetes.io/aws-load-balancer-ssl-cert"
    patch = ["patch", "service", "internal", "-n", PODS, "--type=merge", "-p"]

    def annotate(value: str | None) -> None:
        istio.kubectl(*patch, json.dumps({"metadata": {"annotations": {annotation: value}}}))

    annotate("arn:aws:acm:eu-central-1:123456789012:certificate/a")
    yield
    annotate(None)


@pytest.mark.usefixtures("balancer_with_tls")
def test_a_redirect_behind_a_load_balancer_that_ends_tls(
    istio: Cluster, expose: Expose, answers: Answers, credential: Callable[..., str], namespace: str
) -> None:
    """What clients ask for by HTTPS reaches the gateway as plain HTTP, and is sent to where it came from."""
    host = f"a.{namespace}.test"
    outcome = expose("shop", host, tls={"credential_name": credential("cert", host), "redirect": True})
    assert "load-balancer-ends-tls" in codes(outcome)
    answers(f"http://{host}/", 301)
    forwarded = istio.request(f"http://{host}/", gateway="internal", headers={"X-Forwarded-Proto": "https"})
    assert (forwarded.status, forwarded.location) == (301, f"https://{host}/")


@pytest.fixture
def undiscovered(istio: Cluster, namespace: str) -> Iterator[Callable[[], None]]:
    """The mesh leaves the test's namespace out, until this is called. istiod reads its settings when they change."""
    where = ["configmap", "istio", "-n", "istio-system"]
    before = istio.kubectl("get", *where)["data"]["mesh"]

    def write(mesh: str) -> None:
        istio.kubectl("patch", *where, "--type=merge", "-p", json.dumps({"data": {"mesh": mesh}}))

    expression = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [namespace]}
    selectors: dict[str, Any] = {"discoverySelectors": [{"matchExpressions": [expression]}]}
    write(yaml.safe_dump({**yaml.safe_load(before), **selectors}))
    yield lambda: write(before)
    write(before)


def test_a_namespace_that_istiod_does_not_see(
    istio: Cluster, expose: Expose, answers: Answers, undiscovered: Callable[[], None], namespace: str
) -> None:
    host = f"a.{namespace}.test"
    assert "not-discovered" in codes(expose("shop", host))
    answer = istio.request(f"http://{host}/", gateway="internal")
    assert answer.status in (404, None), answer  # other tests' hosts may be served at the port
    undiscovered()
    eventually(lambda: answers(f"http://{host}/", 200), seconds=30)
    assert codes(expose("shop", host)) == []
