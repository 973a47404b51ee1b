# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._analysis.context import Analysis
from ansible_collections.gatehouse.istio.plugins.module_utils._info.trace import traces
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.cluster_state import ClusterState
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.requests import Request
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.tls_secret import TlsSecret
from support import builders as b
from support.traces import CERT, FRONT, HOST, SHOP, URL, codes, last, names, routed, state, trace


def test_a_request_that_is_served() -> None:
    found = trace(state(FRONT, SHOP))
    steps = ("gateway_pods", "listener", "server", "certificate", "virtual_host", "route")
    assert names(found) == [(name, True) for name in (*steps, "destination", "service", "endpoints")]
    assert (found.breaks_at, found.findings) == (None, ())
    assert found.gateway == "pods with istio=public of namespace istio-ingress"
    assert found.expected.services == ("Service shop/web, port 80",)
    assert [step.object for step in found.steps[2:6]] == [
        "Gateway infra/front",
        "Secret istio-ingress/cert",
        "VirtualService shop/shop",
        "VirtualService shop/shop",
    ]
    assert last(found).message == "1 endpoint is ready."
    result = found.result()
    assert (result["url"], result["method"], result["breaks_at"]) == (URL, "GET", None)
    assert result["steps"][0].keys() == {"step", "ok", "object", "message"}


