# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of exposures on the shared cluster, in namespaces of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.client import KubernetesClient as Door
from ansible_collections.gatehouse.istio.plugins.modules import istio_exposures
from cluster.testing import Cluster
from support.exposures import PUBLIC, Listed, Run
from support.run_module import run_module


@pytest.fixture
def settings(istio: Cluster, namespace: str) -> dict[str, Any]:
    """What holds for all lists of a test. The Service is there, and no server behind it."""
    ports = [{"name": "http", "port": 80}, {"name": "http-81", "port": 81}]
    metadata = {"name": "web", "namespace": namespace}
    istio.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": ports}})
    return {
        "defaults": {
            "namespace": namespace,
            "service": "web",
            "port": 80,
            "gateway": PUBLIC,
            "checks": {"destination-without-endpoints": "ignore"},
        },
        "kubeconfig": str(istio.kubeconfig),
    }


@pytest.fixture
def expose_all(settings: dict[str, Any]) -> Run:
    """Runs istio_exposures."""

    def run(exposures: list[dict[str, Any]], check: bool = False, **changes: Any) -> Listed:
        options = {**settings, "exposures": exposures, **changes}
        return Listed(run_module(istio_exposures.main, options, check))

    return run


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All requests to the API server since, as method and path."""
    sent: list[str] = []
    real = Door._request  # noqa: SLF001  (the one place through which all requests go)

    def noted(self: Door, method: str, path: str, *arguments: Any, **options: Any) -> Any:
        sent.append(f"{method} {path}")
        return real(self, method, path, *arguments, **options)

    monkeypatch.setattr(Door, "_request", noted)
    return sent


@pytest.fixture
def another_namespace(istio: Cluster, namespace: str) -> Iterator[str]:
    name = f"{namespace}-other"
    istio.kubectl("create", "namespace", name)
    yield name
    istio.kubectl("delete", "namespace", name, "--wait=false")
