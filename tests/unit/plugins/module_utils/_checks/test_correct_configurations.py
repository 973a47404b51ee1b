# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configurations that work, as people have them: no check may say anything about them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.tls_secret import TlsSecret
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from support.builders import (
    NOW,
    PODS,
    PUBLIC,
    by_hand,
    cluster,
    exposure,
    found_in_a_list,
    gateway,
    http,
    https,
    live,
    pod,
    redirect,
    secret,
    service,
    to,
    virtual_service,
)
from support.cases import Configuration

TLS = {"credential_name": "cert"}
ISSUED = {"certificate": {"issuer": {"name": "letsencrypt"}}, "redirect": True}
SHARED = {"existing": "istio-ingress/shared"}
INTERNAL = {"istio": "internal"}
WILDCARD = {"cert": secret("*.example.com", "example.com")}
BLOG = exposure(name="blog", hosts=["blog.example.com"])


def internal_gateway() -> list[Manifest]:
    ports = ({"name": "http2", "port": 80, "targetPort": 80}, {"name": "https", "port": 443, "targetPort": 443})
    return [pod("internal-7c-y", labels=INTERNAL), service(f"{PODS}/internal", *ports, selector=INTERNAL), pod()]


def by_path(name: str, path: str, **more: Any) -> list[Manifest]:
    routes = [{"match": [{"uri": {"prefix": path}}], "destinations": [{"service": "api.shop", "port": 80}]}]
    return exposure(name=name, routes=routes, **more)


