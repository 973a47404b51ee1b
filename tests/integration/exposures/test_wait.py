# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists with wait: when the task ends, the real Envoy serves all of them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from cluster.testing import Cluster, eventually
from support.exposures import PUBLIC, Run, exposures

PODS = "istio-ingress"
NAMES = [f"e{number}" for number in range(12)]


@pytest.fixture(autouse=True)
def backend(settings: dict[str, Any], istio: Cluster, namespace: str) -> None:
    """A real server behind the Service web of the settings."""
    assert settings
    annotations = {"embedded.gatehouse.istio/backend": "true"}
    istio.apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web", "namespace": namespace, "annotations": annotations},
            "spec": {"ports": [{"name": "http", "port": 80}]},
        }
    )


@pytest.fixture
def credential(istio: Cluster, namespace: str) -> str:
    """The name of a Secret with a wildcard certificate for the namespace's hosts."""
    files = istio.certificate(f"*.{namespace}.test")
    data = {"tls.crt": files.crt.read_bytes(), "tls.key": files.key.read_bytes()}
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    metadata = {"name": namespace, "namespace": PODS}
    istio.apply(
        {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": metadata, "data": encoded}
    )
    return namespace


def test_all_are_served_when_the_task_ends_and_stay_so_when_they_move(
    expose_all: Run, istio: Cluster, namespace: str, credential: str, requests: list[str]
) -> None:
    plain = exposures(namespace, *NAMES, wait=True)
    first = expose_all(plain, wait_timeout=30).done()
    for name in NAMES:
        assert [one["status"] for one in first.exposures[name]["served"]] == [200]
        assert istio.request(f"http://{name}.{namespace}.test/").status == 200

    shared = {**PUBLIC, "shared": "front"}
    tls = {"credential_name": credential, "redirect": True}
    moved = expose_all(exposures(namespace, *NAMES, wait=True, gateway=shared, tls=tls), wait_timeout=30).done()
    assert [moved.exposures[name]["urls"] for name in NAMES] == [
        [f"https://{name}.{namespace}.test/"] for name in NAMES
    ]

    def all_served() -> None:
        # In the end the hosts of one certificate become one server, and meanwhile the answer may be 404.
        assert {istio.request(f"https://{name}.{namespace}.test/").status for name in NAMES} == {200}

    eventually(all_served, seconds=10)
    requests.clear()
    again = expose_all(exposures(namespace, *NAMES, wait=True, gateway=shared, tls=tls), wait_timeout=30).done()
    assert not again.changed
    assert all(len(entry["served"]) == 2 for entry in again.exposures.values())
    assert len(requests) < len(NAMES) + 8


def test_what_is_not_served_fails_alone(expose_all: Run, istio: Cluster, namespace: str) -> None:
    good = exposures(namespace, "a", "b", wait=True)
    lost = exposures(namespace, "lost", wait=True, probe={"status": [418]})
    result = expose_all(good + lost, wait_timeout=4, on_error="continue")
    assert result.failed
    assert result.outcomes == {"a": "changed", "b": "changed", "lost": "failed"}
    assert "Not served after 4 s: " in result.exposures["lost"]["msg"]
    assert istio.request(f"http://a.{namespace}.test/").status == 200


def test_certificates_are_waited_for_together(
    expose_all: Run, cert_manager: Cluster, namespace: str, requests: list[str]
) -> None:
    issuer: dict[str, Any] = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "ClusterIssuer",
        "metadata": {"name": namespace},
        "spec": {"selfSigned": {}},
    }
    cert_manager.apply(issuer)
    names = NAMES[:8]
    result = expose_all(
        exposures(namespace, *names, wait=True, tls={"certificate": {"issuer": {"name": namespace}}}), wait_timeout=60
    ).done()
    for name in names:
        assert result.exposures[name]["served"][0]["certificate"]["serial"]
        assert result.exposures[name]["certificate"]["namespace"] == PODS
    assert sum(f"certificates/{name}" in request for name in names for request in requests) <= 3 * len(names)
    cert_manager.delete(issuer)
