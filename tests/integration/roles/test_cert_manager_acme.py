# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role cert_manager with real ACME and DNS servers: what it issues is served by Envoy, and what fails says why."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster.acme import REFUSED_HOST, Acme
from cluster.dns import Dns
from cluster.testing import Cluster, eventually
from support.cert_manager_role import ABSENT, COMPANY_CA, ROLE, TOKEN, certificate, issuer, secret


def acme_issuer(acme: Acme, namespace: str, *solvers: dict[str, Any], **more: Any) -> dict[str, Any]:
    content = {"server": acme.directory, "ca_bundle": acme.ca_file.read_text(), "solvers": list(solvers)}
    return issuer("acme", namespace, acme={**content, **more})


def rfc2136(dns: Dns, **more: Any) -> dict[str, Any]:
    solver = {
        "nameserver": dns.address,
        "tsigKeyName": dns.key_name,
        "tsigAlgorithm": dns.key_algorithm,
        "tsigSecretSecretRef": {"name": "tsig", "key": "secret"},
    }
    return {"dns01": {"rfc2136": solver}, "spec": {"waitInsteadOfSelfCheck": "0s"}, **more}


def tsig(namespace: str, key: str) -> dict[str, Any]:
    return {"name": "tsig", "namespace": namespace, "data": {"secret": key}}


@pytest.fixture
def backend(istio: Cluster, namespace: str) -> None:
    """A real server behind the Service `web`."""
    metadata = {"name": "web", "namespace": namespace, "annotations": {"embedded.gatehouse.istio/backend": "true"}}
    spec = {"ports": [{"name": "http", "port": 80}]}
    istio.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})


EXPOSE = """
- name: Serve the hosts
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Serve each with its certificate
      gatehouse.istio.istio_exposure:
        name: "{{ item.secret_name }}"
        namespace: "{{ backend_namespace }}"
        hosts: "{{ item.dns_names }}"
        service: web
        gateway: {selector: {istio: public}}
        tls: {credential_name: "{{ item.secret_name }}"}
        kubeconfig: "{{ istio_kubeconfig }}"
      loop: "{{ cert_manager_certificates | selectattr('secret_name', 'defined') }}"
"""


@pytest.fixture
def in_the_gateways_namespace(istio: Cluster, namespace: str) -> Iterator[Callable[..., dict[str, Any]]]:
    """Certificates where the gateway's pods are, named as the test's namespace so that tests do not meet there."""
    made: list[str] = []

    def make(name: str, issued_by: str, *hosts: str) -> dict[str, Any]:
        made.append(f"{namespace}-{name}")
        by = {"issuer": {"name": f"{namespace}-{issued_by}"}, "secret_name": made[-1]}
        return certificate(made[-1], "istio-ingress", "", *hosts, **by)

    yield make
    istio.kubectl("delete", "certificates,secrets", *made, "-n", "istio-ingress", "--ignore-not-found")


