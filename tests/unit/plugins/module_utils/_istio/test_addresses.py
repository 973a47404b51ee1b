# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where clients reach a gateway, by its pods and Services."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._istio.addresses import (
    Address,
    GatewayEndpoints,
    addresses_at,
    blocks,
    clients_port,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.workloads import is_running
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest

SELECTOR = {"istio": "public"}


def pod(namespace: str = "ingress", host: str = "10.0.0.7", phase: str = "Running") -> Manifest:
    metadata = {"namespace": namespace, "labels": {"app": "gateway", **SELECTOR}}
    return {"metadata": metadata, "status": {"phase": phase, "hostIP": host}}


def service(
    name: str = "public",
    namespace: str = "ingress",
    ingress: list[dict[str, Any]] | None = None,
    ports: list[dict[str, Any]] | None = None,
    **spec: Any,
) -> Manifest:
    ports = ports or [{"port": 80, "targetPort": 8080}, {"port": 443, "targetPort": 8443}]
    if spec.get("type") != "ClusterIP":
        ports = [{**port, "nodePort": 30000 + port["port"]} for port in ports]
    return {
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"type": "LoadBalancer", "selector": SELECTOR, "clusterIP": "10.96.0.9", "ports": ports, **spec},
        "status": {"loadBalancer": {"ingress": ingress} if ingress else {}},
    }


BALANCED = service(ingress=[{"ip": "192.0.2.1"}, {"hostname": "lb.example.com"}])
INTERNAL = service("inside", type="ClusterIP")
NODE_PORTS = service("nodes", type="NodePort")


@pytest.mark.parametrize(
    ("pods", "services", "number", "expected"),
    [
        ([pod()], [BALANCED], 443, ["192.0.2.1:443", "lb.example.com:443"]),
        # A server may also name the port on which the pods listen.
        ([pod()], [BALANCED], 8443, ["192.0.2.1:443", "lb.example.com:443"]),
        # The Service's own port is meant before the one behind it.
        ([pod()], [service(ingress=[{"ip": "1.1.1.1"}], ports=[{"port": 8443, "targetPort": 443}, {"port": 443}])],
         443, ["1.1.1.1:443"]),
        ([pod()], [service(externalIPs=["192.0.2.9"])], 80, ["192.0.2.9:80"]),
        ([pod()], [service(ingress=[{"ip": "192.0.2.1"}], externalIPs=["192.0.2.1", "192.0.2.2"])], 80,
         ["192.0.2.1:80", "192.0.2.2:80"]),
        ([pod()], [INTERNAL, NODE_PORTS, BALANCED], 80, ["192.0.2.1:80", "lb.example.com:80"]),
        ([pod(), pod(host="10.0.0.8"), pod()], [INTERNAL, NODE_PORTS], 443, ["10.0.0.7:30443", "10.0.0.8:30443"]),
        ([pod()], [INTERNAL], 443, ["10.96.0.9:443"]),
        ([pod()], [service(type="ClusterIP", clusterIPs=["10.96.0.9", "fd00::9"])], 80, ["10.96.0.9:80", "fd00::9:80"]),
        ([pod(), pod("other", "10.0.1.1")], [NODE_PORTS], 80, ["10.0.0.7:30080"]),
    ],
)  # fmt: skip
def test_where_clients_reach_it(
    pods: list[Manifest], services: list[Manifest], number: int, expected: list[str]
) -> None:
    doors, nowhere = addresses_at(GatewayEndpoints(tuple(pods), tuple(services)), SELECTOR, number)
    assert ([f"{door.host}:{door.port}" for door in doors], nowhere) == (expected, "")
    assert {door.namespace for door in doors} == {"ingress"}