CORRECT: dict[str, Configuration] = {
    "nothing else is there": Configuration(desired=exposure(), state=cluster()),
    "HTTPS with a certificate for the host": Configuration(
        desired=exposure(tls=TLS),
        state=cluster(secrets={"cert": secret("shop.example.com")}),
    ),
    "a certificate that the exposure orders, not there yet": Configuration(
        desired=exposure(tls=ISSUED),
        state=cluster(secrets={"shop.shop": None}),
    ),
    "a certificate that the exposure orders, about to be renewed": Configuration(
        desired=exposure(tls=ISSUED),
        state=cluster(secrets={"shop.shop": secret("shop.example.com", days=1)}),
    ),
    "a certificate that the exposure orders for one more host than it has": Configuration(
        desired=exposure(tls=ISSUED, hosts=["shop.example.com", "www.shop.example.com"]),
        state=cluster(secrets={"shop.shop": secret("shop.example.com")}),
    ),
    "the second run": Configuration(
        desired=exposure(tls=TLS),
        state=cluster(*live(exposure(tls=TLS)), secrets={"cert": secret("shop.example.com")}),
    ),
    "one more host": Configuration(
        desired=exposure(hosts=["shop.example.com", "www.example.com"], tls=TLS),
        state=cluster(*live(exposure(tls=TLS)), secrets=WILDCARD),
    ),
    "a Gateway under a new name, for the same host": Configuration(
        desired=exposure(tls=TLS, gateway={"selector": PUBLIC, "name": "new"}),
        state=cluster(*live(exposure(tls=TLS)), secrets={"cert": secret("shop.example.com")}),
    ),
    "the same host on the internal gateway": Configuration(
        desired=exposure(tls=TLS),
        state=cluster(
            gateway("shop/inside", https("shop.example.com"), selector=INTERNAL),
            virtual_service("shop/inside", ["shop.example.com"], ["shop/inside"]),
            *internal_gateway(),
            secrets={"cert": secret("shop.example.com")},
        ),
    ),
    "another exposure with a certificate of its own": Configuration(
        desired=exposure(tls=ISSUED),
        state=cluster(*live(exposure(name="blog", hosts=["blog.example.com"], tls=ISSUED))),
    ),
    "apex and www in one server": Configuration(
        desired=exposure(hosts=["example.com", "www.example.com"], tls={**TLS, "redirect": True}),
        state=cluster(secrets={"cert": secret("example.com", "www.example.com")}),
    ),
    "apex and www as two exposures with certificates of their own": Configuration(
        desired=exposure(hosts=["example.com"], tls=ISSUED),
        state=cluster(*live(exposure(name="www", hosts=["www.example.com"], tls=ISSUED))),
    ),
    "a wildcard and one of its names in one server": Configuration(
        desired=exposure(hosts=["*.example.com", "example.com"], tls={**TLS, "redirect": True}),
        state=cluster(secrets=WILDCARD),
    ),
    "a wildcard's certificate that is not for the apex, beside the apex": Configuration(
        desired=exposure(hosts=["example.com"], tls=TLS),
        state=cluster(
            gateway("shop/all", https("*.example.com", credential="all")),
            secrets={"all": secret("*.example.com"), "cert": secret("example.com")},
        ),
    ),
    "a wildcard two levels up, whose certificate ends before": Configuration(
        desired=exposure(hosts=["a.dev.example.com"], tls=TLS),
        state=cluster(
            gateway("shop/all", https("*.example.com", credential="all")),
            secrets={"all": secret("*.example.com"), "cert": secret("a.dev.example.com")},
        ),
    ),
    "exposures of one wildcard certificate at a shared Gateway": Configuration(
        desired=exposure(gateway=SHARED),
        state=cluster(
            gateway("istio-ingress/shared", https("*.example.com"), redirect("*.example.com")),
            *live(exposure(name="blog", hosts=["blog.example.com"], gateway=SHARED)),
            secrets=WILDCARD,
        ),
    ),
    "paths of one host as two exposures at a shared Gateway": Configuration(
        desired=by_path("api", "/api/", gateway=SHARED, tls={"redirect": True}),
        state=cluster(
            gateway("istio-ingress/shared", https("*.example.com"), http("*.example.com")),
            *live(exposure(gateway=SHARED, tls={"redirect": True})),
        ),
    ),
    "paths of one host as two exposures over HTTP": Configuration(
        desired=by_path("api", "/api/"), state=cluster(*live(by_path("v1", "/v1/")))
    ),
    "a path, and the older exposure that takes the rest": Configuration(
        desired=by_path("api", "/api/"), state=cluster(*live(exposure()))
    ),
    "the rest, and the older exposure that takes a path": Configuration(
        desired=exposure(), state=cluster(*live(by_path("api", "/api/")))
    ),
    "the narrower path is the older one": Configuration(
        desired=by_path("api", "/api/"), state=cluster(*live(by_path("v2", "/api/v2/")))
    ),
    "a wildcard, and an older VirtualService for one of its names in the same server": Configuration(
        desired=exposure(hosts=["*.example.com"], gateway=SHARED),
        state=cluster(
            gateway("istio-ingress/shared", http("*.example.com", "a.example.com")),
            *live(exposure(name="a", hosts=["a.example.com"], gateway=SHARED, service="api")),
        ),
    ),
    "the same path for different clients": Configuration(
        desired=by_path("api", "/api/"),
        state=cluster(
            gateway("shop/beta", http("shop.example.com")),
            virtual_service(
                "shop/beta",
                ["shop.example.com"],
                ["shop/beta"],
                http=[to("web", uri={"prefix": "/api/"}, headers={"x-beta": {"exact": "1"}})],
            ),
        ),
    ),
    "delegates, which have no hosts": Configuration(
        desired=exposure(),
        state=cluster(
            virtual_service("shop/part", [], [], http=[to("api")]),
            virtual_service("shop/other", [], [], http=[to("web")]),
        ),
    ),
    "a VirtualService for the same host inside the mesh": Configuration(
        desired=exposure(),
        state=cluster(virtual_service("shop/inside", ["shop.example.com"], ["mesh"], http=[to("api")])),
    ),
    "targetPort: two ports of the Service": Configuration(
        desired=exposure(gateway={"selector": PUBLIC, "https_port": 8443}, tls=TLS),
        state=cluster(
            service(
                "istio-ingress/ports",
                {"name": "https", "port": 443, "targetPort": 9443},
                {"name": "partners", "port": 8443, "targetPort": 9444},
                selector=PUBLIC,
            ),
            gateway("shop/front", https("shop.example.com", credential="other")),
            secrets={"cert": secret("shop.example.com"), "other": secret("shop.example.com")},
            public_service=False,
        ),
    ),
    "targetPort by name": Configuration(
        desired=exposure(gateway={"selector": PUBLIC, "https_port": 8443}, tls=TLS),
        state=cluster(
            service(
                "istio-ingress/ports",
                {"name": "https", "port": 443, "targetPort": "tls"},
                {"name": "partners", "port": 8443, "targetPort": "tls-partners"},
                selector=PUBLIC,
            ),
            pod(ports=[{"name": "tls", "containerPort": 8443}, {"name": "tls-partners", "containerPort": 9443}]),
            gateway("shop/front", https("shop.example.com", credential="other")),
            secrets={"cert": secret("shop.example.com"), "other": secret("shop.example.com")},
            public_service=False,
            pods=[],
        ),
    ),
    "exportTo '.' beside the pods": Configuration(
        desired=exposure(namespace=PODS, service="web.shop"),
        state=cluster(
            *live([{**exposure(namespace=PODS)[1], "spec": {**exposure(namespace=PODS)[1]["spec"], "exportTo": ["."]}}])
        ),
    ),
    "another's VirtualService that the gateway does not get": Configuration(
        desired=exposure(gateway=SHARED),
        state=cluster(
            gateway("istio-ingress/shared", http("*")),
            virtual_service("old/shop", ["shop.example.com"], ["istio-ingress/shared"], exportTo=["."]),
        ),
    ),
    "two revisions of the gateway's Deployment": Configuration(
        desired=exposure(),
        state=cluster(pod(), pod("public-canary-66-z", revision="canary")),
    ),
    "another Gateway for the same host, for another revision": Configuration(
        desired=exposure(tls=TLS),
        state=cluster(
            gateway("shop/next", https("shop.example.com"), labels={"istio.io/rev": "canary"}),
            secrets={"cert": secret("shop.example.com")},
        ),
    ),
    "redirect servers of two Gateways for the same host": Configuration(
        desired=exposure(hosts=["*.example.com"], tls={**TLS, "redirect": True}),
        state=cluster(gateway("shop/redirect", redirect("*.example.com")), secrets=WILDCARD),
    ),
    "passthrough beside terminated, with different hosts": Configuration(
        desired=exposure(hosts=["vault.example.com"], tls={"mode": "passthrough"}),
        state=cluster(
            gateway("shop/front", https("shop.example.com")),
            virtual_service("shop/front", ["shop.example.com"], ["shop/front"]),
            secrets={"cert": secret("shop.example.com")},
        ),
    ),
    "two exposures with passthrough": Configuration(
        desired=exposure(hosts=["vault.example.com"], tls={"mode": "passthrough", "redirect": True}),
        state=cluster(
            *live(exposure(name="db", hosts=["db.example.com"], tls={"mode": "passthrough", "redirect": True}))
        ),
    ),
    "hosts of one's own namespace at a shared Gateway": Configuration(
        desired=exposure(gateway=SHARED),
        state=cluster(gateway("istio-ingress/shared", http("shop/shop.example.com", "blog/blog.example.com"))),
    ),
    "a shared Gateway for all namespaces": Configuration(
        desired=exposure(gateway=SHARED),
        state=cluster(gateway("istio-ingress/shared", http("*/shop.example.com"))),
    ),
    "a Gateway object in another namespace than the exposure": Configuration(
        desired=exposure(gateway={"selector": PUBLIC, "namespace": PODS, "name": "shop"}),
        state=cluster(scoped=True),
    ),
    "Gateways for their own namespaces only, the same host in another one": Configuration(
        desired=exposure(gateway={"selector": PUBLIC, "namespace": PODS, "name": "shop"}, tls=TLS),
        state=cluster(
            gateway("other/shop", https("shop.example.com")), scoped=True, secrets={"cert": secret("shop.example.com")}
        ),
    ),
    "HTTP and HTTPS for the same host by different Gateways": Configuration(
        desired=exposure(tls=TLS),
        state=cluster(gateway("shop/plain", http("shop.example.com")), secrets={"cert": secret("shop.example.com")}),
    ),
    "HTTPS at two ports": Configuration(
        desired=exposure(gateway={"selector": PUBLIC, "https_port": 8443}, tls=TLS),
        state=cluster(
            service(
                f"{PODS}/ports",
                *({"name": f"p{port}", "port": port, "targetPort": port} for port in (80, 443, 8443)),
                selector=PUBLIC,
            ),
            gateway("shop/front", https("shop.example.com")),
            secrets={"cert": secret("shop.example.com")},
            public_service=False,
        ),
    ),
    "a Secret with Istio's older keys": Configuration(
        desired=exposure(tls=TLS),
        state=cluster(
            secrets={"cert": TlsSecret(frozenset(("cert", "key", "cacert")), ("shop.example.com",), None, "1", True)}
        ),
    ),
    "a certificate that nobody can read here": Configuration(desired=exposure(tls=TLS), state=cluster()),
    "pods that nobody can list here": Configuration(desired=exposure(), state=cluster(pods=[], pods_are_known=False)),
    "a destination outside Kubernetes": Configuration(
        desired=exposure(routes=[{"destinations": [{"host": "api.example.net", "port": 443}]}]),
        state=cluster(
            by_hand(
                "ServiceEntry",
                "shop/api",
                hosts=["api.example.net"],
                ports=[{"number": 443, "name": "http", "protocol": "HTTP"}],
                resolution="DNS",
            )
        ),
    ),
    "a Service's only port": Configuration(desired=exposure(port=None), state=cluster()),
    "ports whose protocol istiod finds out": Configuration(
        desired=exposure(service="app", port=3000),
        state=cluster(service("shop/app", {"port": 3000}, {"name": "grpc-api", "port": 9000})),
    ),
    "a subset that is there": Configuration(
        desired=[
            exposure(gateway=SHARED)[0]
            | {
                "spec": {
                    "hosts": ["shop.example.com"],
                    "gateways": ["istio-ingress/shared"],
                    "http": [{"route": [{"destination": {"host": "web", "subset": "v2"}}]}],
                }
            }
        ],
        state=cluster(
            gateway("istio-ingress/shared", http("*.example.com")),
            destination_rules=(
                {
                    "kind": "DestinationRule",
                    "metadata": {"name": "web", "namespace": "shop"},
                    "spec": {"host": "web", "subsets": [{"name": "v1"}, {"name": "v2"}]},
                },
            ),
        ),
    ),
}


@pytest.mark.parametrize("correct", CORRECT.values(), ids=CORRECT)
def test_what_is_correct_raises_no_finding(correct: Configuration) -> None:
    assert [str(finding) for finding in find(correct.desired, correct.state)] == []
    assert found_in_a_list(correct.desired, correct.state) == []


def test_there_are_enough_of_them() -> None:
    assert len(CORRECT) >= 30
    assert all(correct.state.now == NOW for correct in CORRECT.values())
