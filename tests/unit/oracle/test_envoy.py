# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a request ends, given istiod's configuration."""

from __future__ import annotations

from typing import Any

import pytest

from oracle.envoy import End, Request, matches, problem_of, send


def chain(*names: str, routes: str = "", cluster: str = "") -> dict[str, Any]:
    """A filter chain; with names or a cluster it is for TLS."""
    match = {"server_names": list(names)} if names else {}
    tls = {"is_tls": True, "ends_tls": bool(routes)} if names else {}
    return {"names": list(names), "match": match, "routes": routes, "clusters": [cluster] if cluster else [], **tls}


def host(*domains: str, cluster: str = "web", match: dict[str, Any] | None = None) -> dict[str, Any]:
    route = {"name": "http[0]", "match": match or {"prefix": "/"}, "clusters": [cluster]}
    route["virtual_service"] = "/apis/networking.istio.io/v1/namespaces/shop/virtual-service/shop"
    return {"name": domains[0], "domains": list(domains), "routes": [route]}


REDIRECTED = {**host("s.net"), "require_tls": True}
POD: dict[str, Any] = {
    "listeners": [
        {"address": "0.0.0.0", "port": 80, "chains": [chain(routes="http.80")]},  # noqa: S104  (as Envoy has it)
        {
            "address": "0.0.0.0",  # noqa: S104  (as Envoy has it)
            "port": 443,
            "chains": [
                chain("a.example.com", routes="https.a"),
                chain("*.example.com", routes="https.all"),
                chain("tls.example.com", cluster="tls"),
            ],
        },
    ],
    "routes": {
        "http.80": [
            host("a.example.com"),
            host("*.example.com", cluster="nothing"),
            {**host("s.net"), "require_tls": 1},
        ],
        "https.a": [host("a.example.com")],
        "https.all": [host("*.example.com", match={"path": "/cart"})],
    },
    "clusters": {"web": 1, "tls": -1, "empty": 0},
}


@pytest.mark.parametrize(
    ("request_", "end"),
    [
        (Request("http", "a.example.com", 80), End.ANSWERED),
        (Request("http", "A.example.com", 80), End.ANSWERED),
        (Request("http", "b.example.com", 80), End.NO_CLUSTER),
        (Request("http", "example.com", 80), End.NO_HOST),
        (Request("http", "s.net", 80), End.REDIRECTED),
        (Request("http", "a.example.com", 8080), End.NOT_LISTENING),
        (Request("https", "a.example.com", 443), End.ANSWERED),
        (Request("https", "b.example.com", 443, "/cart"), End.ANSWERED),
        (Request("https", "b.example.com", 443), End.NO_ROUTE),
        (Request("tls", "tls.example.com", 443), End.ANSWERED),
        (Request("tls", "a.example.com", 443), End.OTHER_PROTOCOL),
        (Request("https", "example.net", 443), End.NO_SERVER_NAME),
        (Request("https", "a.example.com", 80), End.OTHER_PROTOCOL),
    ],
)
def test_where_a_request_ends(request_: Request, end: End) -> None:
    assert send(request_, POD).end is end


def test_who_takes_a_request() -> None:
    outcome = send(Request("http", "a.example.com", 80), POD)
    assert (outcome.virtual_service, outcome.route, outcome.clusters) == ("shop/shop", "http[0]", ("web",))


@pytest.mark.parametrize(
    ("chains", "problem"),
    [
        ([chain("a.example.com"), chain("b.example.com")], ""),
        (
            [chain("a.example.com", routes="one"), chain("A.example.com", routes="two")],
            "two filter chains for 'a.example.com', one and two",
        ),
        ([chain(routes="x"), chain(cluster="y")], "two filter chains for '', x and y"),
        ([chain("*example.com")], "'*example.com' is no wildcard for it"),
        ([chain(routes="twice")], "two virtual hosts for one name"),
    ],
)
def test_what_envoy_refuses(chains: list[dict[str, Any]], problem: str) -> None:
    assert problem_of({"chains": chains}, {"routes": {"twice": [host("a"), host("A")]}}) == problem


@pytest.mark.parametrize(
    ("match", "path", "headers", "takes"),
    [
        ({"prefix": "/a"}, "/ab", {}, True),
        ({"path_separated_prefix": "/a"}, "/ab", {}, False),
        ({"path": "/A", "case_sensitive": False}, "/a", {}, True),
        ({"safe_regex": {"regex": "/c+"}}, "/cc", {}, True),
        ({"safe_regex": {"regex": "/c+"}}, "/cc/", {}, False),
        ({"prefix": "/", "headers": [{"name": "x", "string_match": {"exact": "1"}}]}, "/", {"x": "1"}, True),
        ({"prefix": "/", "headers": [{"name": "x", "string_match": {"exact": "1"}}]}, "/", {}, False),
        ({"prefix": "/", "headers": [{"name": "x", "present_match": True, "invert_match": True}]}, "/", {}, True),
        ({"prefix": "/", "headers": [{"name": ":method", "string_match": {"exact": "GET"}}]}, "/", {}, True),
        ({"prefix": "/", "query_parameters": [{"name": "q", "string_match": {"exact": "1"}}]}, "/?q=1", {}, True),
        ({"prefix": "/", "query_parameters": [{"name": "q", "string_match": {"exact": "1"}}]}, "/?r=1", {}, False),
    ],
)
def test_conditions(match: dict[str, Any], path: str, headers: dict[str, str], takes: bool) -> None:
    assert matches(match, Request("http", "a", 80, path, headers)) is takes
