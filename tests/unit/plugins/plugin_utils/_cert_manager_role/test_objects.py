# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role cert_manager: variables -> chart values, objects and what is wrong with them."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import yaml

from ansible_collections.gatehouse.istio.plugins.plugin_utils._cert_manager_role.issuers import DIRECTORIES
from ansible_collections.gatehouse.istio.plugins.plugin_utils._cert_manager_role.objects import cert_manager_objects

TOKEN = {"name": "cloudflare", "data": {"api-token": "t0ken"}}
CLOUDFLARE = {"cloudflare": {"apiTokenSecretRef": {"name": "cloudflare", "key": "api-token"}}}
ACCOUNT = {"account_key_secret": "mine"}
ISSUER = {"name": "company", "ca": {"secret_name": "company"}}
CERTIFICATE = {"name": "shop", "namespace": "edge", "issuer": {"name": "company"}, "dns_names": ["shop.example.com"]}


def desired(files: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "namespace": "cert-manager",
        "timeout": "5m",
        "image_registry": "",
        "values": {},
        "values_files": [],
        "secrets": [],
        "issuers": [],
        "certificates": [],
    }
    variables = {f"cert_manager_{name}": value for name, value in {**defaults, **changes}.items()}
    return cert_manager_objects(variables, {path: yaml.safe_dump(content) for path, content in (files or {}).items()})


def spec(**entry: Any) -> Any:
    """The spec of the one issuer or certificate."""
    lists: dict[str, Any] = {"certificates": [entry]} if "dns_names" in entry else {"issuers": [entry]}
    return next(iter(desired(**lists)["manifests"].values()))["spec"]


def acme(*solvers: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"name": "le", "acme": {"server": "staging", "solvers": list(solvers), **changes}}


def test_values_merge_the_dictionary_over_the_files_over_the_roles_own() -> None:
    files = {"a.yml": {"replicaCount": 2, "webhook": {"replicaCount": 2}}, "b.yml": None}
    result = desired(
        files, image_registry="registry.example.com", values_files=["a.yml", "b.yml"], values={"replicaCount": 3}
    )
    assert result["values"] == {
        "crds": {"enabled": True, "keep": True},
        "startupapicheck": {"enabled": False},
        "imageRegistry": "registry.example.com",
        "replicaCount": 3,
        "webhook": {"replicaCount": 2},
    }
    assert result["timeout_seconds"] == 300


def test_objects_in_the_order_of_writing_with_our_label() -> None:
    result = desired(
        certificates=[CERTIFICATE], issuers=[{**ISSUER, "kind": "Issuer", "namespace": "edge"}, ISSUER], secrets=[TOKEN]
    )
    assert [item["id"] for item in result["objects"]] == [
        "Secret cert-manager/cloudflare",
        "Issuer edge/company",
        "ClusterIssuer company",
        "Certificate edge/shop",
    ]
    assert result["manifests"]["ClusterIssuer company"] == {
        "apiVersion": "cert-manager.io/v1",
        "kind": "ClusterIssuer",
        "metadata": {"name": "company", "labels": {"app.kubernetes.io/managed-by": "gatehouse.istio"}},
        "spec": {"ca": {"secretName": "company"}},
    }
    secret = result["manifests"]["Secret cert-manager/cloudflare"]
    assert secret["data"] == {"api-token": base64.b64encode(b"t0ken").decode()}
    assert secret["type"] == "Opaque"


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        ({"self_signed": {}}, {"selfSigned": {}}),
        ({"self_signed": None}, {"selfSigned": {}}),
        (
            {"ca": {"secret_name": "a"}, "spec": {"ca": {"ocspServers": ["o"]}}},
            {"ca": {"secretName": "a", "ocspServers": ["o"]}},
        ),
        ({"spec": {"venafi": {"zone": "z"}}}, {"venafi": {"zone": "z"}}),
        (
            {
                "vault": {
                    "server": "https://v",
                    "path": "pki/sign/x",
                    "auth": {"kubernetes": {"role": "r"}},
                    "ca_bundle": "PEM",
                }
            },
            {
                "vault": {
                    "server": "https://v",
                    "path": "pki/sign/x",
                    "auth": {"kubernetes": {"role": "r"}},
                    "caBundle": "UEVN",
                }
            },
        ),
        (
            {"vault": {"server": "https://v", "path": "p", "auth": {}, "namespace": "team"}},
            {"vault": {"server": "https://v", "path": "p", "auth": {}, "namespace": "team"}},
        ),
    ],
)
def test_issuers(issuer: dict[str, Any], expected: dict[str, Any]) -> None:
    assert spec(name="le", **issuer) == expected


