# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requests that stand for the hosts of an exposure."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._analysis.context import Analysis
from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import LEVELS
from ansible_collections.gatehouse.istio.plugins.module_utils._flows.exposure_info import trace_results
from ansible_collections.gatehouse.istio.plugins.module_utils._info.read import LiveExposures
from ansible_collections.gatehouse.istio.plugins.module_utils._info.trace_hosts import host_requests
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from ansible_collections.gatehouse.istio.plugins.module_utils._options.info import InfoRequest
from support import builders as b

HOST = "shop.example.com"
EVERY_HOST = InfoRequest(include_foreign=True, levels=LEVELS, trace_hosts=True, probe=False)


def on(*servers: dict[str, Any], hosts: tuple[str, ...] = (HOST,), **spec: Any) -> list[Manifest]:
    """A Gateway and a VirtualService on it."""
    return [b.gateway("infra/front", *servers), b.virtual_service("shop/shop", list(hosts), ["infra/front"], **spec)]


def asked(objects: list[Manifest]) -> list[str]:
    """Such as "GET https://shop.example.com/"."""
    analysis = Analysis(b.cluster(*objects))
    (entry,) = (one for one in objects if one["kind"] == "VirtualService")
    return [f"{made.method} {made.url}" for _host, made in host_requests(analysis, entry)]


TABLE: dict[str, tuple[list[Manifest], list[str]]] = {
    "one port": (on(b.https(HOST)), [f"https://{HOST}/"]),
    "two ports": (on(b.http(HOST), b.https(HOST)), [f"http://{HOST}/", f"https://{HOST}/"]),
    "another port": (on(b.http(HOST, port=8080)), [f"http://{HOST}:8080/"]),
    "a redirect of the Gateway": (on(b.redirect(HOST), b.https(HOST)), [f"https://{HOST}/"]),
    "a redirect of the VirtualService": (
        b.live(b.exposure(tls={"credential_name": "cert", "redirect": True})),
        [f"https://{HOST}/"],
    ),
    "a port that no route is for": (
        on(b.http(HOST), b.https(HOST), http=[b.to("web", port=443)]),
        [f"https://{HOST}/"],
    ),
    "only ports that no route is for": (on(b.http(HOST), http=[b.to("web", port=443)]), [f"http://{HOST}/"]),
    "no server": (on(b.http("a.example.com")), [f"http://{HOST}/"]),
    "no server, and TLS": (on(b.passthrough("a.example.com"), tls=[{}]), [f"https://{HOST}/"]),
    "passthrough": (
        on(b.passthrough(HOST), tls=[{"match": [{"sniHosts": [HOST]}]}]),
        [f"https://{HOST}/"],
    ),
    "a wildcard": (on(b.http("*.Example.com"), hosts=("*.Example.com",)), ["http://any.example.com/"]),
    "all hosts": (on(b.http("*"), hosts=("*",)), ["http://any.example.com/"]),
    "two hosts": (on(b.http("*"), hosts=(HOST, "a.example.com")), [f"http://{HOST}/", "http://a.example.com/"]),
}


@pytest.mark.parametrize(("objects", "urls"), TABLE.values(), ids=TABLE)
def test_the_urls(objects: list[Manifest], urls: list[str]) -> None:
    assert asked(objects) == [f"GET {url}" for url in urls]


@pytest.mark.parametrize(
    ("match", "made"),
    [
        ({"uri": {"prefix": "/api/"}}, f"GET http://{HOST}/api/"),
        ({"uri": {"exact": "/api"}, "method": {"exact": "POST"}}, f"POST http://{HOST}/api"),
        ({"queryParams": {"version": {"exact": "v2"}}}, f"GET http://{HOST}/?version=v2"),
        ({"uri": {"regex": "/api/.+"}}, f"GET http://{HOST}/"),
        ({"uri": {"regex": "/.*"}}, f"GET http://{HOST}/"),
    ],
)
def test_the_request_is_one_that_a_route_takes(match: dict[str, Any], made: str) -> None:
    assert asked(on(b.http(HOST), http=[b.to("web", **match)])) == [made]


def test_headers_that_a_route_asks_for_are_sent() -> None:
    objects = on(b.http(HOST), http=[b.to("web", headers={"X-Version": {"exact": "v2"}, "x-any": {}})])
    ((_host, made),) = host_requests(Analysis(b.cluster(*objects)), objects[1])
    assert made.headers == {"x-version": "v2", "x-any": "any"}


def test_each_host_says_where_it_breaks() -> None:
    objects = [
        *on(b.https("*.example.com"), hosts=("*.example.com",)),
        b.virtual_service("shop/lost", ["lost.example.com"], ["infra/nowhere"]),
    ]
    state = b.cluster(*objects, secrets={"cert": b.secret("*.example.com")}, unknown_gateways=())
    results = trace_results(LiveExposures(state, state.virtual_services), EVERY_HOST, Analysis(state))
    assert [(one["exposure"], one["host"], one["url"], one["breaks_at"]) for one in results] == [
        ("shop/lost", "lost.example.com", "http://lost.example.com/", "listener"),
        ("shop/shop", "*.example.com", "https://any.example.com/", None),
    ]
    assert [finding["code"] for finding in results[0]["findings"]] == ["gateway-missing"]
    assert results[1]["findings"] == []


@pytest.mark.parametrize("options", [{}, {"tls": {"credential_name": "cert"}}], ids=["HTTP", "HTTPS"])
def test_a_thousand_hosts_take_no_time(options: dict[str, Any]) -> None:
    """A third of a second; with a look through the cluster for each host it takes minutes."""
    names = [f"e{number}" for number in range(1000)]
    exposures = [b.live(b.exposure(name=name, hosts=[f"{name}.example.com"], **options)) for name in names]
    secrets = {"cert": b.secret("shop.example.com")}
    state = b.cluster(*(entry for objects in exposures for entry in objects), secrets=secrets)
    analysis = Analysis(state)
    live = LiveExposures(state, state.virtual_services)
    start = time.process_time()
    assert len(trace_results(live, EVERY_HOST, analysis)) == len(names)
    assert time.process_time() - start < 10
