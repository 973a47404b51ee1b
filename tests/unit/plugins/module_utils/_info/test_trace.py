# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._analysis.context import Analysis
from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import LEVELS
from ansible_collections.gatehouse.istio.plugins.module_utils._info.trace import traces
from ansible_collections.gatehouse.istio.plugins.module_utils._info.trace_findings import explained
from ansible_collections.gatehouse.istio.plugins.module_utils._info.trace_steps import Step, Trace
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.cluster_state import ClusterState
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.requests import Request
from support import builders as b

HOST = "shop.example.com"
URL = f"https://{HOST}/cart?a=1"
CERT = b.secret(HOST)
FRONT = b.gateway("infra/front", b.redirect(HOST), b.https(HOST))
SHOP = b.virtual_service("shop/shop", [HOST], ["infra/front"])
READY = {"slices": {"shop/web": [b.endpoints(True)], "shop/api": [b.endpoints(True, True)]}}


def state(*objects: dict[str, Any], **more: Any) -> ClusterState:
    return b.cluster(*objects, **{"secrets": {"cert": CERT}, **READY, **more})


def trace(cluster: ClusterState, url: str = URL, **request: Any) -> Trace:
    analysis = Analysis(cluster)
    found = traces(analysis, Request.of(url, **request))
    assert len(found) == 1
    return explained(analysis, found[0], LEVELS)


def routed(*routes: dict[str, Any], **more: Any) -> ClusterState:
    return state(FRONT, b.virtual_service("shop/shop", [HOST], ["infra/front"], http=list(routes)), **more)


def last(found: Trace) -> Step:
    return found.steps[-1]


def names(found: Trace) -> list[tuple[str, bool | None]]:
    return [(step.step, step.ok) for step in found.steps]


def codes(found: Trace) -> set[str]:
    return {finding.code for finding in found.findings}


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


def test_the_most_specific_server_and_host() -> None:
    wide = b.gateway("infra/wide", b.https("*.example.com", credential="wide"), b.https("*", credential="all"))
    other = b.virtual_service("shop/wide", ["*.example.com"], ["infra/wide"], http=[b.to("api")])
    cluster = state(wide, FRONT, SHOP, other, secrets={"cert": CERT, "wide": b.secret("*.example.com")})
    assert trace(cluster).expected.services == ("Service shop/web, port 80",)
    assert trace(cluster, "https://b.example.com/").expected.services == ("Service shop/api, port 80",)
    assert trace(cluster, "https://b.example.net/").breaks_at == "virtual_host"


def test_routes_that_are_passed_over() -> None:
    api = {**b.to("api", uri={"prefix": "/api"}), "name": "api"}
    found = trace(routed(b.to("web"), api, b.to("api", method={"exact": "POST"})))
    # A route without conditions ends the VirtualService, whatever comes after it.
    assert found.steps[5].message == "http[0] of VirtualService shop/shop takes the request."
    found = trace(routed(api, b.to("web", method={"exact": "POST"})))
    assert (found.breaks_at, found.expected.status) == ("route", 404)
    assert [entry.result() for entry in last(found).passed_over] == [
        {
            "object": "VirtualService shop/shop",
            "route": "http[0]",
            "name": "api",
            "why": "the path '/cart' does not begin with '/api'",
        },
        {
            "object": "VirtualService shop/shop",
            "route": "http[1]",
            "name": None,
            "why": "the method is 'GET', not 'POST'",
        },
    ]
    assert trace(routed(api, b.to("web", method={"exact": "POST"})), method="POST").breaks_at is None


def test_routes_that_take_everything_come_last() -> None:
    younger = b.virtual_service("shop/api", [HOST], ["infra/front"], 1, http=[b.to("api", uri={"prefix": "/cart"})])
    found = trace(state(FRONT, SHOP, younger))
    assert found.expected.services == ("Service shop/api, port 80",)
    assert found.steps[5].passed_over == ()


def test_what_is_not_known_of_a_match() -> None:
    found = trace(routed(b.to("web", headers={"@request.auth.claims.group": {"exact": "a"}})))
    assert (found.breaks_at, last(found).ok) == (None, None)
    assert "claim" in last(found).message


def test_answers_of_the_gateway_itself() -> None:
    found = trace(routed({"directResponse": {"status": 418}}))
    assert (found.expected.status, found.breaks_at) == (418, None)
    moved = {"match": [{"uri": {"prefix": "/cart"}}], "redirect": {"uri": "/basket", "redirectCode": 302}}
    found = trace(routed(moved))
    assert (found.expected.status, found.expected.location) == (302, f"https://{HOST}/basket?a=1")


