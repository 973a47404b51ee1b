# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exposures with routes, in a namespace of the test's own with several back ends."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import ProbeResult
from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure
from cluster.testing import Cluster, eventually
from support.routes import Answers, Expose
from support.run_module import Outcome, run_module

PORTS = {
    "web": [("http", 80)],
    "next": [("http", 80)],
    "stock": [("grpc", 9090)],
    "db": [("tcp", 5432), ("mongo", 27017), ("redis", 6379)],
    "secure": [("https", 443)],
    "secure-next": [("https", 443)],
}


@pytest.fixture
def host(namespace: str) -> str:
    """A host of this test alone."""
    return f"{namespace}.example.com"


@pytest.fixture(autouse=True)
def backends(istio: Cluster, namespace: str, host: str) -> None:
    """A real server behind every Service of PORTS."""
    annotations = {"embedded.gatehouse.istio/backend": "true", "embedded.gatehouse.istio/hosts": host}
    istio.apply(
        *(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
                "spec": {"ports": [{"name": protocol, "port": port} for protocol, port in ports]},
            }
            for name, ports in PORTS.items()
        )
    )


@pytest.fixture
def expose(istio: Cluster, namespace: str, host: str) -> Expose:
    """Runs istio_exposure for `shop` twice, and the second time nothing changes."""

    def run(*routes: dict[str, Any], **changes: Any) -> Outcome:
        options = {
            "name": "shop",
            "namespace": namespace,
            "hosts": [host],
            "routes": list(routes) or None,
            "gateway": {"selector": {"istio": "public"}},
            "kubeconfig": str(istio.kubeconfig),
            **changes,
        }
        outcome = run_module(istio_exposure.main, options)
        assert not outcome.failed, outcome.message
        again = run_module(istio_exposure.main, options)
        assert not again.changed, again.diff
        return outcome

    return run


@pytest.fixture
def answers(istio: Cluster, host: str) -> Answers:
    """Asks for a path of the host until the answer has the status."""

    def ask(path: str, status: int, backend: str = "", **options: Any) -> ProbeResult:
        def check() -> ProbeResult:
            result = istio.request(f"http://{host}{path}", **options)
            assert result.status == status, result
            assert result.headers.get("x-backend", "").endswith(backend), result
            return result

        return eventually(check, seconds=15)

    return ask
