# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exposures → manifests and URLs."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._istio.hosts import is_within, without_namespace
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.exposure import manifests, urls
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure import parse
from cluster.pki import KeyPair, ensure_ca

BASE: dict[str, Any] = {
    "name": "shop",
    "namespace": "shop",
    "hosts": ["shop.example.com", "www.example.com"],
    "service": "web",
    "port": 8080,
    "gateway": {"selector": {"istio": "public"}},
}
HOSTS = BASE["hosts"]
LABELS = {
    "app.kubernetes.io/managed-by": "gatehouse.istio",
    "gatehouse.istio/exposure": "shop",
    "gatehouse.istio/exposure-namespace": "shop",
}
ROUTE = [{"destination": {"host": "web.shop.svc.cluster.local", "port": {"number": 8080}}}]


def test_an_exposure_becomes_a_gateway_and_a_virtual_service() -> None:
    assert manifests(parse(BASE)) == [
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "Gateway",
            "metadata": {"name": "shop", "namespace": "shop", "labels": LABELS},
            "spec": {
                "selector": {"istio": "public"},
                "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": HOSTS}],
            },
        },
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": {"name": "shop", "namespace": "shop", "labels": LABELS},
            "spec": {"hosts": HOSTS, "gateways": ["shop/shop"], "http": [{"route": ROUTE}]},
        },
    ]


@dataclass(frozen=True, kw_only=True)
class Case:
    """Options of an exposure, and the servers of its Gateway."""

    id: str
    tls: dict[str, Any]
    gateway: dict[str, Any]  # its selector is added
    servers: list[dict[str, Any]]


SERVERS = [
    Case(
        id="simple",
        tls={"credential_name": "cert"},
        gateway={},
        servers=[
            {
                "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
                "hosts": HOSTS,
                "tls": {"mode": "SIMPLE", "credentialName": "cert"},
            }
        ],
    ),
    Case(
        id="redirect, version and ports",
        tls={"credential_name": "cert", "redirect": True, "min_protocol_version": "TLSV1_3"},
        gateway={"http_port": 8080, "https_port": 8443},
        servers=[
            {
                "port": {"number": 8443, "name": "https", "protocol": "HTTPS"},
                "hosts": HOSTS,
                "tls": {"mode": "SIMPLE", "credentialName": "cert", "minProtocolVersion": "TLSV1_3"},
            },
            {"port": {"number": 8080, "name": "http", "protocol": "HTTP"}, "hosts": HOSTS},
        ],
    ),
    Case(
        id="mutual",
        tls={"mode": "mutual", "credential_name": "cert"},
        gateway={},
        servers=[
            {
                "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
                "hosts": HOSTS,
                "tls": {"mode": "MUTUAL", "credentialName": "cert"},
            }
        ],
    ),
    Case(
        id="optional mutual",
        tls={"mode": "optional_mutual", "credential_name": "cert"},
        gateway={},
        servers=[
            {
                "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
                "hosts": HOSTS,
                "tls": {"mode": "OPTIONAL_MUTUAL", "credentialName": "cert"},
            }
        ],
    ),
    Case(
        id="passthrough",
        tls={"mode": "passthrough"},
        gateway={},
        servers=[
            {"port": {"number": 443, "name": "tls", "protocol": "TLS"}, "hosts": HOSTS, "tls": {"mode": "PASSTHROUGH"}}
        ],
    ),
]


@pytest.mark.parametrize("case", SERVERS, ids=lambda case: case.id)
def test_servers_by_tls_mode(case: Case) -> None:
    options = {**BASE, "tls": case.tls, "gateway": {**BASE["gateway"], **case.gateway}}
    gateway, _virtual_service = manifests(parse(options))
    assert gateway["spec"]["servers"] == case.servers


def test_passthrough_routes_by_sni() -> None:
    _gateway, virtual_service = manifests(parse({**BASE, "tls": {"mode": "passthrough"}}))
    assert virtual_service["spec"] == {
        "hosts": HOSTS,
        "gateways": ["shop/shop"],
        "tls": [{"match": [{"sniHosts": HOSTS}], "route": ROUTE}],
    }


