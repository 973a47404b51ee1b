# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Matches that no request can fulfil."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from support.builders import PODS, PUBLIC, by_hand, cluster, gateway, http, passthrough, to, virtual_service
from support.cases import Configuration, Mistake, check_mistake

EDGE = gateway("istio-ingress/edge", http("*.example.com"))
CLAIM = {"headers": {"@request.auth.claims.groups": {"exact": "admin"}}}
RULES = [{"issuer": "https://login.example.net"}]


def matching(*matches: dict[str, Any], host: str = "shop.example.com") -> list[Manifest]:
    route = {**to("web"), "match": list(matches)}
    return [virtual_service("shop/shop", [host], ["istio-ingress/edge"], http=[route])]


def authentication(name: str, **spec: Any) -> Manifest:
    return by_hand("RequestAuthentication", name, **{"jwtRules": RULES, **spec})


def never(*matches: dict[str, Any], because: str, there: tuple[Manifest, ...] = ()) -> Mistake:
    return Mistake(
        desired=matching(*matches),
        state=cluster(EDGE, *there),
        code="match-never-fulfilled",
        option="service.match",
        message=f"a match of http[0] of VirtualService shop/shop takes no request: {because}",
    )


MISTAKES: dict[str, Mistake] = {
    "a path without its slash": never({"uri": {"prefix": "api"}}, because="paths begin with a slash, and 'api' does"),
    "a path with a query": never({"uri": {"exact": "/a?b=1"}}, because="'/a?b=1' has what is not part of a path"),
    "a method in small letters": never({"method": {"exact": "get"}}, because="clients send GET"),
    "the host of somebody else": never(
        {"authority": {"exact": "blog.example.com"}}, because="its authority, blog.example.com, is none of the hosts"
    ),
    "one of two matches": never({"uri": {"prefix": "/a"}}, {"uri": {"prefix": "b"}}, because="paths begin"),
    "a claim that nobody checks": never(CLAIM, because="it asks for a claim (@request.auth.claims.groups)"),
    "a claim that other pods know": never(
        CLAIM,
        because="it asks for a claim",
        there=(
            authentication("shop/tokens"),
            authentication(f"{PODS}/tokens", selector={"matchLabels": {"istio": "internal"}}),
            authentication("istio-system/none", jwtRules=[]),
            authentication(f"{PODS}/another", targetRefs=[{"kind": "Gateway", "name": "another"}]),
        ),
    ),
}


def tcp(number: int) -> dict[str, Any]:
    return {"port": {"number": number, "name": f"tcp-{number}", "protocol": "TCP"}, "hosts": ["*"]}


TCP = gateway("istio-ingress/edge", tcp(80), tcp(443))


def connections(*routes: dict[str, Any], kind: str = "tcp") -> list[Manifest]:
    spec: dict[str, Any] = {kind: list(routes)}
    return [virtual_service("shop/shop", ["shop.example.com"], ["istio-ingress/edge"], **spec)]


def behind(*routes: dict[str, Any], kind: str = "tcp") -> Mistake:
    return Mistake(
        desired=connections(*routes, kind=kind),
        state=cluster(TCP if kind == "tcp" else THROUGH),
        code="route-behind-wider",
        option="routes[1]",
        message=f"{kind}[0] of VirtualService shop/shop comes first, and takes all connections that {kind}[1] is for",
    )


THROUGH = gateway("istio-ingress/edge", passthrough("*.example.com"))
ONE, TWO = {"sniHosts": ["shop.example.com"]}, {"sniHosts": ["shop.example.com", "blog.example.com"]}
MISTAKES["two TCP routes"] = behind(to("web"), to("api"))
MISTAKES["two TCP routes for one port"] = behind(to("web", port=80), to("api", port=80))
MISTAKES["a host that is passed on twice"] = behind(to("web", **ONE), to("api", **TWO), kind="tls")
RIGHT: dict[str, Configuration] = {
    "two TCP routes for two ports": Configuration(
        desired=connections(to("web", port=80), to("api", port=443)),
        state=cluster(TCP),
    ),
    "a TCP route twice": Configuration(desired=connections(to("web"), to("web")), state=cluster(TCP)),
    "two hosts that are passed on": Configuration(
        desired=connections(to("web", **ONE), to("api", sniHosts=["blog.example.com"]), kind="tls"),
        state=cluster(THROUGH),
    ),
    "what requests have": Configuration(
        desired=matching(
            {"uri": {"prefix": "/a"}, "method": {"exact": "GET"}, "authority": {"exact": "shop.example.com:8443"}},
            {"uri": {"regex": "a?/.*"}, "method": {"regex": "get|GET"}},
        ),
        state=cluster(EDGE),
    ),
    "one host of a wildcard": Configuration(
        desired=matching({"authority": {"exact": "a.example.com"}}, host="*.example.com"), state=cluster(EDGE)
    ),
    "a claim that the gateway knows": Configuration(
        desired=matching(CLAIM),
        state=cluster(EDGE, authentication(f"{PODS}/tokens", selector={"matchLabels": dict(PUBLIC)})),
    ),
    "a claim that the whole mesh knows": Configuration(
        desired=matching(CLAIM), state=cluster(EDGE, authentication("istio-system/tokens"))
    ),
    "a match for sidecars": Configuration(
        desired=[
            virtual_service(
                "shop/shop",
                ["shop.example.com"],
                ["istio-ingress/edge", "mesh"],
                http=[{**to("web"), "match": [{"gateways": ["mesh"], "uri": {"prefix": "api"}}]}, to("api")],
            )
        ],
        state=cluster(EDGE),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_found(mistake: Mistake) -> None:
    check_mistake(mistake)


@pytest.mark.parametrize("right", RIGHT.values(), ids=RIGHT)
def test_what_is_right_is_not_blamed(right: Configuration) -> None:
    assert [str(finding) for finding in find(right.desired, right.state)] == []
