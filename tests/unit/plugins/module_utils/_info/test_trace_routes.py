# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which route takes a request, and what is behind it."""

from __future__ import annotations

from typing import Any

import pytest

from support import builders as b
from support.traces import FRONT, HOST, SHOP, URL, codes, last, names, routed, state, trace


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


def test_faults() -> None:
    def abort(share: float | None) -> dict[str, Any]:
        part = {} if share is None else {"percentage": {"value": share}}
        return {**b.to("web"), "fault": {"abort": {"httpStatus": 418, **part}}}

    assert trace(routed(abort(100))).expected.status == 418
    some = trace(routed(abort(10))).expected
    assert (some.status, some.services) == (None, ("Service shop/web, port 80",))
    assert some.message.endswith("For 10 % of requests the gateway itself answers 418 (fault.abort).")
    assert "fault" not in trace(routed(abort(None))).expected.message


def test_matches_for_other_pods() -> None:
    teapot = {"directResponse": {"status": 418}}
    other = {"match": [{"sourceLabels": {"istio": "inner"}}], **teapot}
    elsewhere = {"match": [{"sourceNamespace": "inner"}], **teapot}
    found = trace(routed(other, elsewhere, b.to("web")))
    assert found.expected.services == ("Service shop/web, port 80",)
    assert [entry.why for entry in found.steps[5].passed_over] == [
        "it is only for pods with istio=inner",
        "it is only for pods of namespace inner",
    ]
    here = {"match": [{"sourceLabels": b.PUBLIC, "sourceNamespace": b.PODS}], **teapot}
    assert trace(routed(here, b.to("web"))).expected.status == 418


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
    assert found.steps[5].message == "http[0].delegate.http[0] of VirtualService shop/shop takes the request."
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