REDIRECT: dict[str, Any] = {
    "name": "https-redirect",
    "match": [{"port": 80}],
    "redirect": {"scheme": "https", "redirectCode": 301},
}


@pytest.mark.parametrize(
    ("gateway", "redirect"),
    [
        ({"selector": {"istio": "public"}}, REDIRECT),
        ({"existing": "infra/front"}, REDIRECT),
        (
            {"selector": {"istio": "public"}, "http_port": 8080, "https_port": 8443},
            {**REDIRECT, "match": [{"port": 8080}], "redirect": {**REDIRECT["redirect"], "port": 8443}},
        ),
    ],
    ids=["own", "existing", "ports"],
)
@pytest.mark.parametrize("mode", ["simple", "passthrough"])
def test_the_virtual_service_redirects_to_https(gateway: dict[str, Any], redirect: dict[str, Any], mode: str) -> None:
    credential = {"credential_name": "cert"} if mode == "simple" and "existing" not in gateway else {}
    tls = {"mode": mode, "redirect": True, **credential}
    virtual_service = manifests(parse({**BASE, "gateway": gateway, "tls": tls}))[-1]["spec"]
    served = [{"route": ROUTE}] if mode == "simple" else []
    assert virtual_service["http"] == [redirect, *served]
    assert ("tls" in virtual_service) == (mode == "passthrough")


def test_the_gateway_redirects_wildcard_hosts() -> None:
    hosts = ["example.com", "*.example.com"]
    gateway, virtual_service = manifests(
        parse({**BASE, "hosts": hosts, "tls": {"credential_name": "cert", "redirect": True}})
    )
    https, http = gateway["spec"]["servers"]
    assert https["hosts"] == http["hosts"] == hosts
    assert http["tls"] == {"httpsRedirect": True}
    assert virtual_service["spec"]["http"] == [{"route": ROUTE}]


def test_a_wildcard_at_other_ports_is_redirected_by_its_routes() -> None:
    ports = {"http_port": 8080, "https_port": 8443}
    tls = {"credential_name": "cert", "redirect": True}
    options = {**BASE, "hosts": ["*.example.com"], "gateway": {**BASE["gateway"], **ports}, "tls": tls}
    gateway, virtual_service = manifests(parse(options))
    assert "tls" not in gateway["spec"]["servers"][1]
    redirect = {**REDIRECT["redirect"], "port": 8443}
    assert virtual_service["spec"]["http"][0] == {**REDIRECT, "match": [{"port": 8080}], "redirect": redirect}


def test_from_another_port_to_443_each_host_has_its_own_redirect() -> None:
    gateway, tls = {**BASE["gateway"], "http_port": 8080}, {"credential_name": "cert", "redirect": True}

    def redirects(*hosts: str) -> list[dict[str, Any]]:
        routes: list[dict[str, Any]]
        routes = manifests(parse({**BASE, "hosts": list(hosts), "gateway": gateway, "tls": tls}))[-1]["spec"]["http"]
        return routes[:-1]

    def to(host: str, **match: Any) -> dict[str, Any]:
        redirect = {**REDIRECT["redirect"], "authority": host}
        return {**REDIRECT, "match": [{"port": 8080, **match}], "redirect": redirect}

    assert redirects("a.example.com") == [to("a.example.com")]
    assert redirects("a.example.com", "b.example.com") == [
        to(f"{name}.example.com", authority={"regex": rf"(?i){name}\.example\.com(:[0-9]+)?"}) for name in "ab"
    ]


def test_routes() -> None:
    routes = [
        {
            "name": "api",
            "match": [{"uri": {"prefix": "/api/"}}, {"uri": {"exact": "/api"}}],
            "destinations": [{"service": "api", "weight": 1}, {"service": "next", "port": 81, "weight": 3}],
        },
        {"destinations": [{"service": "web"}]},
    ]
    _gateway, virtual_service = manifests(parse({**BASE, "service": None, "port": None, "routes": routes}))
    assert virtual_service["spec"]["http"] == [
        {
            "name": "api",
            "match": [{"uri": {"prefix": "/api/"}}, {"uri": {"exact": "/api"}}],
            "route": [
                {"destination": {"host": "api.shop.svc.cluster.local"}, "weight": 1},
                {"destination": {"host": "next.shop.svc.cluster.local", "port": {"number": 81}}, "weight": 3},
            ],
        },
        {"route": [{"destination": {"host": "web.shop.svc.cluster.local"}}]},
    ]


