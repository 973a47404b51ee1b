# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Gateway that nobody refuses, and with which istiod ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import ProbeResult
from cluster.testing import Cluster, eventually
from support.run_module import Outcome

CODE = "gateway-ends-istiod"


def is_ready(istio: Cluster) -> bool:
    (pod,) = istio.kubectl("get", "pods", "-n", "istio-system", "-l", "app=istiod")["items"]
    conditions = {entry["type"]: entry["status"] for entry in pod["status"].get("conditions") or []}
    return conditions.get("Ready") == "True"


def test_istiod_ends(
    istio: Cluster, expose: Callable[..., Outcome], answers: Callable[..., ProbeResult], namespace: str
) -> None:
    first, later = f"a.{namespace}.test", f"b.{namespace}.test"
    assert not expose("first", first).failed
    answers(f"http://{first}/", 200)
    server = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*/*", f"./{later}"]}
    by_hand: dict[str, Any] = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "by-hand", "namespace": namespace},
        "spec": {"selector": {"istio": "internal"}, "servers": [server]},
    }
    istio.apply(by_hand)
    try:
        eventually(lambda: assert_not_ready(istio), seconds=30)
        attached = {"gateway": {"existing": "by-hand"}}
        refused = expose("later", later, **attached)
        assert refused.failed
        assert [each["code"] for each in refused.result["findings"] if each["level"] == "error"] == [CODE]
        assert f"Gateway {namespace}/by-hand has the host ./{later} after */*" in refused.message
    finally:
        istio.delete(by_hand)
    eventually(lambda: assert_ready(istio), seconds=60)
    answers(f"http://{first}/", 200)
    assert not expose("later", later).failed
    answers(f"http://{later}/", 200)


def assert_not_ready(istio: Cluster) -> None:
    assert not is_ready(istio)


def assert_ready(istio: Cluster) -> None:
    assert is_ready(istio)
