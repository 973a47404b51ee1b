# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Destinations from which no answer comes: found, and seen to break."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import ProbeResult
from cluster.testing import Cluster, eventually
from support.run_module import Outcome

Expose = Callable[..., Outcome]
Answers = Callable[..., ProbeResult]
HTTP = {"name": "http", "port": 80}


@pytest.fixture
def codes(expose: Expose, namespace: str) -> Callable[..., list[str]]:
    """Exposes something at the test's host, and returns the codes of what was found."""

    def run(**options: Any) -> list[str]:
        outcome = expose("shop", f"a.{namespace}.test", **options)
        assert not outcome.failed, outcome.message
        return [finding["code"] for finding in outcome.result["findings"]]

    return run


def test_a_service_that_is_not_for_the_gateway(
    codes: Callable[..., list[str]], answers: Answers, service: Callable[..., None], namespace: str
) -> None:
    service("private", served=True, annotations={"networking.istio.io/exportTo": "."})
    assert codes(service="private") == ["destination-not-visible"]
    answers(f"http://a.{namespace}.test/", 503)
    service("private", served=True, annotations={"networking.istio.io/exportTo": "istio-ingress"})
    assert codes(service="private") == []
    answers(f"http://a.{namespace}.test/", 200)


def test_a_port_for_tls(
    istio: Cluster, codes: Callable[..., list[str]], answers: Answers, service: Callable[..., None], namespace: str
) -> None:
    """Without TLS the back end breaks the connection; a DestinationRule of the Service's namespace makes it right."""
    service("safe", served=True, ports=[{"name": "https", "port": 443}])
    assert codes(service="safe", port=443) == ["destination-protocol"]
    answers(f"http://a.{namespace}.test/", 503)
    rule = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "safe", "namespace": namespace},
        "spec": {"host": "safe", "trafficPolicy": {"tls": {"mode": "SIMPLE", "insecureSkipVerify": True}}},
    }
    istio.apply(rule)
    assert codes(service="safe", port=443) == []
    answers(f"http://a.{namespace}.test/", 200)


def test_names_outside_the_mesh(
    codes: Callable[..., list[str]], answers: Answers, service: Callable[..., None], namespace: str
) -> None:
    service("out", type="ExternalName", externalName="legacy.example.net")
    assert codes(service="out") == ["destination-missing"]
    answers(f"http://a.{namespace}.test/", 503)
    service("alias", type="ExternalName", externalName=f"web.{namespace}.svc.cluster.local")
    assert codes(service="alias") == []
    answers(f"http://a.{namespace}.test/", 200, "web")
    routes = [{"destinations": [{"host": f"web.{namespace}.svc", "port": 80}]}]
    assert codes(service=None, port=None, routes=routes) == ["destination-missing"]
    answers(f"http://a.{namespace}.test/", 503)


def test_without_a_port_istiod_takes_the_gateways(
    codes: Callable[..., list[str]], answers: Answers, service: Callable[..., None], namespace: str
) -> None:
    service("several", served=True, ports=[HTTP, {"name": "http-admin", "port": 9000}])
    assert codes(service="several", port=None) == []
    answers(f"http://a.{namespace}.test/", 200)


def test_nothing_behind_a_service(
    codes: Callable[..., list[str]], answers: Answers, service: Callable[..., None], namespace: str
) -> None:
    service("empty", selector={"app": "nobody"})
    assert codes(service="empty") == ["destination-without-endpoints"]
    answers(f"http://a.{namespace}.test/", 503)


def test_a_host_that_only_sidecars_can_find(
    istio: Cluster, codes: Callable[..., list[str]], answers: Answers, namespace: str
) -> None:
    """Without a resolution, requests go where the application wanted; a gateway does not know where that is."""
    host = f"partner.{namespace}.test"
    spec = {"hosts": [host], "location": "MESH_EXTERNAL", "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}]}
    istio.apply(by_hand("ServiceEntry", "partner", namespace, spec))
    routes = [{"destinations": [{"host": host, "port": 80}]}]
    assert codes(service=None, port=None, routes=routes) == ["destination-without-endpoints"]
    answers(f"http://a.{namespace}.test/", 503)


def test_a_load_balancer_that_only_sidecars_can_use(
    istio: Cluster, codes: Callable[..., list[str]], answers: Answers, namespace: str
) -> None:
    def through(balancer: str) -> list[str]:
        subset = {"name": "all", "trafficPolicy": {"loadBalancer": {"simple": balancer}}}
        istio.apply(by_hand("DestinationRule", "web", namespace, {"host": "web", "subsets": [subset]}))
        return codes(
            service=None, port=None, routes=[{"destinations": [{"service": "web", "port": 80, "subset": "all"}]}]
        )

    assert through("RANDOM") == []
    answers(f"http://a.{namespace}.test/", 200, "web")
    assert through("PASSTHROUGH") == ["destination-without-endpoints"]
    answers(f"http://a.{namespace}.test/", 503)


def test_tls_within_tls(
    istio: Cluster, codes: Callable[..., list[str]], answers: Answers, service: Callable[..., None], namespace: str
) -> None:
    names = {"embedded.gatehouse.istio/hosts": f"a.{namespace}.test"}
    service("safe", served=True, annotations=names, ports=[{"name": "https", "port": 443}])
    passed_on = {"service": "safe", "port": 443, "tls": {"mode": "passthrough"}}
    assert codes(**passed_on) == []
    answers(f"https://a.{namespace}.test/", 200)
    rule = {"host": "safe", "trafficPolicy": {"tls": {"mode": "SIMPLE", "insecureSkipVerify": True}}}
    istio.apply(by_hand("DestinationRule", "safe", namespace, rule))
    assert codes(**passed_on) == ["destination-protocol"]
    answers(f"https://a.{namespace}.test/", None)


def by_hand(kind: str, name: str, namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


def test_a_rewrite_with_two_slashes(codes: Callable[..., list[str]], answers: Answers, namespace: str) -> None:
    def routes(*matches: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"match": list(matches), "rewrite": {"uri": "/v1/"}, "destinations": [{"service": "web", "port": 80}]}]

    def path() -> str:
        return str(json.loads(answers(f"http://a.{namespace}.test/common/api", 200).body)["path"])

    options = {"service": None, "port": None}
    assert codes(routes=routes({"uri": {"prefix": "/common"}}), **options) == ["rewrite-slashes"]
    assert path() == "/v1//api"
    assert codes(routes=routes({"uri": {"prefix": "/common/"}}, {"uri": {"exact": "/common"}}), **options) == []
    eventually(lambda: _same(path(), "/v1/api"), seconds=15)


def _same(one: str, other: str) -> None:
    assert one == other