def test_a_virtual_service_names_the_gateway_with_its_namespace() -> None:
    gateway_object, virtual_service = manifests(
        parse({**BASE, "gateway": {**BASE["gateway"], "name": "front", "namespace": "infra"}})
    )
    assert gateway_object["metadata"]["namespace"] == "infra"
    assert virtual_service["spec"]["gateways"] == ["infra/front"]


def test_an_existing_gateway_is_not_in_the_manifests() -> None:
    (virtual_service,) = manifests(parse({**BASE, "gateway": {"existing": "infra/front"}}))
    assert virtual_service["kind"] == "VirtualService"
    assert virtual_service["spec"]["gateways"] == ["infra/front"]


def test_a_shared_gateway_has_only_the_contribution_of_the_exposure() -> None:
    """It has neither the exposure's labels and annotations nor httpsRedirect for its wildcard host."""
    credentials, gateway, virtual_service = manifests(
        parse(
            {
                **BASE,
                "hosts": ["*.example.com"],
                "gateway": {**BASE["gateway"], "shared": "infra/front"},
                "tls": {"certificate": {"issuer": {"name": "ca"}}, "redirect": True},
                "labels": {"team": "shop"},
                "annotations": {"owner": "ana"},
            }
        ),
        "pods",
    )
    assert credentials["kind"] == "Certificate"
    assert gateway["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "gatehouse.istio",
        "gatehouse.istio/shared": "true",
    }
    (text,) = gateway["metadata"]["annotations"].values()
    assert '"credentials":{"gatehouse.istio/pods-namespace":"pods"}' in text
    assert [(server["port"]["number"], server.get("tls")) for server in gateway["spec"]["servers"]] == [
        (80, None),
        (443, {"mode": "SIMPLE", "credentialName": "shop.shop"}),
    ]
    assert virtual_service["spec"]["gateways"] == ["infra/front"]
    assert virtual_service["spec"]["http"] == [REDIRECT, {"route": ROUTE}]
    assert virtual_service["metadata"]["labels"] == {"team": "shop", **LABELS}


def test_export_to() -> None:
    _gateway, virtual_service = manifests(parse({**BASE, "export_to": [".", "infra"]}))
    assert virtual_service["spec"]["exportTo"] == [".", "infra"]


def test_extra_labels_and_annotations_are_on_both_objects() -> None:
    for manifest in manifests(parse({**BASE, "labels": {"team": "shop"}, "annotations": {"owner": "ana"}})):
        assert manifest["metadata"]["labels"] == {"team": "shop", **LABELS}
        assert manifest["metadata"]["annotations"] == {"owner": "ana"}


def test_a_certificate_is_in_the_pods_namespace_and_comes_first() -> None:
    exposure = parse({**BASE, "labels": {"team": "shop"}, "tls": {"certificate": {"issuer": {"name": "letsencrypt"}}}})
    certificate, gateway, virtual_service = manifests(exposure, "istio-ingress")
    assert certificate == {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": "shop.shop", "namespace": "istio-ingress", "labels": {"team": "shop", **LABELS}},
        "spec": {
            "secretName": "shop.shop",
            "issuerRef": {"name": "letsencrypt", "kind": "ClusterIssuer", "group": "cert-manager.io"},
            "dnsNames": HOSTS,
            "usages": ["digital signature", "key encipherment", "server auth"],
        },
    }
    assert gateway["spec"]["servers"][0]["tls"]["credentialName"] == "shop.shop"
    assert gateway["metadata"]["annotations"] == {"gatehouse.istio/pods-namespace": "istio-ingress"}
    assert virtual_service["kind"] == "VirtualService"


