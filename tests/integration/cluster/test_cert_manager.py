# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded cluster's cert-manager, and the ACME and DNS servers of the tests."""

from __future__ import annotations

import base64
import json
import os
import signal
import uuid
from typing import Any

import pytest
from cryptography import x509

from cluster.acme import REFUSED_HOST, Acme
from cluster.dns import Dns
from cluster.processes import Process
from cluster.testing import Cluster, eventually

PARTS = {
    "cert-manager": "cert-manager-controller",
    "cert-manager-webhook": "cert-manager-webhook",
    "cert-manager-cainjector": "cert-manager-cainjector",
}


def manifest(kind: str, name: str, namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "cert-manager.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


def certificate(name: str, namespace: str, issuer: str, **spec: Any) -> dict[str, Any]:
    common = {"secretName": name, "issuerRef": {"name": issuer}, "privateKey": {"algorithm": "ECDSA"}}
    return manifest("Certificate", name, namespace, common | spec)


def acme_issuer(acme: Acme, namespace: str, solver: dict[str, Any]) -> dict[str, Any]:
    spec = {
        "server": acme.directory,
        "caBundle": base64.b64encode(acme.ca_file.read_bytes()).decode(),
        "privateKeySecretRef": {"name": "account"},
        "solvers": [solver],
    }
    return manifest("Issuer", "acme", namespace, {"acme": spec})


def issued(cluster: Cluster, name: str, namespace: str, seconds: int = 30) -> x509.Certificate:
    """The leaf certificate in the Secret, once it is issued."""
    ready = ("--for=condition=Ready", f"--timeout={seconds}s")
    cluster.kubectl("wait", f"certificate/{name}", "-n", namespace, *ready)
    secret = cluster.kubectl("get", "secret", name, "-n", namespace)
    return x509.load_pem_x509_certificate(base64.b64decode(secret["data"]["tls.crt"]))


def names(leaf: x509.Certificate) -> list[str]:
    return leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)


def available(cluster: Cluster, deployment: str) -> None:
    status = cluster.kubectl("get", "deployment", deployment, "-n", "cert-manager")["status"]
    assert status.get("availableReplicas") == 1


def unavailable(cluster: Cluster, deployment: str) -> None:
    status = cluster.kubectl("get", "deployment", deployment, "-n", "cert-manager")["status"]
    assert status.get("availableReplicas", 0) == 0


def host() -> str:
    """A host of the test's own."""
    return f"h-{uuid.uuid4().hex[:8]}.example.com"


class TestCertManager:
    @pytest.mark.parametrize("deployment", PARTS)
    def test_a_pod_is_ready_exactly_while_its_process_answers(self, cert_manager: Cluster, deployment: str) -> None:
        process = Process(cert_manager.layout, PARTS[deployment])
        before = process.running()
        assert before is not None
        eventually(lambda: available(cert_manager, deployment))
        os.kill(before.pid, signal.SIGSTOP)
        eventually(lambda: unavailable(cert_manager, deployment))
        cert_manager.kill(process.name)
        eventually(lambda: available(cert_manager, deployment))
        assert process.running() not in (None, before)

    def test_a_private_ca_signs(self, cert_manager: Cluster, namespace: str) -> None:
        cert_manager.apply(
            manifest("Issuer", "self-signed", namespace, {"selfSigned": {}}),
            certificate("ca", namespace, "self-signed", isCA=True, commonName="a private CA"),
            manifest("Issuer", "ca", namespace, {"ca": {"secretName": "ca"}}),
            certificate("shop", namespace, "ca", dnsNames=["shop.example.com"]),
        )
        leaf = issued(cert_manager, "shop", namespace)
        leaf.verify_directly_issued_by(issued(cert_manager, "ca", namespace))
        assert names(leaf) == ["shop.example.com"]

    def test_the_webhook_refuses_what_contradicts_itself(self, cert_manager: Cluster, namespace: str) -> None:
        both = {"selfSigned": {}, "ca": {"secretName": "ca"}}
        with pytest.raises(AssertionError, match="may not specify more than one issuer type"):
            cert_manager.apply(manifest("Issuer", "both", namespace, both))

    def test_it_takes_over_the_charts_arguments(self, cert_manager: Cluster) -> None:
        """Those that it does not have, it names in its log."""
        log = (cert_manager.layout.log / "cert-manager-controller.log").read_text()
        assert '"ignored: this build has no such flag"' in log
        assert "--dns01-check-retry-period" not in log