def test_an_acme_issuer_with_everything() -> None:
    entry = acme(
        {"dns_zones": ["example.com"], "dns01": CLOUDFLARE, "spec": {"waitInsteadOfSelfCheck": "0s"}},
        {"dns_names": ["b.example.org"], "http01": {}},
        email="ops@example.com",
        ca_bundle="PEM",
        external_account_binding={"key_id": "kid", "secret_name": "eab"},
    )
    assert spec(**entry)["acme"] == {
        "server": DIRECTORIES["staging"],
        "email": "ops@example.com",
        "privateKeySecretRef": {"name": "le-account-key"},
        "caBundle": "UEVN",
        "externalAccountBinding": {"keyID": "kid", "keySecretRef": {"name": "eab", "key": "secret"}},
        "solvers": [
            {"selector": {"dnsZones": ["example.com"]}, "dns01": CLOUDFLARE, "waitInsteadOfSelfCheck": "0s"},
            {
                "selector": {"dnsNames": ["b.example.org"]},
                "http01": {"ingress": {"class": "istio", "serviceType": "ClusterIP"}},
            },
        ],
    }


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("production", "https://acme-v02.api.letsencrypt.org/directory"),
        ("staging", "https://acme-staging-v02.api.letsencrypt.org/directory"),
        ("https://acme.example.com/dir", "https://acme.example.com/dir"),
    ],
)
def test_acme_servers(server: str, url: str) -> None:
    assert spec(**acme(server=server, **ACCOUNT))["acme"] == {
        "server": url,
        "privateKeySecretRef": {"name": "mine"},
        "solvers": [],
    }


@pytest.mark.parametrize(
    ("http01", "expected"),
    [
        ({}, {"ingress": {"class": "istio", "serviceType": "ClusterIP"}}),
        (
            {"ingress": {"ingressClassName": "istio"}},
            {"ingress": {"ingressClassName": "istio", "serviceType": "ClusterIP"}},
        ),
        (
            {"ingress": {"class": "inner", "serviceType": "NodePort"}},
            {"ingress": {"class": "inner", "serviceType": "NodePort"}},
        ),
        ({"gatewayHTTPRoute": {"parentRefs": []}}, {"gatewayHTTPRoute": {"parentRefs": []}}),
    ],
)
def test_http01_goes_through_istio_unless_it_says_otherwise(http01: Any, expected: Any) -> None:
    assert spec(**acme({"http01": http01}))["acme"]["solvers"] == [{"http01": expected}]


def test_a_wildcard_and_its_apex_are_one_certificate() -> None:
    entry = {
        "name": "example-com",
        "namespace": "edge",
        "secret_name": "example-com-tls",
        "issuer": {"name": "le"},
        "dns_names": ["*.example.com", "example.com"],
        "duration": "2160h",
        "renew_before": "720h",
        "private_key": {"algorithm": "ECDSA", "size": "384", "rotation_policy": "Never"},
        "spec": {"revisionHistoryLimit": 2},
    }
    assert spec(**entry) == {
        "secretName": "example-com-tls",
        "issuerRef": {"name": "le", "kind": "ClusterIssuer", "group": "cert-manager.io"},
        "dnsNames": ["*.example.com", "example.com"],
        "duration": "2160h",
        "renewBefore": "720h",
        "privateKey": {"algorithm": "ECDSA", "size": 384, "rotationPolicy": "Never"},
        "usages": ["digital signature", "key encipherment", "server auth"],
        "revisionHistoryLimit": 2,
    }


