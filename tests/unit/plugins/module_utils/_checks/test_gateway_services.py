# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a gateway's Services lead, and where istiod lets its pods listen."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from support.builders import PODS, PUBLIC, cluster, exposure, pod, service


def port(target: int | str, number: int = 80, protocol: str = "TCP") -> dict[str, Any]:
    return {"name": f"p-{target}", "port": number, "targetPort": target, "protocol": protocol}


def front(name: str, *ports: dict[str, Any], **labels: str) -> Manifest:
    made = service(f"{PODS}/{name}", *ports, selector=PUBLIC)
    return {**made, "metadata": {**made["metadata"], "labels": labels}}


NOT_TRANSLATED = {"experimental.istio.io/disable-gateway-port-translation": "true"}
OPEN: dict[str, list[Manifest]] = {
    "another port of the pods": [front("public", port(8080))],
    "a named port of the pods": [front("public", port("web"))],
    "UDP beside it, with the same port of the pods": [front("public", port(8080, protocol="UDP"), port(8080))],
    "UDP after it": [front("public", port(8080), port(8443, protocol="UDP"))],
    "another Service with another port of the pods": [front("a", port(8080)), front("b", port(9080))],
    "its number is that of the pods": [front("public", port(80, number=8000))],
}
CLOSED: dict[str, tuple[list[Manifest], str]] = {
    "no such port": (
        [front("public", port(443, number=443))],
        "has no port 80 (its ports: 443), so nobody can connect",
    ),
    "UDP before it": (
        [front("public", port(8443, protocol="UDP"), port(8080))],
        "leads from port 80 to port 8080 of the gateway's pods, but Istio lets them listen at 8443, so nobody",
    ),
    "UDP only": ([front("public", port(80, protocol="UDP"))], "has no port 80 (its ports: none), so nobody"),
    "ports are not translated": (
        [front("public", port(8080), **NOT_TRANSLATED)],
        "leads from port 80 to port 8080 of the gateway's pods, but Istio lets them listen at 80, so nobody",
    ),
}
PODS_PORTS = pod(ports=[{"name": "web", "containerPort": 8080}])


@pytest.mark.parametrize("services", OPEN.values(), ids=OPEN)
def test_clients_can_connect(services: list[Manifest]) -> None:
    assert find(exposure(), cluster(PODS_PORTS, *services, public_service=False)) == []


@pytest.mark.parametrize(("services", "message"), CLOSED.values(), ids=CLOSED)
def test_nobody_can_connect(services: list[Manifest], message: str) -> None:
    (finding,) = find(exposure(), cluster(PODS_PORTS, *services, public_service=False))
    assert finding.code == "gateway-port-closed"
    assert message in finding.message