class TestAcme:
    def test_http01_through_the_gateway(
        self, istio: Cluster, cert_manager: Cluster, acme: Acme, dns: Dns, namespace: str
    ) -> None:
        """Two at once: each challenge has a solver of its own, which istiod routes to."""
        hosts = [host(), host()]
        dns.point(dict.fromkeys(hosts, istio.gateway_address("public")))
        solver = {"http01": {"ingress": {"class": "istio", "serviceType": "ClusterIP"}}}
        cert_manager.apply(acme_issuer(acme, namespace, solver), certificate("both", namespace, "acme", dnsNames=hosts))
        leaf = issued(cert_manager, "both", namespace, seconds=60)
        assert sorted(names(leaf)) == sorted(hosts)
        chain = cert_manager.kubectl("get", "secret", "both", "-n", namespace)["data"]["tls.crt"]
        intermediate = x509.load_pem_x509_certificates(base64.b64decode(chain))[-1]
        intermediate.verify_directly_issued_by(x509.load_pem_x509_certificate(acme.root().encode()))

        def cleaned_up() -> None:
            left = [p.name for p in cert_manager.layout.run.glob("acmesolver.*.pid")]
            assert not left

        eventually(cleaned_up)

    def test_dns01_for_a_wildcard_and_its_apex(
        self, cert_manager: Cluster, acme: Acme, dns: Dns, namespace: str
    ) -> None:
        apex = host()
        cert_manager.apply(
            tsig_secret(namespace, dns.key_secret),
            acme_issuer(acme, namespace, rfc2136(dns)),
            certificate("wildcard", namespace, "acme", dnsNames=[f"*.{apex}", apex]),
        )
        assert sorted(names(issued(cert_manager, "wildcard", namespace))) == sorted([f"*.{apex}", apex])

    def test_dns01_with_another_key_is_refused(
        self, cert_manager: Cluster, acme: Acme, dns: Dns, namespace: str
    ) -> None:
        wanted = certificate("refused", namespace, "acme", dnsNames=[host()])
        cert_manager.apply(
            tsig_secret(namespace, base64.b64encode(b"another key").decode()),
            acme_issuer(acme, namespace, rfc2136(dns)),
            wanted,
        )

        def challenges() -> list[dict[str, Any]]:
            result = cert_manager.kubectl("get", "challenges.acme.cert-manager.io", "-n", namespace)["items"]
            return [item.get("status", {}) for item in result]

        def refused() -> None:
            assert [item.get("reason") for item in challenges()] == ["DNS update failed: dns: bad authentication"]

        eventually(refused)
        # What it cannot clean up stays, and its namespace with it.
        cert_manager.apply(tsig_secret(namespace, dns.key_secret))
        cert_manager.delete(wanted)

        def gone() -> None:
            assert challenges() == []

        eventually(gone)

    def test_a_name_that_the_ca_refuses(self, cert_manager: Cluster, acme: Acme, dns: Dns, namespace: str) -> None:
        cert_manager.apply(
            tsig_secret(namespace, dns.key_secret),
            acme_issuer(acme, namespace, rfc2136(dns)),
            certificate("refused", namespace, "acme", dnsNames=[REFUSED_HOST]),
        )

        def seen() -> None:
            orders = cert_manager.kubectl("get", "orders.acme.cert-manager.io", "-n", namespace)["items"]
            assert "rejectedIdentifier" in json.dumps([item.get("status", {}) for item in orders])

        eventually(seen)

    def test_external_account_binding(self, cert_manager: Cluster, acme: Acme, namespace: str) -> None:
        """The account is refused with another key, so the server does look at it."""
        for name, key in (("bound", acme.eab_key), ("unbound", "b3RoZXIta2V5")):
            issuer = acme_issuer(acme, namespace, {"http01": {"ingress": {}}})
            issuer["metadata"]["name"] = name
            issuer["spec"]["acme"] |= {
                "privateKeySecretRef": {"name": name},
                "externalAccountBinding": {
                    "keyID": acme.eab_key_id,
                    "keySecretRef": {"name": f"eab-{name}", "key": "key"},
                },
            }
            cert_manager.apply(secret(f"eab-{name}", namespace, key), issuer)
        cert_manager.kubectl("wait", "issuer/bound", "-n", namespace, "--for=condition=Ready", "--timeout=20s")
        cert_manager.kubectl("wait", "issuer/unbound", "-n", namespace, "--for=condition=Ready=False", "--timeout=20s")


def rfc2136(dns: Dns) -> dict[str, Any]:
    solver = {
        "nameserver": dns.address,
        "tsigKeyName": dns.key_name,
        "tsigAlgorithm": dns.key_algorithm,
        "tsigSecretSecretRef": {"name": "tsig", "key": "key"},
    }
    return {"dns01": {"rfc2136": solver}, "waitInsteadOfSelfCheck": "0s"}


def tsig_secret(namespace: str, key: str) -> dict[str, Any]:
    return secret("tsig", namespace, key)


def secret(name: str, namespace: str, key: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"key": key}}
