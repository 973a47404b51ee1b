# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exposures of every kind, and reading them back."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure, istio_exposure_info
from cluster.testing import CertificateFiles, Cluster
from support.info import PODS, PUBLIC, Run
from support.run_module import Outcome, run_module


@pytest.fixture
def options(namespace: str) -> Callable[..., dict[str, Any]]:
    """The options of istio_exposure for an exposure, whose host has its name."""

    def of(name: str, **changes: Any) -> dict[str, Any]:
        smallest = {
            "name": name,
            "namespace": namespace,
            "hosts": [f"{name}.{namespace}.test"],
            "service": "web",
            "port": 80,
            "gateway": PUBLIC,
        }
        return {**smallest, **changes}

    return of


@pytest.fixture
def expose(istio: Cluster, options: Callable[..., dict[str, Any]]) -> Run:
    def run(name: str, **changes: Any) -> Outcome:
        given = {**options(name, **changes), "kubeconfig": str(istio.kubeconfig)}
        outcome = run_module(istio_exposure.main, given)
        assert not outcome.failed, outcome.message
        return outcome

    return run


@pytest.fixture
def info(istio: Cluster, namespace: str) -> Run:
    """Reads the test's namespace back; it never fails unless it is meant to."""

    def run(fails: bool = False, **changes: Any) -> Outcome:
        given = {"namespace": namespace, "kubeconfig": str(istio.kubeconfig), **changes}
        outcome = run_module(istio_exposure_info.main, given)
        assert outcome.failed == fails, outcome.message
        assert not outcome.changed
        return outcome

    return run


@pytest.fixture
def certificate(istio: Cluster, namespace: str) -> CertificateFiles:
    """For the host of exposure own."""
    return istio.certificate(f"own.{namespace}.test")


@pytest.fixture
def secret(istio: Cluster, namespace: str, certificate: CertificateFiles) -> Iterator[str]:
    """The name of the Secret with this certificate, beside the gateways' pods."""
    name = f"{namespace}-own"
    data = {
        "tls.crt": base64.b64encode(certificate.crt.read_bytes()).decode(),
        "tls.key": base64.b64encode(certificate.key.read_bytes()).decode(),
    }
    metadata = {"name": name, "namespace": PODS}
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
    istio.apply(manifest)
    yield name
    istio.delete(manifest)


@pytest.fixture
def every_kind(istio: Cluster, expose: Run, namespace: str, secret: str) -> None:
    """An exposure with its own Gateway, one that shares one, one that is attached to one by hand, and one by hand."""
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": namespace}}
    port = {"number": 80, "name": "http", "protocol": "HTTP"}
    gateway = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "by-hand", "namespace": namespace},
        "spec": {**PUBLIC, "servers": [{"port": port, "hosts": [f"*.{namespace}.test"]}]},
    }
    route = {"name": "gone", "match": [{"uri": {"prefix": "/old"}}], "redirect": {"uri": "/"}}
    by_hand = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "by-hand", "namespace": namespace, "labels": {"team": "hands"}},
        "spec": {
            "hosts": [f"hand.{namespace}.test"],
            "gateways": ["by-hand", f"{PODS}/nowhere"],
            "http": [route, {"route": [{"destination": {"host": "web", "port": {"number": 80}}}]}],
        },
    }
    istio.apply({**service, "spec": {"ports": [{"name": "http", "port": 80}]}}, gateway, by_hand)
    expose("own", tls={"credential_name": secret, "redirect": True}, labels={"team": "shop"})
    expose("shared", gateway={**PUBLIC, "shared": "front"}, labels={"team": "shop"})
    expose("attached", gateway={"existing": "by-hand"})
