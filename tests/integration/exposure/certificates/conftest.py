# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exposures of a namespace of the test's own, with issuers of the real cert-manager."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import ProbeResult
from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure
from cluster.acme import Acme
from cluster.dns import Dns
from cluster.testing import Cluster, eventually
from support.certificates import PODS, PUBLIC, AcmeIssuer, Answers, Authorities, Expose, cert_manager_object
from support.run_module import Outcome, run_module


@pytest.fixture(scope="session")
def authorities(cert_manager: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Authorities:
    """A root, and two issuers below it: so the chain that Envoy serves must hold more than the leaf."""

    def ca(name: str, issuer: str) -> list[dict[str, Any]]:
        reference = {"name": issuer, "kind": "ClusterIssuer"}
        spec = {"isCA": True, "commonName": name, "secretName": name, "issuerRef": reference}
        return [
            cert_manager_object("Certificate", name, spec, "cert-manager"),
            cert_manager_object("ClusterIssuer", name, {"ca": {"secretName": name}}),
        ]

    def wait(*names: str) -> None:
        certificates = [f"certificate/{name}" for name in names]
        cert_manager.kubectl("wait", *certificates, "-n", "cert-manager", "--for=condition=Ready", "--timeout=30s")

    # cert-manager sometimes issues a new certificate twice, with two keys: an issuer whose own certificate comes from
    # the first would not be verified by the second. So the root is ready first, and each issuer says who signed it.
    self_signed = cert_manager_object("ClusterIssuer", "exposures", {"selfSigned": {}})
    cert_manager.apply(self_signed, *ca("exposures-root", "exposures"))
    wait("exposures-root")
    issuers = ("exposures-first", "exposures-second")
    cert_manager.apply(*(entry for name in issuers for entry in ca(name, "exposures-root")))
    wait(*issuers)
    secrets = [cert_manager.kubectl("get", "secret", name, "-n", "cert-manager") for name in issuers]
    root = tmp_path_factory.mktemp("authorities") / "root.pem"
    root.write_bytes(b"".join(sorted({base64.b64decode(secret["data"]["ca.crt"]) for secret in secrets})))
    return Authorities("exposures-first", "exposures-second", root)


@pytest.fixture(autouse=True)
def _clean(cert_manager: Cluster, namespace: str) -> Iterator[None]:
    """What an exposure has beside the gateway's pods does not go with its namespace."""
    yield
    selector = f"--selector=gatehouse.istio/exposure-namespace={namespace}"
    cert_manager.kubectl("delete", "certificates.cert-manager.io,secrets", "-n", PODS, selector, "--wait=false")


@pytest.fixture
def host(namespace: str) -> str:
    """A host of this test alone."""
    return f"{namespace}.example.com"


@pytest.fixture(autouse=True)
def backends(istio: Cluster, namespace: str, host: str) -> None:
    """Real servers behind the Services `web` (HTTP on 80) and `secure` (its own certificate, on 443)."""
    for name, protocol, port in (("web", "http", 80), ("secure", "https", 443)):
        annotations = {"embedded.gatehouse.istio/backend": "true", "embedded.gatehouse.istio/hosts": f"own-{host}"}
        istio.apply(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
                "spec": {"ports": [{"name": protocol, "port": port}]},
            }
        )
    istio.wait_for_endpoints(namespace, "web", "secure")


@pytest.fixture
def expose(istio: Cluster, namespace: str, host: str) -> Expose:
    """Runs istio_exposure for `shop` and waits for its certificate; keywords change the smallest options."""

    def run(check: bool = False, **changes: Any) -> Outcome:
        options = {
            "name": "shop",
            "namespace": namespace,
            "hosts": [host],
            "service": "web",
            "port": 80,
            "gateway": PUBLIC,
            "wait": True,
            "wait_timeout": 30,
            "kubeconfig": str(istio.kubeconfig),
            **changes,
        }
        return run_module(istio_exposure.main, options, check)

    return run


@pytest.fixture
def answers(istio: Cluster) -> Answers:
    """Asks until the answer has the status."""

    def ask(url: str, status: int | None, **options: Any) -> ProbeResult:
        def check() -> ProbeResult:
            result = istio.request(url, **options)
            assert result.status == status, result
            return result

        return eventually(check, seconds=15)

    return ask


@pytest.fixture
def acme_issuer(cert_manager: Cluster, acme: Acme, dns: Dns, namespace: str, tmp_path: Path) -> Iterator[AcmeIssuer]:
    """A ClusterIssuer of the real ACME server, with HTTP-01 through istiod's ingress mode."""
    spec = {
        "server": acme.directory,
        "caBundle": base64.b64encode(acme.ca_file.read_bytes()).decode(),
        "privateKeySecretRef": {"name": f"{namespace}-account"},
        "solvers": [{"http01": {"ingress": {"class": "istio", "serviceType": "ClusterIP"}}}],
    }
    assert dns.address
    issuer = cert_manager_object("ClusterIssuer", namespace, {"acme": spec})
    cert_manager.apply(issuer)
    root = tmp_path / "acme.pem"
    root.write_text(acme.root())
    yield AcmeIssuer(namespace, root)
    cert_manager.delete(issuer)
