# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._istio.requests import CannotTellError, Request, why_not

REQUEST = Request.of("https://Shop.example.com/Cart/1?a=1&a=2&b", headers={"X-User": "ann"})


def test_parts_of_a_url() -> None:
    assert (REQUEST.host, REQUEST.port) == ("shop.example.com", 443)
    assert (REQUEST.path, REQUEST.query) == ("/Cart/1", "a=1&a=2&b")
    assert REQUEST.authority == "shop.example.com"
    assert Request.of("http://shop.example.com:8080").authority == "shop.example.com:8080"
    assert Request.of("http://[::1]:8080/").authority == "[::1]:8080"
    assert Request.of("http://shop.example.com", method="post").method == "POST"


@pytest.mark.parametrize(
    "url",
    ["", "shop.example.com", "ftp://a.example.com", "https://", "https://a:0/", "https://a:99999/", "http://[::1"],
)
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(ValueError, match="is not a URL"):
        Request.of(url)


@pytest.mark.parametrize(
    "place", ["https://{}@shop.example.com/", "http://{}@[::1", "ftp://{}@a", "https://{}@a:99999"]
)
def test_credentials_are_not_repeated(place: str) -> None:
    with pytest.raises(ValueError, match="user name") as caught:
        Request.of(place.format("ann:secret"))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "match",
    [
        {},
        {"uri": {}},
        {"uri": {"exact": "/Cart/1"}},
        {"uri": {"prefix": "/Car"}},
        {"uri": {"prefix": "/cart"}, "ignoreUriCase": True},
        {"uri": {"regex": "/Cart/[0-9]+"}},
        {"method": {"exact": "GET"}, "scheme": {"exact": "https"}, "authority": {"prefix": "shop."}},
        {"headers": {"x-user": {"exact": "ann"}, ":method": {"exact": "GET"}}},
        {"headers": {"X-User": {}}},
        {"headers": {"x-user": {"regex": "*"}}},
        {"withoutHeaders": {"x-user": {"exact": "bob"}, "x-other": {}}},
        {"queryParams": {"a": {"exact": "1"}, "b": {}}},
        {"port": 443, "gateways": ["web/public"]},
        {"name": "cart", "port": 0, "sourceLabels": {"app": "web"}, "gateways": ["web/public"]},
    ],
)
def test_what_matches(match: dict[str, Any]) -> None:
    assert why_not(match, REQUEST, "web/public") is None


@pytest.mark.parametrize(
    ("match", "reason"),
    [
        ({"uri": {"exact": "/Cart"}}, "the path is '/Cart/1', not '/Cart'"),
        ({"uri": {"prefix": "/cart"}}, "the path '/Cart/1' does not begin with '/cart'"),
        ({"uri": {"regex": "/Cart"}}, "the path '/Cart/1' does not match the regex '/Cart' as a whole"),
        (
            {"uri": {"regex": "/cart/1"}, "ignoreUriCase": True},
            "the path '/Cart/1' does not match the regex '/cart/1' as a whole",
        ),
        ({"method": {"exact": "POST"}}, "the method is 'GET', not 'POST'"),
        ({"scheme": {"exact": "http"}}, "the scheme is 'https', not 'http'"),
        ({"authority": {"exact": "a.example.com"}}, "the authority is 'shop.example.com', not 'a.example.com'"),
        ({"headers": {"x-user": {"exact": "bob"}}}, "the header x-user is 'ann', not 'bob'"),
        ({"headers": {"x-other": {}}}, "the header x-other is missing"),
        ({"withoutHeaders": {"x-user": {}}}, "the header x-user is there"),
        ({"withoutHeaders": {"x-user": {"prefix": "a"}}}, "the header x-user is 'ann', which it does not take"),
        ({"withoutHeaders": {"x-other": {"regex": ".*"}}}, "the header x-other is '', which it does not take"),
        ({"queryParams": {"a": {"exact": "2"}}}, "the query parameter a is '1', not '2'"),
        ({"queryParams": {"c": {}}}, "the query parameter c is missing"),
        ({"port": 8443}, "it is only for port 8443, not 443"),
        ({"gateways": ["web/other"]}, "it is only for the gateways web/other"),
        # What is certain goes before what cannot be told.
        ({"headers": {"@request.auth.claims.sub": {"exact": "a"}, "x-other": {}}}, "the header x-other is missing"),
    ],
)
def test_why_not(match: dict[str, Any], reason: str) -> None:
    assert why_not(match, REQUEST, "web/public") == reason


def test_the_port_is_that_of_the_server() -> None:
    assert why_not({"port": 8443}, REQUEST, port=8443) is None


@pytest.mark.parametrize(
    "match",
    [
        {"headers": {"@request.auth.claims.sub": {"exact": "a"}}},
        {"headers": {"@Request.Auth.Claims[sub]": {"exact": "a"}}},
        {"withoutHeaders": {"@request.auth.claims.sub": {"exact": "a"}}},
        {"withoutHeaders": {"x-user": {"regex": r"\pL+"}}},
        {"uri": {"regex": r"/\pL+/1"}},
        {"sourceLabels": {"app": "web"}},
    ],
)
def test_what_cannot_be_told(match: dict[str, Any]) -> None:
    with pytest.raises(CannotTellError):
        why_not(match, REQUEST)


@pytest.mark.parametrize(
    ("prefix", "path", "is_taken"),
    [("/cart", "/cart/1", True), ("/cart/", "/cart", True), ("/cart", "/carts", False), ("/", "/carts", True)],
)
def test_prefixes_of_ingresses_end_with_a_part_of_the_path(prefix: str, path: str, is_taken: bool) -> None:
    request = Request.of(f"https://shop.example.com{path}")
    why = why_not({"uri": {"prefix": prefix}}, request, whole_segments=True)
    assert (why is None) is is_taken


@pytest.mark.parametrize(
    "regex",
    ["/(?!admin).*", "/(?<=a)b", r"/(a)\1", "/(?P<a>b)(?P=a)", "(a+)+x", "(a|a)*x", "(.*)(.*)(.*)(.*)(.*)x", "("],
)
def test_regexes_that_are_not_tried(regex: str) -> None:
    """Envoy has no lookaround or backreferences, and what Python could need very long for is not known either."""
    with pytest.raises(CannotTellError, match="can be judged here"):
        why_not({"uri": {"regex": regex}}, Request.of(f"https://shop.example.com/{'a' * 100}"))


def test_regexes_of_usual_length_are_tried() -> None:
    request = Request.of("https://shop.example.com/api/v1/users/0d3ffa7c-9a3e/orders/12345/lines")
    assert why_not({"uri": {"regex": "/api/v[0-9]+/users/[^/]+/orders/[0-9]+(/.*)?"}}, request) is None
    assert why_not({"uri": {"regex": r"/api/v\d/(users|groups)/.*"}}, request) is None


def test_a_request_keeps_its_url() -> None:
    assert Request.of("http://Shop.example.com:80/a?b").url == "http://shop.example.com/a?b"


@pytest.mark.parametrize("name", ["Authorization", "cookie", "x-api-key"])
def test_values_of_secret_headers_are_not_repeated(name: str) -> None:
    request = Request.of("https://shop.example.com/", headers={name: "hidden"})
    for match in ({"headers": {name: {"exact": "other"}}}, {"withoutHeaders": {name: {"prefix": "hid"}}}):
        assert "hidden" not in (why_not(match, request) or "hidden")