def test_a_redirect_loop() -> None:
    found = trace(routed({"redirect": {"scheme": "https"}}))
    assert (found.breaks_at, found.expected.location) == ("route", URL)
    assert last(found).message.endswith("It redirects to the same URL, so clients go in circles.")


@pytest.mark.parametrize(
    ("redirect", "location"),
    [
        ({"authority": "a.example.com"}, "http://a.example.com/cart/1?a=1"),
        ({"scheme": "https"}, f"https://{HOST}:8080/cart/1?a=1"),
        ({"scheme": "https", "port": 443}, f"https://{HOST}/cart/1?a=1"),
        ({"port": 81}, f"http://{HOST}:81/cart/1?a=1"),
        ({"derivePort": "FROM_REQUEST_PORT"}, f"http://{HOST}:8080/cart/1?a=1"),
        ({"uri": "/b?c=2"}, f"http://{HOST}:8080/b?c=2"),
        ({"uri": "%PREFIX()%/b"}, f"http://{HOST}:8080/b/1?a=1"),
        ({"prefixRewrite": "/b"}, f"http://{HOST}:8080/b/1?a=1"),
    ],
)
def test_where_a_redirect_leads(redirect: dict[str, Any], location: str) -> None:
    route = {"match": [{"uri": {"prefix": "/cart"}}], "redirect": redirect}
    front = b.gateway("infra/front", b.http(HOST, port=8080))
    cluster = state(front, b.virtual_service("shop/shop", [HOST], ["infra/front"], http=[route]))
    found = trace(cluster, f"http://{HOST}:8080/cart/1?a=1")
    assert found.expected.location == location
    assert dict(names(found))["listener"] is None  # no Service has the port


def test_delegates() -> None:
    root = b.virtual_service(
        "shop/shop",
        [HOST],
        ["infra/front"],
        http=[{"match": [{"uri": {"prefix": "/cart"}}], "delegate": {"name": "cart"}}, b.to("web")],
    )
    cart = b.by_hand("VirtualService", "shop/cart", http=[b.to("api", method={"exact": "GET"})])
    found = trace(state(FRONT, root, cart))
    assert found.steps[5].message == "http[0] → http[0] of VirtualService shop/shop takes the request."
    assert (found.steps[6].step, found.steps[6].object) == ("delegate", "VirtualService shop/cart")
    assert found.expected.services == ("Service shop/api, port 80",)
    assert trace(state(FRONT, root, cart), method="POST").expected.services == ("Service shop/web, port 80",)
    passed_over = trace(state(FRONT, root)).steps[5].passed_over
    assert [entry.why for entry in passed_over] == ["its delegate VirtualService shop/cart does not exist"]


def test_a_delegate_that_is_left_out() -> None:
    root = b.virtual_service("shop/shop", [HOST], ["infra/front"], http=[{"delegate": {"name": "cart"}}])
    found = trace(state(FRONT, root))
    assert (found.breaks_at, found.expected.status) == ("delegate", 404)
    assert codes(found) == {"delegate-left-out"}


def test_several_destinations() -> None:
    route = b.to("web")["route"] + b.to("api")["route"]
    parts = [{**part, "weight": weight} for part, weight in zip(route, (90, 10), strict=True)]
    found = trace(routed({"route": parts}))
    assert found.expected.message == "Service shop/web, port 80 or Service shop/api, port 80 answers."
    found = trace(routed({"route": parts}, missing=("shop/api",)))
    assert (found.breaks_at, found.expected.status) == ("destination", None)
    assert found.expected.message.endswith("the gateway answers 503.")
    unused = [{**part, "weight": weight} for part, weight in zip(route, (100, 0), strict=True)]
    assert trace(routed({"route": unused}, missing=("shop/api",))).breaks_at is None


def test_subsets() -> None:
    route = {"route": [{"destination": {"host": "web", "subset": "v2", "port": {"number": 80}}}]}
    rule = b.destination_rule("shop/web", "web.shop.svc.cluster.local", "v2")
    behind = {"shop/web": [b.back_end("shop/web-1", version="v2")]}
    assert trace(routed(route, destination_rules=[rule], behind=behind)).breaks_at is None
    found = trace(routed(route, destination_rules=[], behind=behind))
    assert (found.breaks_at, codes(found)) == ("endpoints", {"subset-missing"})
    found = trace(routed(route, destination_rules=[rule], behind={"shop/web": [b.back_end("shop/web-1")]}))
    assert (found.breaks_at, codes(found)) == ("endpoints", {"destination-without-endpoints"})
    assert last(trace(routed(route))).ok is None


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