TABLE: dict[str, tuple[ClusterState, str, str, str, int | None, set[str]]] = {
    "nothing": (b.cluster(), URL, "gateway_pods", "There is no Gateway.", None, set()),
    "no pods": (state(FRONT, SHOP, pods=[]), URL, "gateway_pods", "No gateway runs", None, {"no-gateway-pods"}),
    "no listener": (state(b.gateway("infra/front", b.http(HOST)), SHOP), URL, "listener", "ports: 80", None, set()),
    "no server for the name": (
        state(b.gateway("infra/front", b.https("a.example.com")), SHOP),
        URL,
        "server",
        "No server at port 443 has the host shop.example.com (hosts: a.example.com).",
        None,
        {"host-not-on-gateway"},
    ),
    "no server for the host": (
        state(b.gateway("infra/front", b.http("a.example.com")), SHOP),
        f"http://{HOST}/",
        "server",
        "No server at port 80",
        404,
        {"host-not-on-gateway"},
    ),
    "plain to TLS": (
        state(b.gateway("infra/front", b.https(HOST, port=80)), SHOP),
        f"http://{HOST}/",
        "server",
        "for TLS only",
        None,
        set(),
    ),
    "TLS to plain": (
        state(b.gateway("infra/front", b.http(HOST, port=443)), SHOP),
        URL,
        "server",
        "without TLS",
        None,
        set(),
    ),
    "dropped server": (
        state(
            b.gateway("old/front", b.https("a.example.com", "b.example.com", credential="old")),
            b.gateway("infra/front", b.https(HOST, "a.example.com"), created=1),
            SHOP,
        ),
        URL,
        "server",
        "istiod drops Gateway infra/front, servers[0], which has the host: Gateway old/front, servers[0] is older.",
        None,
        {"host-served-twice"},
    ),
    "port of another protocol": (
        state(
            b.gateway("old/front", b.http(HOST, port=443) | {"port": {"number": 443, "name": "t", "protocol": "TCP"}}),
            b.gateway("infra/front", b.http(HOST, port=443), created=1),
            SHOP,
        ),
        f"http://{HOST}:443/",
        "route",
        "No VirtualService has a tcp route",
        None,
        {"port-taken"},
    ),
    "no Secret": (
        state(FRONT, SHOP, secrets={"cert": None}),
        URL,
        "certificate",
        "does not exist",
        None,
        {"secret-missing"},
    ),
    "no virtual host": (
        state(b.gateway("infra/front", b.https(HOST)), b.virtual_service("shop/shop", [HOST], ["infra/other"])),
        URL,
        "virtual_host",
        "not on a Gateway of this server, or not for its namespace: shop/shop",
        404,
        {"gateway-missing"},
    ),
    "not exported": (
        state(
            b.gateway("infra/front", b.https(HOST)),
            b.virtual_service("shop/shop", [HOST], ["infra/front"], exportTo=["."]),
        ),
        URL,
        "virtual_host",
        "No VirtualService routes shop.example.com here",
        404,
        {"not-exported"},
    ),
    "missing Service": (
        state(FRONT, SHOP, missing=("shop/web",)),
        URL,
        "destination",
        "Service shop/web does not exist, so the gateway answers 503.",
        503,
        {"destination-missing"},
    ),
    "missing port": (
        routed({"route": [{"destination": {"host": "web.shop.svc.cluster.local", "port": {"number": 81}}}]}),
        URL,
        "service",
        "does not have port 81 (its ports: 80)",
        503,
        {"destination-port-missing"},
    ),
    "no endpoints": (
        state(FRONT, SHOP, slices={"shop/web": [b.endpoints()]}),
        URL,
        "endpoints",
        "no selector, and no endpoints, so the gateway answers 503.",
        503,
        {"destination-without-endpoints"},
    ),
    "no passthrough rule": (
        state(b.gateway("infra/front", b.passthrough(HOST)), SHOP),
        URL,
        "route",
        "has a tls route with shop.example.com among its sniHosts",
        None,
        {"no-route-for-host"},
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_where_it_breaks(case: str) -> None:
    cluster, url, step, message, status, expected_codes = TABLE[case]
    found = trace(cluster, url)
    assert found.breaks_at == step == last(found).step
    assert message in last(found).message
    assert (found.expected.status, found.expected.services) == (status, ())
    assert expected_codes <= codes(found)


def test_redirect_of_the_server() -> None:
    found = trace(state(FRONT, SHOP), f"http://{HOST}/cart?a=1")
    assert found.breaks_at is None
    assert (found.expected.status, found.expected.location) == (301, URL)


def test_a_wrong_certificate_does_not_end_the_trace() -> None:
    found = trace(state(FRONT, SHOP, secrets={"cert": b.secret("a.example.com")}))
    assert (found.breaks_at, last(found).step) == ("certificate", "endpoints")
    assert codes(found) == {"host-not-in-certificate"}
    assert trace(state(FRONT, SHOP, secrets={"cert": b.secret(HOST, days=-1)})).breaks_at == "certificate"
    assert trace(state(FRONT, SHOP, secrets={"cert": b.secret("*.example.com")})).breaks_at is None


def test_the_certificates_of_clients() -> None:
    server = b.https(HOST)
    server["tls"]["mode"] = "MUTUAL"
    cluster = [b.gateway("infra/front", server), SHOP]
    found = trace(state(*cluster, secrets={"cert": CERT, "cert-cacert": None}))
    assert (found.breaks_at, last(found).object) == ("certificate", "Secret istio-ingress/cert-cacert")
    assert codes(found) == {"client-ca-missing"}
    authority = TlsSecret(frozenset(("ca.crt",)))
    found = trace(state(*cluster, secrets={"cert": CERT, "cert-cacert": authority}))
    assert found.breaks_at is None
    assert dict(names(found))["certificate"] is None


def test_findings_without_a_break() -> None:
    """Envoy refuses the whole listener, which no step shows."""
    other = b.gateway("shop/other", b.https("shop/SHOP.example.com", credential="other"), created=1)
    found = trace(state(FRONT, SHOP, other))
    assert (found.breaks_at, codes(found)) == (None, {"sni-twice"})


def test_the_most_specific_server_and_host() -> None:
    wide = b.gateway("infra/wide", b.https("*.example.com", credential="wide"), b.https("*", credential="all"))
    other = b.virtual_service("shop/wide", ["*.example.com"], ["infra/wide"], http=[b.to("api")])
    cluster = state(wide, FRONT, SHOP, other, secrets={"cert": CERT, "wide": b.secret("*.example.com")})
    assert trace(cluster).expected.services == ("Service shop/web, port 80",)
    assert trace(cluster, "https://b.example.com/").expected.services == ("Service shop/api, port 80",)
    assert trace(cluster, "https://b.example.net/").breaks_at == "virtual_host"


def test_passthrough() -> None:
    rule = {"match": [{"sniHosts": [HOST]}], **b.to("web")}
    shop = b.virtual_service("shop/shop", [HOST], ["infra/front"], tls=[rule])
    found = trace(state(b.gateway("infra/front", b.passthrough("*.example.com")), shop))
    assert names(found)[2:4] == [("server", True), ("route", True)]
    assert (found.breaks_at, found.expected.services) == (None, ("Service shop/web, port 80",))


def test_connections_that_are_not_http() -> None:
    shop = b.virtual_service("shop/shop", [HOST], ["infra/front"], tcp=[b.to("web")])
    found = trace(state(b.gateway("infra/front", b.connections(HOST)), shop))
    assert (found.breaks_at, found.expected.services) == (None, ("Service shop/web, port 80",))


def test_what_may_not_be_read() -> None:
    unknown = b.cluster(FRONT, pods=[], pods_are_known=False, are_all_virtual_services=False)
    found = trace(unknown)
    assert found.breaks_at is None
    assert {name: ok for name, ok in names(found) if name != "listener"} == {
        "gateway_pods": None,
        "server": True,
        "certificate": None,
        "virtual_host": None,
    }


@pytest.mark.parametrize(
    ("cluster", "url", "step"),
    [
        (b.cluster(are_all_gateways=False), URL, "gateway_pods"),
        (state(b.gateway("infra/front", b.http(HOST)), are_all_gateways=False), URL, "listener"),
        (state(b.gateway("infra/front", b.https("a.example.com")), are_all_gateways=False), URL, "server"),
        (state(FRONT, are_all_virtual_services=False), URL, "virtual_host"),
    ],
)
def test_what_others_may_have_is_not_missing(cluster: ClusterState, url: str, step: str) -> None:
    found = trace(cluster, url)
    assert (found.breaks_at, last(found).step, last(found).ok) == (None, step, None)
    assert found.expected.message == "It depends on what is not known here."
    assert found.expected.status is None


def test_a_trace_for_each_gateway_with_the_host() -> None:
    inner = b.gateway("infra/inner", b.https(HOST), selector={"istio": "inner"})
    pods = [b.pod(), b.pod("inner-5d-x", {"istio": "inner"}, namespace="inner")]
    analysis = Analysis(state(FRONT, inner, SHOP, *pods))
    both = traces(analysis, Request.of(URL))
    assert [(entry.gateway, entry.breaks_at) for entry in both] == [
        ("pods with istio=public of namespace istio-ingress", None),
        ("pods with istio=inner of namespace inner", "virtual_host"),
    ]
    only = b.gateway("infra/inner", b.https("a.example.com"), selector={"istio": "inner"})
    assert len(traces(Analysis(state(FRONT, only, SHOP, *pods)), Request.of(URL))) == 1


def test_ingresses() -> None:
    path = {"path": "/cart", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
    ingress = b.by_hand(
        "Ingress", "shop/old", rules=[{"host": HOST, "http": {"paths": [path]}}], ingressClassName="istio"
    )
    cluster = state(ingress, b.pod(labels={"istio": "ingressgateway"}), public_service=False)
    found = trace(cluster, f"http://{HOST}/cart/1")
    assert (found.breaks_at, found.steps[4].object) == (None, "Ingress shop/old")
    found = trace(cluster, f"http://{HOST}/carts")
    assert [entry.why for entry in last(found).passed_over] == ["the path '/carts' is not '/cart', and not below it"]
