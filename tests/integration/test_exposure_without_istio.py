# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""istio_exposure without Istio: a check run of a whole site must go on, a real run must say what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from run_module import run_module

from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure
from cluster.testing import Cluster

OPTIONS: dict[str, Any] = {
    "name": "shop",
    "namespace": "default",
    "hosts": ["shop.example.com"],
    "service": "web",
    "gateway": {"selector": {"istio": "public"}},
}


def test_a_cluster_without_istio(new_cluster: Callable[[], Cluster]) -> None:
    options = {**OPTIONS, "kubeconfig": str(new_cluster().kubeconfig)}
    predicted = run_module(istio_exposure.main, options, check=True)
    assert predicted.actions == ["created Gateway default/shop", "created VirtualService default/shop"]
    assert predicted.result["urls"] == ["http://shop.example.com/"]
    refused = run_module(istio_exposure.main, options)
    assert refused.failed
    assert "install Istio first" in refused.message
    for check in (True, False):
        assert not run_module(istio_exposure.main, {**options, "state": "absent"}, check).changed
