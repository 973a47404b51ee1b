# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Redirects that nobody means, and servers with a narrower name."""

from __future__ import annotations

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find
from support.builders import cluster, exposure, gateway, http, https, mine, redirect, secret, to, virtual_service
from support.cases import Configuration, Mistake, check_mistake

EDGE = gateway("istio-ingress/edge", http("*.example.com"))
OLD_B = to("api", uri={"prefix": "/b"})


MISTAKES: dict[str, Mistake] = {
    "a redirect to a path that the route takes": Mistake(
        desired=mine(
            "istio-ingress/edge",
            http=[to("web", uri={"exact": "/a"}), {"match": [{"uri": {"prefix": "/"}}], "redirect": {"uri": "/app"}}],
        ),
        state=cluster(EDGE),
        code="redirect-loop",
        option="routes[1].redirect",
        message="http[1] of VirtualService shop/shop redirects requests to http://shop.example.com/app, where it takes",
    ),
    "a redirect that changes nothing": Mistake(
        desired=mine("istio-ingress/edge", http=[{"redirect": {"scheme": "http", "redirectCode": 308}}]),
        state=cluster(EDGE),
        code="redirect-loop",
        option="service.redirect",
        message="redirects requests to http://shop.example.com, and the same path, where it takes them again",
    ),
    "a redirect from a regex to another match of the route": Mistake(
        desired=mine(
            "istio-ingress/edge",
            http=[{"match": [{"uri": {"regex": "/c+"}}, {"uri": {"prefix": "/x"}}], "redirect": {"uri": "/x"}}],
        ),
        state=cluster(EDGE),
        code="redirect-loop",
        option="service.redirect",
        message="redirects requests to http://shop.example.com/x",
    ),
    "a redirect of all that a header does not take": Mistake(
        desired=mine(
            "istio-ingress/edge",
            http=[to("web", uri={"prefix": "/"}, headers={"x-a": {}}), {"redirect": {"uri": "/y"}}],
        ),
        state=cluster(EDGE),
        code="redirect-loop",
        option="routes[1].redirect",
        message="http[1] of VirtualService shop/shop redirects requests to http://shop.example.com/y",
    ),
    "another server redirects the host": Mistake(
        desired=exposure(),
        state=cluster(
            gateway("old/front", redirect("shop.example.com"), https("shop.example.com")),
            secrets={"cert": secret("shop.example.com")},
        ),
        code="host-redirected",
        option="hosts[0]",
        message="Gateway old/front, servers[0] redirects all requests for shop.example.com at port 80 of the same",
    ),
    "a server for all hosts redirects one that it routes": Mistake(
        desired=mine("istio-ingress/edge"),
        state=cluster(
            EDGE,
            gateway("old/front", redirect("*")),
            virtual_service("old/shop", ["shop.example.com"], ["old/front"], created=5),
        ),
        code="host-redirected",
        option="hosts[0]",
        message="so VirtualService shop/shop gets none through Gateway istio-ingress/edge, servers[0]",
    ),
    "a server with a redirect takes the host of others": Mistake(
        desired=mine("istio-ingress/wide"),
        state=cluster(
            gateway("istio-ingress/wide", redirect("*.example.com"), https("*.example.com")),
            virtual_service("old/shop", ["shop.example.com"], ["old/front"]),
            gateway("old/front", http("shop.example.com")),
            secrets={"cert": secret("*.example.com")},
        ),
        code="host-redirected",
        option="hosts[0]",
        message="so VirtualService old/shop gets none through Gateway old/front, servers[0]",
    ),
    "a narrower server without the VirtualService": Mistake(
        desired=mine("istio-ingress/wide", hosts=("a.shop.example.com",)),
        state=cluster(
            gateway("istio-ingress/wide", https("*.example.com", credential="wide")),
            gateway("old/front", https("*.shop.example.com")),
            secrets={"wide": secret("a.shop.example.com"), "cert": secret("*.shop.example.com")},
        ),
        code="server-shadowed",
        option="hosts[0]",
        message="go to Gateway old/front, servers[0], which has a narrower name for it than Gateway istio-ingress/wide",
    ),
    "a narrower server takes another one's host": Mistake(
        desired=exposure(tls={"credential_name": "cert"}, service="api"),
        state=cluster(
            gateway("istio-ingress/wide", https("*.example.com", credential="wide")),
            virtual_service("old/shop", ["shop.example.com"], ["istio-ingress/wide"]),
            secrets={"wide": secret("*.example.net"), "cert": secret("shop.example.com")},
        ),
        code="server-shadowed",
        option="hosts[0]",
        message="the one of VirtualService old/shop; there VirtualService shop/shop answers",
    ),
}
RIGHT: dict[str, Configuration] = {
    "a redirect that changes a prefix": Configuration(
        desired=mine(
            "istio-ingress/edge",
            http=[
                {"match": [{"uri": {"prefix": "/old/"}}], "redirect": {"prefixRewrite": "/v1/", "redirectCode": 308}},
                to("web"),
            ],
        ),
        state=cluster(EDGE),
    ),
    "redirects that lead elsewhere": Configuration(
        desired=mine(
            "istio-ingress/edge",
            http=[
                to("web", uri={"prefix": "/app"}),
                {"match": [{"uri": {"exact": "/a"}}], "redirect": {"uri": "/b"}},
                {"match": [{"uri": {"regex": "/c.*"}}], "redirect": {"uri": "/c"}},
                {"match": [{"uri": {"exact": "/d"}}], "redirect": {"authority": "www.example.com"}},
                {"match": [{"uri": {"exact": "/e"}}], "redirect": {"uri": "%PREFIX()%/"}},
                {"match": [{"uri": {"exact": "/f"}}], "redirect": {"port": 8080}},
                {"match": [{"uri": {"exact": "/g"}}], "redirect": {"scheme": "https"}},
                {"redirect": {"uri": "/app"}},
            ],
        ),
        state=cluster(EDGE),
    ),
    "a redirect to a path of another VirtualService": Configuration(
        desired=mine("istio-ingress/edge", http=[{"redirect": {"uri": "/b"}}]),
        state=cluster(
            EDGE, virtual_service("shop/old", ["shop.example.com"], ["istio-ingress/edge"], http=[OLD_B], created=5)
        ),
    ),
    "a redirect of a narrower host": Configuration(
        desired=mine("istio-ingress/edge"),
        state=cluster(EDGE, gateway("old/front", redirect("shop.example.com"))),
    ),
    "a redirect of a wildcard that routes other hosts": Configuration(
        desired=exposure(),
        state=cluster(
            gateway("old/front", redirect("*.example.com")),
            virtual_service("old/blog", ["blog.example.com"], ["old/front"]),
            virtual_service("old/db", ["shop.example.com"], ["old/front"], tcp=[to("web")]),
        ),
    ),
    "a redirect of one's own at the same host": Configuration(
        desired=mine(
            "istio-ingress/both",
            http=[{"match": [{"port": 80}], "redirect": {"scheme": "https"}}, to("web")],
        ),
        state=cluster(
            gateway("istio-ingress/both", http("shop.example.com"), https("shop.example.com")),
            gateway("old/front", redirect("shop.example.com")),
            secrets={"cert": secret("shop.example.com")},
        ),
    ),
    "a VirtualService on the narrower server, too": Configuration(
        desired=mine("istio-ingress/wide", "old/front", hosts=("a.shop.example.com",)),
        state=cluster(
            gateway("istio-ingress/wide", https("*.example.com", credential="wide")),
            gateway("old/front", https("*.shop.example.com")),
            secrets={"wide": secret("a.shop.example.com"), "cert": secret("*.shop.example.com")},
        ),
    ),
    "a narrower server for one of a wildcard's hosts": Configuration(
        desired=exposure(tls={"credential_name": "cert"}),
        state=cluster(
            gateway("istio-ingress/wide", https("*.example.com", credential="wide")),
            virtual_service("old/all", ["*.example.com"], ["istio-ingress/wide"]),
            secrets={"wide": secret("*.example.net"), "cert": secret("shop.example.com")},
        ),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_found(mistake: Mistake) -> None:
    check_mistake(mistake)


@pytest.mark.parametrize("right", RIGHT.values(), ids=RIGHT)
def test_what_is_right_is_not_blamed(right: Configuration) -> None:
    assert [str(finding) for finding in find(right.desired, right.state)] == []