def test_certificates_that_clients_accept(
    istio: Cluster,
    cert_manager: Cluster,
    acme: Acme,
    dns: Dns,
    namespace: str,
    backend: None,
    in_the_gateways_namespace: Callable[..., dict[str, Any]],
    tmp_path: Path,
) -> None:
    """By a private CA, by ACME and HTTP-01 through the gateway, and by ACME and DNS-01 for a wildcard and its apex."""
    assert (backend, cert_manager) == (None, istio)
    apex, over_http, private = f"{namespace}.example.com", f"{namespace}.example.org", f"{namespace}.example.net"
    dns.point({over_http: istio.gateway_address("public")})
    ca: dict[str, Any] = {**COMPANY_CA, "name": f"{namespace}-ca", "issuer": {"name": f"{namespace}-root"}}
    account = {"external_account_binding": {"key_id": acme.eab_key_id, "secret_name": f"{namespace}-eab"}}
    by_acme = acme_issuer(acme, namespace, {"http01": {}}, rfc2136(dns, dns_zones=["example.com"]), **account)
    variables: dict[str, Any] = {
        "backend_namespace": namespace,
        "cert_manager_secrets": [
            {"name": "tsig", "data": {"secret": dns.key_secret}},
            {"name": f"{namespace}-eab", "data": {"secret": acme.eab_key}},
        ],
        "cert_manager_issuers": [
            {"name": f"{namespace}-root", "self_signed": {}},
            {"name": f"{namespace}-company", "ca": {"secret_name": ca["name"]}},
            {**by_acme, "name": f"{namespace}-acme", "kind": "ClusterIssuer", "namespace": ""},
        ],
        "cert_manager_certificates": [
            ca,
            in_the_gateways_namespace("private", "company", private),
            in_the_gateways_namespace("http", "acme", over_http),
            in_the_gateways_namespace("dns", "acme", f"*.{apex}", apex),
        ],
    }
    assert dns.key_secret not in istio.playbook(ROLE + EXPOSE, variables, diff=True).output

    private_ca, public_ca = tmp_path / "private.pem", tmp_path / "public.pem"
    private_ca.write_text(secret(istio, ca["name"], "cert-manager")["tls.crt"])
    public_ca.write_text(acme.root())
    trusted = {private: private_ca, over_http: public_ca, apex: public_ca, f"www.{apex}": public_ca}
    sans = {private: (private,), over_http: (over_http,), apex: (f"*.{apex}", apex), f"www.{apex}": (f"*.{apex}", apex)}

    def served(host: str) -> None:
        answer = istio.request(f"https://{host}/", ca_file=str(trusted[host]))
        assert answer.status == 200, answer
        assert answer.certificate is not None
        assert sorted(answer.certificate.sans) == sorted(sans[host])

    for host in trusted:
        eventually(lambda host=host: served(host))  # type: ignore[misc]  # mypy cannot infer a default's type
    assert istio.request(f"https://{private}/", ca_file=str(public_ca)).status is None
    second = istio.playbook(ROLE + EXPOSE, variables)
    assert second.changed == 0


def test_what_does_not_become_ready_says_why_within_the_time_out(
    cert_manager: Cluster, acme: Acme, dns: Dns, namespace: str
) -> None:
    """An issuer that cannot work, a DNS server that refuses the update, and a name that the ACME server refuses."""
    unreachable = issuer("unreachable", namespace, acme={"server": "https://127.0.0.1:1/dir"})
    host = f"{namespace}.example.com"
    wrong: dict[str, Any] = {
        "cert_manager_secrets": [tsig(namespace, base64.b64encode(TOKEN.encode()).decode())],
        "cert_manager_issuers": [unreachable, acme_issuer(acme, namespace, rfc2136(dns))],
        "cert_manager_certificates": [
            certificate("stuck", namespace, "unreachable", host),
            certificate("wrong-key", namespace, "acme", host),
            certificate("refused", namespace, "acme", REFUSED_HOST),
        ],
        "cert_manager_ready_timeout": 12,
    }
    result = cert_manager.playbook(ROLE, wrong, may_fail=True)
    lines = {
        line.split(" is not ready: ")[0]: line for line in re.split(r"(?=The (?:Issuer|Certificate) )", result.message)
    }
    assert "connect: connection refused" in lines[f"The Issuer {namespace}/unreachable"]
    assert "connect: connection refused" in lines[f"The Certificate {namespace}/stuck"]
    assert (
        f"Challenge DNS-01 for {host}: DNS update failed: dns: bad authentication"
        in lines[f"The Certificate {namespace}/wrong-key"]
    )
    assert "rejectedIdentifier" in lines[f"The Certificate {namespace}/refused"]
    assert f"cmctl renew -n {namespace} refused" in lines[f"The Certificate {namespace}/refused"]
    assert "The role waits at most 12 seconds (cert_manager_ready_timeout); what it has applied stays" in result.message
    assert "\n" not in result.message
    assert "Traceback" not in result.output

    # With the right key, the challenge that was refused goes on, and the namespace can go afterwards.
    right = {
        **wrong,
        "cert_manager_secrets": [tsig(namespace, dns.key_secret)],
        "cert_manager_issuers": [{**unreachable, **ABSENT}, wrong["cert_manager_issuers"][1]],
        "cert_manager_certificates": [
            {"name": "stuck", "namespace": namespace, **ABSENT},
            wrong["cert_manager_certificates"][1],
            {"name": "refused", "namespace": namespace, **ABSENT},
        ],
        "cert_manager_ready_timeout": 60,
    }
    cert_manager.playbook(ROLE, right)
    assert "tls.crt" in secret(cert_manager, "wrong-key", namespace)
