# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes in what routes do: delegates, rewrites, origins, Ingresses with the same host."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from ansible_collections.gatehouse.istio.plugins.module_utils._mesh.settings import MeshSettings
from support.builders import by_hand, cluster, exposure, gateway, http, https, mine, secret, to, virtual_service
from support.cases import Configuration, Mistake, check_mistake

EDGE = gateway("istio-ingress/edge", http("*.example.com"))


def of(route: dict[str, Any], *matches: dict[str, Any]) -> dict[str, Any]:
    """A route with several matches."""
    return {**route, "match": list(matches)}


OLD_B = to("api", uri={"prefix": "/b"})
DELEGATED = [to("web", uri={"prefix": "/a/x"}), to("api", uri={"prefix": "/b"})]


def to_host(host: str) -> dict[str, Any]:
    return {"route": [{"destination": {"host": host, "port": {"number": 80}}}]}


def older(host: str) -> Manifest:
    """A VirtualService of another namespace with the same host."""
    names = {"hosts": ["shop.example.com"], "gateways": ["istio-ingress/edge"]}
    return by_hand("VirtualService", "blog/shop", 1, **names, http=[to_host(host)])


MISTAKES: dict[str, Mistake] = {
    "no delegate": Mistake(
        desired=mine("istio-ingress/edge", http=[{"match": [{"uri": {"prefix": "/a"}}], "delegate": {"name": "a"}}]),
        state=cluster(EDGE),
        code="delegate-left-out",
        option="service",
        message="VirtualService shop/a, to which http[0] of VirtualService shop/shop delegates, does not exist",
    ),
    "a delegate whose matches lie elsewhere": Mistake(
        desired=mine(
            "istio-ingress/edge",
            http=[{"match": [{"uri": {"prefix": "/a"}}], "delegate": {"name": "a", "namespace": "blog"}}, to("web")],
        ),
        state=cluster(EDGE, by_hand("VirtualService", "blog/a", http=[to("web", uri={"prefix": "/b"})])),
        code="delegate-left-out",
        option="routes[0]",
        message="is left out by istiod, as none of its matches lies within that of http[0]",
    ),
    "a match that an earlier route takes": Mistake(
        desired=mine(
            "istio-ingress/edge",
            http=[
                to("web", uri={"prefix": "/a"}),
                of(to("api"), {"uri": {"prefix": "/b"}}, {"uri": {"exact": "/a"}}),
            ],
        ),
        state=cluster(EDGE),
        code="route-behind-wider",
        option="routes[1]",
        message="comes first, and takes all requests that match[1] of http[1] is for, which never gets one",
    ),
    "a match after one that takes all": Mistake(
        desired=mine(
            "istio-ingress/edge",
            http=[
                of(to("web"), {"uri": {"exact": "/b"}}, {"uri": {"prefix": "/"}, "ignoreUriCase": True}),
                to("api", uri={"prefix": "/a"}),
            ],
        ),
        state=cluster(EDGE),
        code="route-behind-wider",
        option="routes[1]",
        message="match[1] of http[0] of VirtualService shop/shop comes first, and takes all requests",
    ),
    "a path in other letters": Mistake(
        desired=mine(
            "istio-ingress/edge",
            http=[to("web", uri={"prefix": "/A"}, ignoreUriCase=True), to("api", uri={"exact": "/a/B"})],
        ),
        state=cluster(EDGE),
        code="route-behind-wider",
        option="routes[1]",
        message="takes all requests that http[1] is for",
    ),
    "a route for more headers": Mistake(
        desired=mine(
            "istio-ingress/edge",
            http=[
                to("web", headers={"a": {"exact": "1"}}),
                to("api", headers={"a": {"exact": "1"}, "b": {"exact": "2"}}, uri={"prefix": "/a"}),
            ],
        ),
        state=cluster(EDGE),
        code="route-behind-wider",
        option="routes[1]",
        message="takes all requests that http[1] is for",
    ),
    "a match for a port that no server has": Mistake(
        desired=mine(
            "istio-ingress/edge",
            http=[of(to("web"), {"port": 443, "uri": {"prefix": "/a"}}, {"uri": {"prefix": "/b"}}), to("api")],
        ),
        state=cluster(EDGE),
        code="route-unused",
        option="routes[0]",
        message="match[0] of http[0] of VirtualService shop/shop is never used: the Gateway has servers for http",
    ),
    "a match that another VirtualService takes": Mistake(
        desired=mine(
            "istio-ingress/edge",
            http=[of(to("web"), {"uri": {"prefix": "/a"}}, {"uri": {"prefix": "/b"}})],
        ),
        state=cluster(
            EDGE,
            virtual_service("shop/old", ["shop.example.com"], ["istio-ingress/edge"], http=[OLD_B]),
        ),
        code="routes-shadowed",
        option="hosts[0]",
        message="so match[1] of http[0] of VirtualService shop/shop never gets one",
    ),
    "a delegate of which one route lies elsewhere": Mistake(
        desired=mine("istio-ingress/edge", http=[{"match": [{"uri": {"prefix": "/a"}}], "delegate": {"name": "a"}}]),
        state=cluster(
            EDGE,
            by_hand("VirtualService", "shop/a", http=DELEGATED),
        ),
        code="delegate-left-out",
        option="service",
        message="http[1] of VirtualService shop/a is left out by istiod, as not all of the matches lie within that of",
    ),
    "an Ingress of Istio has the host": Mistake(
        desired=exposure(),
        state=cluster(
            by_hand(
                "Ingress",
                "shop/old",
                rules=[
                    {
                        "host": "shop.example.com",
                        "http": {
                            "paths": [
                                {
                                    "path": "/",
                                    "pathType": "Prefix",
                                    "backend": {"service": {"name": "api", "port": {"number": 80}}},
                                }
                            ]
                        },
                    }
                ],
            ),
            settings=MeshSettings(ingress_selector="public"),
        ),
        code="routes-shadowed",
        option="hosts[0]",
        message="Ingress shop/old (http[0]) already takes these requests",
    ),
    "two Services of the same name in two namespaces": Mistake(
        desired=mine("istio-ingress/edge", http=[to_host("web")]),
        state=cluster(EDGE, older("web")),
        code="routes-shadowed",
        option="hosts[0]",
        message="already takes these requests for shop.example.com at the same gateway",
    ),
    "a rewrite that makes two slashes": Mistake(
        desired=mine("istio-ingress/edge", http=[{**to("web", uri={"prefix": "/common"}), "rewrite": {"uri": "/"}}]),
        state=cluster(EDGE),
        code="rewrite-slashes",
        option="service.rewrite",
        message="rewrites /common/a to //a",
    ),
    "a rewrite that loses the slash": Mistake(
        desired=mine("istio-ingress/edge", http=[{**to("web", uri={"prefix": "/common/"}), "rewrite": {"uri": "/x"}}]),
        state=cluster(EDGE),
        code="rewrite-slashes",
        option="service.rewrite",
        message="rewrites /common/a to /xa",
    ),
    "an origin with a slash at its end": Mistake(
        desired=mine(
            "istio-ingress/edge",
            http=[{**to("web"), "corsPolicy": {"allowOrigins": [{"exact": "https://app.example.com/"}]}}],
        ),
        state=cluster(EDGE),
        code="cors-origin-never-matches",
        option="service.cors_policy",
        message="an origin has no path, and no slash at its end",
    ),
    "an origin without its scheme": Mistake(
        desired=mine(
            "istio-ingress/edge", http=[{**to("web"), "corsPolicy": {"allowOrigins": [{"exact": "app.example.com"}]}}]
        ),
        state=cluster(EDGE),
        code="cors-origin-never-matches",
        option="service.cors_policy",
        message="an origin begins with its scheme",
    ),
}
RIGHT: dict[str, Configuration] = {
    "a match for sidecars": Configuration(
        desired=mine(
            "istio-ingress/edge",
            http=[of(to("web"), {"gateways": ["mesh"], "port": 8080}, {"uri": {"prefix": "/a"}}), to("api")],
        ),
        state=cluster(EDGE),
    ),
    "a match within another one of the same route": Configuration(
        desired=mine("istio-ingress/edge", http=[of(to("web"), {"uri": {"prefix": "/"}}, {"uri": {"prefix": "/a"}})]),
        state=cluster(EDGE),
    ),
    "a route for one port before one for all": Configuration(
        desired=mine(
            "istio-ingress/both",
            http=[of(to("web"), {"port": 80}), of(to("api"), {"uri": {"prefix": "/a"}}, {"uri": {"prefix": "/b"}})],
        ),
        state=cluster(
            gateway("istio-ingress/both", http("shop.example.com"), https("shop.example.com")),
            secrets={"cert": secret("shop.example.com")},
        ),
    ),
    "matches that differ": Configuration(
        desired=mine(
            "istio-ingress/edge",
            http=[
                to("web", uri={"prefix": "/A"}),
                to("api", uri={"prefix": "/a"}, ignoreUriCase=True),
                to("web", headers={"a": {"exact": "1"}, "b": {"exact": "2"}}),
                of(to("api"), {"headers": {"a": {"exact": "1"}}}, {"uri": {"regex": "/[bc]"}}),
            ],
        ),
        state=cluster(EDGE),
    ),
    "one Service by its name and by its full host": Configuration(
        desired=mine("istio-ingress/edge", http=[to_host("web")]),
        state=cluster(EDGE, older("web.shop.svc.cluster.local")),
    ),
    "a delegate within the root's match": Configuration(
        desired=mine("istio-ingress/edge", http=[{"match": [{"uri": {"prefix": "/a"}}], "delegate": {"name": "a"}}]),
        state=cluster(EDGE, by_hand("VirtualService", "shop/a", http=[to("web", uri={"prefix": "/a/x"})])),
    ),
    "a delegate for two routes": Configuration(
        desired=mine(
            "istio-ingress/edge",
            http=[{"match": [{"uri": {"prefix": prefix}}], "delegate": {"name": "a"}} for prefix in ("/a", "/b")],
        ),
        state=cluster(
            EDGE,
            by_hand("VirtualService", "shop/a", http=DELEGATED),
        ),
    ),
    "a delegate of which it is not known who else delegates to it": Configuration(
        desired=mine("istio-ingress/edge", http=[{"match": [{"uri": {"prefix": "/a"}}], "delegate": {"name": "a"}}]),
        state=cluster(
            EDGE,
            by_hand("VirtualService", "shop/a", http=DELEGATED),
            are_all_virtual_services=False,
        ),
    ),
    "delegates where not all may be read": Configuration(
        desired=mine("istio-ingress/edge", http=[{"delegate": {"name": "a", "namespace": "far"}}]),
        state=cluster(EDGE, are_all_virtual_services=False),
    ),
    "an Ingress of Istio for another host": Configuration(
        desired=exposure(),
        state=cluster(
            by_hand("Ingress", "shop/old", rules=[{"host": "old.example.com", "http": {"paths": []}}]),
            settings=MeshSettings(ingress_selector="public"),
        ),
    ),
    "rewrites with and without slashes": Configuration(
        desired=mine(
            "istio-ingress/edge",
            http=[
                {**to("web", uri={"prefix": "/a/"}), "rewrite": {"uri": "/"}},
                {**to("web", uri={"prefix": "/b"}), "rewrite": {"uri": "/x"}},
                {**to("web", uri={"exact": "/c"}), "rewrite": {"uri": "/"}},
            ],
        ),
        state=cluster(EDGE),
    ),
    "origins as browsers send them": Configuration(
        desired=mine(
            "istio-ingress/edge",
            http=[
                {
                    **to("web"),
                    "corsPolicy": {
                        "allowOrigins": [
                            {"exact": "https://app.example.com"},
                            {"exact": "http://localhost:3000"},
                            {"exact": "*"},
                            {"exact": "null"},
                            {"prefix": "https://app."},
                            {"regex": r"https://.*\.example\.com"},
                        ]
                    },
                }
            ],
        ),
        state=cluster(EDGE),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_found(mistake: Mistake) -> None:
    check_mistake(mistake)


@pytest.mark.parametrize("right", RIGHT.values(), ids=RIGHT)
def test_what_is_right_is_not_blamed(right: Configuration) -> None:
    assert [str(finding) for finding in find(right.desired, right.state)] == []
