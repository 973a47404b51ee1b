# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exposures with mistakes, for real: a task, a task that a check stops, certificates, and what the gateway answers."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import ProbeResult
from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure
from cluster.testing import Cluster, eventually
from support.run_module import Outcome, run_module

PODS = "istio-ingress"
INTERNAL = {"selector": {"istio": "internal"}}
Expose = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def backends(service: Callable[..., None]) -> None:
    """Real servers behind the Services `web` and `api`, for HTTP on port 80."""
    for name in ("web", "api"):
        service(name, served=True)


@pytest.fixture
def service(istio: Cluster, namespace: str) -> Callable[..., None]:
    """Creates a Service; with `served`, real servers are behind it."""

    def run(name: str, served: bool = False, annotations: dict[str, str] | None = None, **spec: Any) -> None:
        marks = {"embedded.gatehouse.istio/backend": "true"} if served else {}
        metadata = {"name": name, "namespace": namespace, "annotations": {**marks, **(annotations or {})}}
        ports = [{"name": "http", "port": 80}]
        istio.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": ports, **spec}})
        if served:
            eventually(lambda: is_served(name), seconds=15)

    def is_served(name: str) -> None:
        slices = ["endpointslices", "-n", namespace, "-l", f"kubernetes.io/service-name={name}"]
        assert istio.kubectl("get", *slices)["items"]

    return run


@pytest.fixture
def expose(istio: Cluster, namespace: str) -> Expose:
    """Runs istio_exposure; keywords change the smallest options."""

    def run(name: str, *hosts: str, check: bool = False, **changes: Any) -> Outcome:
        options = {
            "name": name,
            "namespace": namespace,
            "hosts": list(hosts),
            "service": "web",
            "port": 80,
            "gateway": INTERNAL,
            "kubeconfig": str(istio.kubeconfig),
            **changes,
        }
        return run_module(istio_exposure.main, options, check)

    return run


@pytest.fixture
def wrong(istio: Cluster, expose: Expose, namespace: str) -> Expose:
    """An exposure that the check refuses, before anything is written; then it is made with the check off."""

    def run(code: str, name: str, *hosts: str, **options: Any) -> Outcome:
        refused = expose(name, *hosts, **options)
        assert refused.failed
        assert [result["code"] for result in refused.result["findings"] if result["level"] == "error"] == [code]
        assert f"[{code}] This would break what is served" in refused.message
        assert "\n" not in refused.message
        for kind in ("gateways", "virtualservices"):
            there = istio.kubectl("get", f"{kind}.networking.istio.io", "-n", namespace)["items"]
            assert name not in [item["metadata"]["name"] for item in there]
        made = expose(name, *hosts, checks={code: "ignore"}, **options)
        assert not made.failed, made.message
        return refused

    return run


@pytest.fixture
def credential(istio: Cluster, namespace: str) -> Iterator[Callable[..., str]]:
    """Makes Secrets with a certificate for hosts, where the gateways' pods are, and returns their names."""
    made: list[dict[str, Any]] = []

    def encoded(path: Path) -> str:
        return base64.b64encode(path.read_bytes()).decode()

    def make(name: str, *hosts: str, key_of: str | None = None) -> str:
        paths = istio.certificate(*hosts)
        key = istio.certificate(key_of).key if key_of else paths.key
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"{namespace}-{name}", "namespace": PODS},
            "data": {"tls.crt": encoded(paths.crt), "tls.key": encoded(key)},
        }
        made.append(secret)
        istio.apply(secret)
        return f"{namespace}-{name}"

    yield make
    istio.delete(*made)


@pytest.fixture
def answers(istio: Cluster, namespace: str) -> Callable[..., ProbeResult]:
    """Asks until the answer has the status (None: no answer at all), and comes from the back end if one is given."""

    def ask(url: str, status: int | None, backend: str | None = None) -> ProbeResult:
        def check() -> ProbeResult:
            result = istio.request(url, gateway="internal", timeout=3)
            assert result.status == status, result
            assert backend is None or result.headers.get("x-backend") == f"{namespace}/{backend}/http", result
            return result

        return eventually(check, seconds=15)

    return ask
