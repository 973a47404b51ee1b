# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""istio_exposure without Istio or cert-manager: a check run of a whole site must go on, a real run says what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure
from cluster import tools
from cluster.layout import cache_directory
from cluster.testing import Cluster
from support.run_module import run_module

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


def test_a_cluster_without_cert_manager(new_cluster: Callable[[], Cluster]) -> None:
    cluster = new_cluster()
    crds = tools.located(cache_directory()).charts / "base" / "files" / "crd-all.gen.yaml"
    cluster.kubectl("apply", "--server-side", "-f", str(crds))
    cluster.kubectl("wait", "crds", "--all", "--for=condition=Established", "--timeout=30s")
    gateway = {"selector": {"istio": "public"}, "pods_namespace": "default"}
    plain: dict[str, Any] = {**OPTIONS, "gateway": gateway, "kubeconfig": str(cluster.kubeconfig)}
    with_certificate = {**plain, "tls": {"certificate": {"issuer": {"name": "ca"}}}}
    assert run_module(istio_exposure.main, plain).changed
    predicted = run_module(istio_exposure.main, with_certificate, check=True)
    assert predicted.actions == [
        "created Certificate default/shop.default",
        "updated Gateway default/shop",
        "unchanged VirtualService default/shop",
    ]
    refused = run_module(istio_exposure.main, with_certificate)
    assert refused.failed
    assert "install cert-manager first" in refused.message
    assert not run_module(istio_exposure.main, plain).changed
    assert run_module(istio_exposure.main, {**plain, "state": "absent"}).changed
