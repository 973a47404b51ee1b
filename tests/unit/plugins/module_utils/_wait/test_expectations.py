# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked to prove that an exposure is served, and which answers are proofs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._istio.tls_secret import CertificateIdentity
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.exposure import manifests
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure import parse
from ansible_collections.gatehouse.istio.plugins.module_utils._options.probe import Probe
from ansible_collections.gatehouse.istio.plugins.module_utils._wait.expectations import (
    ANSWER,
    HANDSHAKE,
    REDIRECT,
    Expectation,
    by_the_gateway_itself,
    default_path,
    expectations,
    first_few,
    mismatch,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import BROKEN_OFF, ProbeResult
from support.builders import gateway as live_gateway

HOST, WILDCARD = "shop.example.com", "*.example.com"
BASE: dict[str, Any] = {
    "name": "shop",
    "namespace": "shop",
    "hosts": [HOST],
    "service": "web",
    "gateway": {"selector": {"istio": "public"}},
}
HTTPS = {"credential_name": "cert"}


def asked(probe: Probe | None = None, **options: Any) -> list[Expectation]:
    exposure = parse({**BASE, **options})
    gateway, virtual_service = manifests(exposure)
    redirected = exposure.gateway.http_port if exposure.tls.redirect else None
    result, unserved = expectations(exposure.hosts, gateway, virtual_service, redirected, probe or Probe())
    assert unserved == []
    return result


@pytest.mark.parametrize(
    ("options", "urls"),
    [
        ({}, [("http://shop.example.com/", ANSWER, 80, None)]),
        ({"tls": HTTPS}, [("https://shop.example.com/", ANSWER, 443, "cert")]),
        (
            {"tls": {**HTTPS, "redirect": True}},
            [("https://shop.example.com/", ANSWER, 443, "cert"), ("http://shop.example.com/", REDIRECT, 80, None)],
        ),
        (
            {
                "tls": {**HTTPS, "redirect": True},
                "gateway": {**BASE["gateway"], "http_port": 8080, "https_port": 8443},
            },
            [
                ("https://shop.example.com:8443/", ANSWER, 8443, "cert"),
                ("http://shop.example.com:8080/", REDIRECT, 8080, None),
            ],
        ),
        ({"tls": {"mode": "optional_mutual", **HTTPS}}, [("https://shop.example.com/", ANSWER, 443, "cert")]),
        ({"tls": {"mode": "mutual", **HTTPS}}, [("https://shop.example.com/", HANDSHAKE, 443, "cert")]),
        (
            {"tls": {"mode": "passthrough", "redirect": True}},
            [("https://shop.example.com/", HANDSHAKE, 443, None), ("http://shop.example.com/", REDIRECT, 80, None)],
        ),
        (
            {"hosts": [WILDCARD, "example.com"], "tls": {**HTTPS, "redirect": True}},
            [
                ("https://gatehouse-probe.example.com/", ANSWER, 443, "cert"),
                ("http://gatehouse-probe.example.com/", REDIRECT, 80, None),
                ("https://example.com/", ANSWER, 443, "cert"),
                ("http://example.com/", REDIRECT, 80, None),
            ],
        ),
        ({"hosts": ["*"]}, [("http://gatehouse-probe.invalid/", ANSWER, 80, None)]),
    ],
)
def test_what_is_asked(options: dict[str, Any], urls: list[tuple[Any, ...]]) -> None:
    assert [(w.url, w.kind, w.number, w.credential) for w in asked(**options)] == urls


def test_a_redirect_must_lead_to_where_the_name_is_served_by_https() -> None:
    tls = {**HTTPS, "redirect": True}
    https, redirected = asked(tls=tls, gateway={**BASE["gateway"], "http_port": 8080, "https_port": 8443})
    assert (https.https_numbers, redirected.https_numbers) == ((), (8443,))


def test_with_a_clients_certificate_mutual_tls_goes_all_the_way() -> None:
    assert asked(Probe(client_cert="/client.pem"), tls={"mode": "mutual", **HTTPS})[0].kind == ANSWER


def test_a_given_path_is_asked_for_but_not_in_a_handshake() -> None:
    probe = Probe(path="/health?x=1")
    assert [w.url for w in asked(probe, tls={**HTTPS, "redirect": True})] == [
        "https://shop.example.com/health?x=1",
        "http://shop.example.com/health?x=1",
    ]
    assert asked(probe, tls={"mode": "passthrough"})[0].url == "https://shop.example.com/"


def server(number: int, *hosts: str, protocol: str = "HTTP", **tls: Any) -> dict[str, Any]:
    result: dict[str, Any] = {"port": {"number": number, "protocol": protocol}, "hosts": list(hosts)}
    return {**result, "tls": tls} if tls else result


SERVICE: Manifest = {"spec": {"http": [{"route": []}]}}


@pytest.mark.parametrize(
    ("hosts", "servers", "urls", "unserved"),
    [
        ([HOST], [server(80, "*")], ["http://shop.example.com/ answer"], []),
        ([HOST], [server(80, "shop/shop.example.com")], ["http://shop.example.com/ answer"], []),
        ([HOST], [server(80, "other.example.com")], [], [HOST]),
        ([HOST, "b.example.org"], [server(80, WILDCARD)], ["http://shop.example.com/ answer"], ["b.example.org"]),
        ([HOST], [], [], [HOST]),
        # The owner of the Gateway redirects.
        ([HOST], [server(80, "*", httpsRedirect=True)], ["http://shop.example.com/ redirect"], []),
        # As Envoy does, by the name that fits best.
        (
            [HOST],
            [
                server(443, "*", protocol="HTTPS", mode="SIMPLE", credentialName="all"),
                server(443, HOST, protocol="HTTPS", mode="SIMPLE", credentialName="own"),
                server(443, WILDCARD, protocol="HTTPS", mode="SIMPLE", credentialName="domain"),
            ],
            ["https://shop.example.com/ answer own"],
            [],
        ),
        (
            ["a.example.com"],
            [
                server(443, WILDCARD, protocol="HTTPS", mode="SIMPLE", credentialName="domain"),
                server(443, "a.example.com", protocol="HTTPS", mode="SIMPLE", credentialName="own"),
            ],
            ["https://a.example.com/ answer own"],
            [],
        ),
        # Where the certificate is, in the forms that Istio knows.
        (
            [HOST],
            [server(443, HOST, protocol="HTTPS", mode="SIMPLE", credentialName="kubernetes://own")],
            ["https://shop.example.com/ answer own"],
            [],
        ),
        (
            [HOST],
            [server(443, HOST, protocol="HTTPS", mode="SIMPLE", credentialName="configmap://own")],
            ["https://shop.example.com/ answer"],
            [],
        ),
        # A Gateway that serves only a part of the wildcard.
        ([WILDCARD], [server(80, HOST)], ["http://shop.example.com/ answer"], []),
        ([HOST], [server(443, HOST, protocol="TLS", mode="SIMPLE")], ["https://shop.example.com/ handshake"], []),
        ([HOST], [server(8080, HOST, protocol="GRPC")], ["http://shop.example.com:8080/ answer"], []),
        # Taken, but there is nothing to request.
        ([HOST], [server(27017, "*", protocol="MONGO")], [], []),
    ],
)  # fmt: skip
def test_what_is_asked_of_somebody_elses_gateway(
    hosts: list[str], servers: list[Any], urls: list[str], unserved: list[str]
) -> None:
    result, not_taken = expectations(hosts, live_gateway("shop/front", *servers), SERVICE, None, Probe())
    assert [" ".join(filter(None, (w.url, w.kind, w.credential))) for w in result] == urls
    assert not_taken == unserved


def match(**uri: str) -> dict[str, Any]:
    return {"match": [{"uri": uri}]}


@pytest.mark.parametrize(
    ("routes", "path"),
    [
        ([{}], "/"),
        ([match(prefix="/api"), {}], "/"),
        ([match(prefix="/api"), match(prefix="/")], "/"),
        ([match(prefix="/api"), match(exact="/")], "/"),
        ([match(prefix="/api/"), match(exact="/v1")], "/api/"),
        ([match(prefix="/straße b")], "/stra%C3%9Fe%20b"),
        ([match(regex="/v[0-9]"), match(exact="/v1")], "/v1"),
        ([match(regex="/v[0-9]")], "/"),
        ([{"match": [{"port": 80}], "redirect": {}}, match(exact="/v1")], "/v1"),
        ([{"match": [{"headers": {"a": {"exact": "b"}}}]}, match(exact="/v1")], "/v1"),
        ([{"match": [{"uri": {"exact": "/"}, "method": {"exact": "PUT"}}]}, match(exact="/v1")], "/v1"),
        ([{"match": [{"uri": {"prefix": "/v2"}, "method": {"exact": "PUT"}}]}, match(exact="/v1")], "/v1"),
        ([{"match": [{"uri": {"prefix": "/v2"}, "headers": {"a": {"exact": "b"}}}]}], "/v2"),
        ([{"directResponse": {"status": 404}}], "/"),
        ([match(prefix="/v1"), {"directResponse": {"status": 404}}], "/v1"),
        ([match(prefix="/v1"), {"directResponse": {"status": 503}}], "/"),
        ([], "/"),
    ],
)
def test_a_path_that_a_route_takes(routes: list[dict[str, Any]], path: str) -> None:
    assert default_path({"spec": {"http": routes}}, 80) == path


def test_passthrough_has_no_path() -> None:
    assert default_path({"spec": {"tls": []}}) == "/"


URL = "https://shop.example.com/"
FORWARDED = {"x-envoy-upstream-service-time": "3"}
OLD, NEW = (CertificateIdentity(serial, datetime(2030, 1, 1, tzinfo=UTC)) for serial in ("0A", "0B"))


def answer(status: int | None = 200, forwarded: bool = True, **more: Any) -> ProbeResult:
    headers = {**(FORWARDED if forwarded else {}), **more.pop("headers", {})}
    return ProbeResult(URL, "192.0.2.1", 443, status=status, headers=headers, **more)


def by_gateway(status: int, body: str = "") -> ProbeResult:
    return answer(status, forwarded=False, body=body, headers={"server": "istio-envoy"})


def to(location: str, status: int = 302) -> ProbeResult:
    return answer(status, headers={"location": location})


@pytest.mark.parametrize(
    ("got", "probe", "problem"),
    [
        (answer(200), Probe(), None),
        # The application's own business.
        (answer(404), Probe(), None),
        (answer(500), Probe(), None),
        (answer(503, body="no healthy upstream"), Probe(), None),
        (to("/login"), Probe(), None),
        # A policy of the gateway; a direct response.
        (by_gateway(403, "RBAC: access denied"), Probe(), None),
        (by_gateway(503, "closed for maintenance"), Probe(), None),
        (
            by_gateway(404),
            Probe(),
            "the gateway itself answers 404, as it does not have a route for this host and path",
        ),
        (
            by_gateway(503, "no healthy upstream"),
            Probe(),
            "the gateway itself answers 503 (no healthy upstream), as it does not reach an endpoint of the route's",
        ),
        (by_gateway(503), Probe(), "the gateway itself answers 503, as it does not reach an endpoint of the route's"),
        (by_gateway(504, "upstream request timeout"), Probe(), "the gateway itself answers 504 (upstream request"),
        (answer(200), Probe(statuses=(200, 204)), None),
        (answer(500), Probe(statuses=(200, 204)), "it answers 500, and not 200 or 204"),
        (to("/login"), Probe(statuses=(200,)), "it answers 302 to /login, and not 200"),
        (by_gateway(404), Probe(statuses=(200,)), "the gateway itself answers 404, as"),
        (by_gateway(404), Probe(statuses=(404,)), None),
        (to("/login"), Probe(location="/login"), None),
        (to("/else"), Probe(location="/login"), "it answers 302 to /else, and does not redirect to /login"),
        (answer(200), Probe(location="/login"), "it answers 200, and not 301 or 302 or"),
        (to("/login", 302), Probe(location="/login", statuses=(301,)), "it answers 302 to /login, and not 301"),
        (answer(None, reason="no answer (timed out)"), Probe(), "no answer (timed out)"),
        (
            answer(None, reason=f"{BROKEN_OFF} (Connection reset by peer)"),
            Probe(),
            f"{BROKEN_OFF} (Connection reset by peer), as the gateway has no server or no certificate for this host",
        ),
    ],
)
def test_which_answer_is_a_proof(got: ProbeResult, probe: Probe, problem: str | None) -> None:
    result = mismatch(Expectation(URL, ANSWER, 443), got, probe, None, None)
    assert result is None if problem is None else (result or "").startswith(problem), result


def test_a_route_that_answers_by_itself_is_a_proof() -> None:
    routes = {"spec": {"http": [{"match": [{"port": 80}], "redirect": {}}, {"directResponse": {"status": 503}}]}}
    (wish,), _unserved = expectations([HOST], live_gateway("shop/front", server(8080, HOST)), routes, 80, Probe())
    for status, probe, good in (
        (503, Probe(), True),
        (404, Probe(), False),
        (503, Probe(statuses=(200,)), False),
    ):
        assert (mismatch(wish, by_gateway(status), probe, None, None) is None) == good


@pytest.mark.parametrize(
    ("location", "status", "good"),
    [
        ("https://shop.example.com/", 301, True),
        ("https://shop.example.com:8443/", 308, True),
        ("https://shop.example.com.evil.example.net/", 301, False),
        ("http://shop.example.com/", 301, False),
        ("/login", 302, False),
        ("https://shop.example.com/", 200, False),
    ],
)
def test_a_redirect_leads_to_the_same_host_by_https(location: str, status: int, good: bool) -> None:
    wish = Expectation("http://shop.example.com/", REDIRECT, 80)
    result = mismatch(wish, to(location, status), Probe(statuses=(200,)), None, None)
    assert result == (None if good else f"it answers {status} to {location}, and does not redirect to HTTPS")


@pytest.mark.parametrize(
    ("location", "ports", "good"),
    [
        ("https://shop.example.com/", [443], True),
        ("https://shop.example.com:443/", [443], True),
        ("https://shop.example.com:8443/", [443, 8443], True),
        ("https://shop.example.com/", [8443], False),
        ("https://shop.example.com:8080/", [443], False),
    ],
)
def test_a_redirect_leads_to_the_port_of_https(location: str, ports: list[int], good: bool) -> None:
    wish = Expectation("http://shop.example.com:8080/", REDIRECT, 8080)
    result = mismatch(wish, to(location, 301), Probe(), None, None, ports)
    assert result == (None if good else f"it answers 301 to {location}, and HTTPS is served at port {ports[0]}")


@pytest.mark.parametrize("kind", [ANSWER, HANDSHAKE])
def test_the_served_certificate_is_the_one_in_the_secret(kind: str) -> None:
    wish = Expectation(URL, kind, 443, "cert")
    assert mismatch(wish, answer(), Probe(), NEW, NEW) is None
    assert mismatch(wish, answer(), Probe(), None, OLD) is None
    assert mismatch(wish, answer(), Probe(), NEW, OLD) == (
        "the gateway serves the certificate 0A, and not yet 0B, which is in the Secret cert"
    )


def test_a_handshake_needs_no_answer() -> None:
    assert mismatch(Expectation(URL, HANDSHAKE, 443), answer(None), Probe(statuses=(200,)), None, None) is None


def test_an_application_is_known_even_where_the_mesh_hides_envoys_headers() -> None:
    assert not by_the_gateway_itself(answer(404, forwarded=False, body="<h1>Not found</h1>"))


def test_nobody_reads_a_hundred_sentences() -> None:
    assert list(first_few(["a", "b"], limit=2)) == ["a", "b"]
    assert list(first_few(["a", "b", "c", "d"], limit=2)) == ["a", "b", "and 2 more"]