@pytest.mark.parametrize(
    ("pods", "services", "number", "sentence"),
    [
        ([], [BALANCED], 80, "no running pod has the labels istio=public, so no gateway serves it"),
        ([pod()], [], 80, "no Service in the namespace ingress selects the gateway's pods, so it is not known how"),
        ([pod()], [service(selector={"istio": "other"})], 80, "no Service in the namespace ingress selects"),
        ([pod()], [service(selector=None)], 80, "no Service in the namespace ingress selects"),
        ([pod()], [service(namespace="other")], 80, "no Service in the namespace ingress selects"),
        ([pod()], [BALANCED], 8080 + 1, "the gateway's Service ingress/public does not have port 8081"),
        ([pod()], [service(ports=[{"port": 443, "protocol": "UDP"}])], 443, "does not have port 443"),
        ([pod()], [service()], 443, "the gateway's Service ingress/public does not have an address yet"),
        # Until the load balancer has one, the Service's other addresses are not what clients use.
        (
            [pod()],
            [service(), NODE_PORTS],
            443,
            "the gateway's Service ingress/public and ingress/nodes does not have an address",
        ),
        ([pod()], [service(type="ClusterIP", clusterIP="None")], 80, "does not have an address yet"),
        ([pod(host="")], [service(type="NodePort", clusterIP="None")], 80, "does not have an address yet"),
    ],
)
def test_why_that_is_nowhere(pods: list[Manifest], services: list[Manifest], number: int, sentence: str) -> None:
    doors, nowhere = addresses_at(GatewayEndpoints(tuple(pods), tuple(services)), SELECTOR, number)
    assert doors == []
    assert sentence in nowhere


def test_each_address_knows_where_its_secrets_are() -> None:
    other = service("public", "other", ingress=[{"ip": "192.0.2.2"}])
    doors, _nowhere = addresses_at(GatewayEndpoints((pod(), pod("other")), (BALANCED, other)), SELECTOR, 443)
    assert doors[-1] == Address("192.0.2.2", 443, "other")
    assert doors[0].namespace == "ingress"


def test_pods_that_have_ended_serve_nobody() -> None:
    pods = [pod(phase="Succeeded"), pod(), pod(phase="Failed"), pod(phase="Pending")]
    leaving = pod()
    leaving["metadata"]["deletionTimestamp"] = "2026-11-01T00:00:00Z"
    assert [entry for entry in [*pods, leaving] if is_running(entry)] == [pod(), pod(phase="Pending")]


@pytest.mark.parametrize(
    ("selector", "number", "pods", "kept_out"),
    [
        (SELECTOR, 443, [pod()], True),
        ({"app": "gateway"}, 443, [pod()], True),
        ({}, 443, [pod()], True),
        (None, 443, [pod()], True),
        ({"istio": "internal"}, 443, [pod()], False),
        ({"app": "other"}, 443, [pod()], False),
        (SELECTOR, 443, [], False),
        # Where HTTP ends, Istio serves both.
        (SELECTOR, 80, [pod()], False),
        (SELECTOR, 8443, [pod()], False),
        # Where pods may not be listed.
        (SELECTOR, 443, None, True),
        ({"app": "gateway"}, 443, None, True),
        ({**SELECTOR, "app": "gateway"}, 443, None, True),
        ({"istio": "internal", "app": "gateway"}, 443, None, False),
    ],
)
def test_which_gateway_keeps_a_new_one_from_being_served(
    selector: dict[str, str] | None, number: int, pods: list[Manifest] | None, kept_out: bool
) -> None:
    leaving = {"kind": "Gateway", "spec": {"selector": selector, "servers": [{"port": {"number": number}}]}}
    assert blocks(leaving, SELECTOR, {443}, pods) is kept_out


@pytest.mark.parametrize(
    ("services", "number", "port"),
    [
        ([BALANCED], 443, 443),
        ([BALANCED], 8443, 443),
        ([BALANCED], 9443, 9443),
        ([], 8443, 8443),
        ([BALANCED, service("more", ports=[{"port": 8443, "targetPort": 9443}])], 8443, 8443),
    ],
)
def test_the_port_at_which_clients_reach_a_server(services: list[Manifest], number: int, port: int) -> None:
    assert clients_port(GatewayEndpoints((pod(),), tuple(services)), number) == port
