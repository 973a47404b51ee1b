# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role istio: live objects -> the fact istio_ingress_gateways, and what the gateways still wait for."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.plugin_utils._istio_role.gateways import (
    NO_LOAD_BALANCER,
    istio_ingress_gateways,
)

LABELS = {"app": "public", "istio": "public"}
PORTS = [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 443}]
GATEWAY = {
    "name": "public",
    "namespace": "istio-ingress",
    "visibility": "public",
    "workload": "public",
    "kind": "Deployment",
    "type": "LoadBalancer",
    "selector": LABELS,
    "ports": PORTS,
}
READY = {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
INGRESS = [{"ip": "192.0.2.1"}, {"hostname": "lb.example.com"}]
NODES = [
    {"status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}},
    {
        "status": {
            "addresses": [{"type": "InternalIP", "address": "10.0.0.2"}, {"type": "ExternalIP", "address": "192.0.2.2"}]
        }
    },
]


def workload(status: dict[str, Any] | None = None, kind: str = "Deployment", replicas: int = 1) -> dict[str, Any]:
    return {
        "kind": kind,
        "metadata": {"name": "public", "namespace": "istio-ingress", "generation": 2},
        "spec": {"replicas": replicas, "selector": {"matchLabels": LABELS}},
        "status": READY if status is None else status,
    }


def service(kind: str = "LoadBalancer", ingress: list[dict[str, str]] | None = None, **spec: Any) -> dict[str, Any]:
    ports = [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 8443, "nodePort": 31443}]
    return {
        "metadata": {"name": "public", "namespace": "istio-ingress"},
        "spec": {
            "type": kind,
            "clusterIP": "10.96.0.9",
            "clusterIPs": ["10.96.0.9", "fd00::9"],
            "ports": ports,
            **spec,
        },
        "status": {"loadBalancer": {"ingress": ingress} if ingress else {}},
    }


def fact(*arguments: Any, **options: Any) -> Any:
    return istio_ingress_gateways([GATEWAY], *arguments, **options)["gateways"]["public"]


def test_the_fact_describes_the_live_objects() -> None:
    result = istio_ingress_gateways([GATEWAY], [workload()], [service(ingress=INGRESS)])
    assert result == {
        "gateways": {
            "public": {
                "name": "public",
                "namespace": "istio-ingress",
                "visibility": "public",
                "selector": LABELS,
                "service": "public",
                "type": "LoadBalancer",
                "addresses": ["192.0.2.1", "lb.example.com"],
                "ports": [
                    {"name": "https", "port": 443, "target_port": 8443, "node_port": 31443, "protocol": "TCP"},
                ],
            }
        },
        "not_ready": [],
        "without_address": [],
        "problems": [],
    }


@pytest.mark.parametrize(
    ("live", "addresses"),
    [
        (service("NodePort"), ["10.0.0.1", "192.0.2.2"]),
        (service("ClusterIP"), ["10.96.0.9", "fd00::9"]),
        (service("LoadBalancer", externalIPs=["192.0.2.7"]), ["192.0.2.7"]),
        (service("LoadBalancer"), []),
    ],
)
def test_addresses_by_type(live: dict[str, Any], addresses: list[str]) -> None:
    assert fact([workload()], [live], NODES)["addresses"] == addresses


def test_check_mode_predicts_a_gateway_that_does_not_exist() -> None:
    result = fact([], [], predicted=["public"])
    assert (result["selector"], result["addresses"], result["type"]) == (LABELS, [], "LoadBalancer")
    assert result["ports"] == [
        {"name": "https", "port": 443, "target_port": 443, "node_port": None, "protocol": "TCP"},
    ]


def test_check_mode_predicts_new_ports_and_keeps_the_address() -> None:
    result = fact([workload()], [service(ingress=INGRESS)], predicted=["public"])
    assert result["addresses"] == ["192.0.2.1", "lb.example.com"]
    assert result["ports"][0]["target_port"] == 443
    assert result["ports"][0]["node_port"] == 31443


def test_check_mode_forgets_the_address_when_the_type_changes() -> None:
    assert fact([workload()], [service("NodePort")], NODES, predicted=["public"])["addresses"] == []


def test_check_mode_knows_the_addresses_of_a_node_port() -> None:
    gateway = {**GATEWAY, "type": "NodePort"}
    result = istio_ingress_gateways([gateway], [], [service()], NODES, predicted=["public"])
    assert result["gateways"]["public"]["addresses"] == ["10.0.0.1", "192.0.2.2"]


def test_a_missing_address_is_a_sentence() -> None:
    assert istio_ingress_gateways([GATEWAY], [workload()], [service()])["without_address"] == [
        "The gateway 'public' has no address: nothing gave one to the LoadBalancer Service istio-ingress/public."
    ]
    assert istio_ingress_gateways([GATEWAY], [workload()], [service("NodePort")])["without_address"] == []


REFUSED = {"type": "ReplicaFailure", "status": "True", "message": "failed calling webhook."}


@pytest.mark.parametrize(
    ("live", "sentences"),
    [
        ([workload()], []),
        ([], ["The gateway 'public' has no Deployment istio-ingress/public."]),
        (
            [workload({**READY, "availableReplicas": 0, "conditions": [REFUSED]})],
            [
                (
                    "The gateway 'public' is not ready: the Deployment istio-ingress/public is not rolled out. "
                    "Kubernetes says: failed calling webhook."
                )
            ],
        ),
    ],
)
def test_what_is_not_ready_is_a_sentence(live: list[dict[str, Any]], sentences: list[str]) -> None:
    assert istio_ingress_gateways([GATEWAY], live)["not_ready"] == sentences


@pytest.mark.parametrize(
    "live",
    [
        pytest.param(workload({**READY, "observedGeneration": 1}), id="not yet seen"),
        pytest.param(workload({}), id="no status"),
        pytest.param(workload(READY, replicas=2), id="too few updated"),
        pytest.param(workload({**READY, "replicas": 2}), id="an old pod left"),
    ],
)
def test_a_rollout_under_way_is_not_ready(live: dict[str, Any]) -> None:
    assert len(istio_ingress_gateways([GATEWAY], [live])["not_ready"]) == 1


def test_a_daemonset_is_ready_on_all_its_nodes() -> None:
    gateway = {**GATEWAY, "kind": "DaemonSet"}
    status = {"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}
    assert len(istio_ingress_gateways([gateway], [workload(status, "DaemonSet")])["not_ready"]) == 1
    status["numberAvailable"] = 2
    assert istio_ingress_gateways([gateway], [workload(status, "DaemonSet")])["not_ready"] == []


@pytest.mark.parametrize(
    ("failed", "live", "problems"),
    [
        pytest.param(
            {"msg": "One or more items failed", "results": [{"msg": "Forbidden: a"}, {"resources": []}]},
            [],
            ["Forbidden: a"],
            id="a read in a loop failed",
        ),
        pytest.param({"msg": "Forbidden: b"}, [workload()], ["Forbidden: b"], id="a read failed"),
        pytest.param(
            {"results": []}, [], ["The gateway 'public' has no Deployment istio-ingress/public."], id="rollout"
        ),
        pytest.param(
            {"attempts": 3},
            [workload()],
            [
                (
                    "The gateway 'public' has no address: nothing gave one to the LoadBalancer Service "
                    "istio-ingress/public."
                ),
                NO_LOAD_BALANCER,
            ],
            id="address",
        ),
    ],
)
def test_why_the_role_stopped_waiting(failed: dict[str, Any], live: list[dict[str, Any]], problems: list[str]) -> None:
    assert istio_ingress_gateways([GATEWAY], live, [service()], failed=failed)["problems"] == problems


def test_gateways_that_became_ready_too_late() -> None:
    result = istio_ingress_gateways([GATEWAY], [workload()], [service(ingress=INGRESS)], failed={"attempts": 3})
    assert result["problems"] == ["The gateways became ready too late; run the role again."]