def test_optional_fields_of_a_certificate() -> None:
    options = {
        "issuer": {"name": "ca"},
        "duration": "2160h",
        "renew_before": "360h",
        "private_key": {"algorithm": "ECDSA", "size": 256},
        "spec": {
            "usages": None,
            "privateKey": {"encoding": "PKCS8", "size": 384},
            "subject": {"organizations": ["Shop"]},
        },
    }
    exposure = parse({**BASE, "tls": {"credential_name": "front", "certificate": options}})
    assert manifests(exposure, "istio-ingress")[0]["spec"] == {
        "secretName": "front",
        "issuerRef": {"name": "ca", "kind": "ClusterIssuer", "group": "cert-manager.io"},
        "dnsNames": HOSTS,
        "duration": "2160h",
        "renewBefore": "360h",
        "privateKey": {"algorithm": "ECDSA", "encoding": "PKCS8", "size": 384},
        "subject": {"organizations": ["Shop"]},
    }


def test_client_ca_becomes_a_secret_that_the_gateway_records(tmp_path: Path) -> None:
    authority = KeyPair(tmp_path / "ca.crt", tmp_path / "ca.key")
    ensure_ca(authority, "partners")
    tls = {"mode": "mutual", "credential_name": "cert", "client_ca": {"pem": authority.certificate.read_text()}}
    secret, gateway, _virtual_service = manifests(parse({**BASE, "tls": tls}), "istio-ingress")
    assert secret == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "cert-cacert", "namespace": "istio-ingress", "labels": LABELS},
        "data": {"ca.crt": base64.b64encode(authority.certificate.read_bytes()).decode()},
    }
    assert gateway["metadata"]["annotations"] == {
        "gatehouse.istio/pods-namespace": "istio-ingress",
        "gatehouse.istio/client-ca": "istio-ingress/cert-cacert",
    }


def test_objects_of_an_unknown_pods_namespace_are_left_out() -> None:
    exposure = parse({**BASE, "tls": {"certificate": {"issuer": {"name": "letsencrypt"}}}})
    assert [manifest["kind"] for manifest in manifests(exposure)] == ["Gateway", "VirtualService"]


def server(protocol: str, port: int, *hosts: str, **tls: Any) -> dict[str, Any]:
    return {
        "port": {"number": port, "protocol": protocol, "name": "x"},
        "hosts": list(hosts),
        **({"tls": tls} if tls else {}),
    }


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ([server("HTTP", 80, "a.example.com")], ["http://a.example.com/"]),
        ([server("HTTPS", 443, "*.example.com")], ["https://a.example.com/"]),
        ([server("TLS", 8443, "*/a.example.com")], ["https://a.example.com:8443/"]),
        ([server("HTTP", 80, "*", httpsRedirect=True), server("HTTPS", 443, "*")], ["https://a.example.com/"]),
        ([server("HTTP", 80, "b.example.com")], []),
        ([server("TCP", 9000, "*")], []),
    ],
)
def test_urls(servers: list[dict[str, Any]], expected: list[str]) -> None:
    assert urls(["a.example.com"], servers) == expected


def test_urls_of_a_redirected_port_are_left_out() -> None:
    servers = [server("HTTP", 80, "*"), server("HTTPS", 443, "*")]
    assert urls(["a.example.com"], servers, redirected_port=80) == ["https://a.example.com/"]


@pytest.mark.parametrize(
    ("pattern", "host", "matches"),
    [
        ("a.b.c", "a.b.c", True),
        ("*.b.c", "a.b.c", True),
        ("*.b.c", "x.a.b.c", True),
        ("*.b.c", "b.c", False),
        ("*.b.c", "ab.c", False),
        ("*", "a.b.c", True),
        ("ns/a.b.c", "a.b.c", True),
        ("./*", "a.b.c", True),
        ("a.b.c", "*.b.c", False),
    ],
)
def test_host_matches(pattern: str, host: str, matches: bool) -> None:
    assert is_within(host, without_namespace(pattern)) is matches