def test_a_ca_certificate_gets_the_usages_that_cert_manager_chooses() -> None:
    result = spec(**CERTIFICATE, is_ca="yes", common_name="Company CA")
    assert (result["isCA"], result["commonName"], "usages" in result) == (True, "Company CA", False)


REFS = {
    "tsig": {"rfc2136": {"nameserver": "n", "tsigSecretSecretRef": {"name": "tsig", "key": "k"}}},
    "aws": {"route53": {"secretAccessKeySecretRef": {"name": "aws", "key": "k"}}},
    "acme-dns": {"acmeDNS": {"accountSecretRef": {"name": "acme-dns", "key": "k"}}},
}


@pytest.mark.parametrize("name", REFS)
def test_the_secrets_that_solvers_read_must_be_there(name: str) -> None:
    entry = acme({"dns01": REFS[name]})
    need = {"namespace": "cert-manager", "name": name, "key": "k", "by": "ClusterIssuer le"}
    assert desired(issuers=[entry])["needs"] == [need]
    local = {**entry, "kind": "Issuer", "namespace": "edge"}
    assert desired(issuers=[local])["needs"] == [{**need, "namespace": "edge", "by": "Issuer edge/le"}]
    elsewhere = desired(issuers=[entry], values={"clusterResourceNamespace": "keys"})
    assert elsewhere["needs"] == [{**need, "namespace": "keys"}]
    assert desired(issuers=[entry], secrets=[{"name": name, "data": {"k": "v"}}])["needs"] == []


def test_secrets_that_need_not_be_there() -> None:
    account = acme({"dns01": {"webhook": {"config": {"tokenSecretRef": {"name": "whose", "key": "k"}}}}})
    made = {**CERTIFICATE, "name": "company", "namespace": "cert-manager", "is_ca": True}
    result = desired(issuers=[account, ISSUER], certificates=[made])
    assert (result["needs"], result["secrets_to_read"], result["problems"]) == ([], [], [])


def test_the_kinds_to_read_are_those_listed_and_those_of_the_issuers() -> None:
    by_issuer = {**CERTIFICATE, "issuer": {"name": "company", "kind": "Issuer"}}
    by_another = {**CERTIFICATE, "issuer": {"name": "x", "kind": "AWSPCAIssuer", "group": "awspca.cert-manager.io"}}
    assert desired(secrets=[TOKEN])["kinds_to_read"] == []
    assert desired(issuers=[ISSUER])["kinds_to_read"] == ["ClusterIssuer"]
    assert desired(certificates=[by_issuer])["kinds_to_read"] == ["Certificate", "Issuer"]
    assert desired(certificates=[by_another])["kinds_to_read"] == ["Certificate"]


def test_the_secrets_to_read_are_those_given_and_those_needed() -> None:
    result = desired(issuers=[ISSUER], secrets=[{**TOKEN, "namespace": "edge"}])
    assert result["secrets_to_read"] == [
        {"namespace": "cert-manager", "name": "company"},
        {"namespace": "edge", "name": "cloudflare"},
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"timeout": "5"}, "cert_manager_timeout must be a duration such as 5m or 90s, but it is '5'."),
        ({"issuers": [ISSUER, ISSUER]}, "The ClusterIssuer company is listed 2 times; list it once."),
        (
            {"issuers": [{**ISSUER, "self_signed": {}}]},
            "The ClusterIssuer company must have one type, but has ca and self_signed.",
        ),
        (
            {"issuers": [{"name": "a"}]},
            "The ClusterIssuer a has no type; give it one of acme, ca, self_signed and vault.",
        ),
        (
            {"issuers": [{**ISSUER, "kind": "Issuer"}]},
            "The Issuer company needs a namespace; give it one, or set kind to ClusterIssuer.",
        ),
        (
            {"issuers": [{**ISSUER, "namespace": "edge"}]},
            "The ClusterIssuer company cannot have a namespace; remove it, or set kind to Issuer.",
        ),
        (
            {"issuers": [acme({"dns_zones": ["example.com"]})]},
            "Solver 1 of the ClusterIssuer le must have either http01 or dns01, but has neither.",
        ),
        (
            {"issuers": [acme({"http01": {}}, {"http01": {}, "dns01": CLOUDFLARE})], "secrets": [TOKEN]},
            "Solver 2 of the ClusterIssuer le must have either http01 or dns01, but has http01 and dns01.",
        ),
        (
            {"issuers": [acme({"dns01": CLOUDFLARE})], "secrets": [{"name": "cloudflare", "data": {"token": "t"}}]},
            (
                "The Secret cert-manager/cloudflare of cert_manager_secrets lacks the key 'api-token' that the "
                "ClusterIssuer le reads."
            ),
        ),
        (
            {"issuers": [acme({"dns01": CLOUDFLARE})], "secrets": [{"name": "cloudflare", "state": "absent"}]},
            "The Secret cert-manager/cloudflare has state absent, but the ClusterIssuer le reads it.",
        ),
        (
            {"secrets": [{"name": "a"}]},
            "The Secret cert-manager/a of cert_manager_secrets has no data; give its keys and values.",
        ),
        (
            {"issuers": [{"name": "Let's Encrypt", "self_signed": {}}]},
            (
                "The name of the ClusterIssuer Let's Encrypt is not valid: use lower-case letters, digits, '-' and "
                "'.', beginning and ending with a letter or digit."
            ),
        ),
        (
            {"certificates": [{**CERTIFICATE, "namespace": "a.b"}]},
            "The namespace of the Certificate a.b/shop is not valid: use lower-case letters, digits and '-'.",
        ),
        (
            {"certificates": [{**CERTIFICATE, "dns_names": ["*.example.com", "https://a"]}]},
            (
                "The Certificate edge/shop lists 'https://a', which is not a DNS name; write one such as "
                "shop.example.com or *.example.com."
            ),
        ),
        (
            {"certificates": [{**CERTIFICATE, "duration": "90d"}]},
            (
                "The Certificate edge/shop has duration '90d', which is not a duration; write hours, such as 2160h for "
                "90 days."
            ),
        ),
        (
            {"certificates": [{"name": "shop", "namespace": "edge"}]},
            "The Certificate edge/shop needs an issuer.",
        ),
        (
            {"certificates": [CERTIFICATE, {**CERTIFICATE, "name": "b", "secret_name": "shop"}]},
            (
                "The Certificate edge/shop and the Certificate edge/b name the same Secret edge/shop; give each its "
                "own secret_name."
            ),
        ),
        (
            {"certificates": [CERTIFICATE], "secrets": [{"name": "shop", "namespace": "edge", "data": {"a": "b"}}]},
            "The Secret edge/shop belongs to the Certificate edge/shop; take it out of cert_manager_secrets.",
        ),
    ],
)
def test_problems_are_sentences(changes: dict[str, Any], sentence: str) -> None:
    assert desired(**changes)["problems"] == [sentence]


def test_what_is_removed_needs_no_more_than_its_name() -> None:
    gone = {"name": "a", "namespace": "edge", "state": "absent"}
    result = desired(issuers=[{**gone, "kind": "Issuer"}], certificates=[gone], secrets=[gone])
    assert (result["problems"], result["needs"]) == ([], [])
    assert {item["state"] for item in result["objects"]} == {"absent"}


def test_no_problem_tells_a_secret() -> None:
    result = desired(issuers=[acme({"dns01": CLOUDFLARE})], secrets=[{"name": "Bad Name", "data": {"token": "t0ken"}}])
    assert result["problems"]
    assert "t0ken" not in str(result["problems"])
