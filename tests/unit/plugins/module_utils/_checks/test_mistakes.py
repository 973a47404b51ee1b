# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong, and what the checks say about it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.finding import LEVELS
from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import findings
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.cluster_state import Surroundings
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.tls_secret import Credential
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from support.builders import (
    PODS,
    PUBLIC,
    around,
    exposure,
    found_in_a_list,
    gateway,
    http,
    https,
    live,
    passthrough,
    pod,
    secret,
    service,
    virtual_service,
)

TLS = {"credential_name": "cert"}
GOOD = {"cert": secret("shop.example.com")}
SHARED = {"existing": "istio-ingress/shared"}
WILDCARD = secret("*.example.com")
# Each mistake: the exposure, what is around it, and of the one finding: code, option, and a part of the message.
Mistake = tuple[list[Manifest], Surroundings, str, str, str]


def by_path(name: str, path: str, to_service: str, **more: Any) -> list[Manifest]:
    routes = [{"match": [{"uri": {"prefix": path}}], "destinations": [{"service": to_service, "port": 80}]}]
    return exposure(name=name, routes=routes, **more)


def exported_to(*namespaces: str) -> list[Manifest]:
    """The exposure as it is there, with an exportTo that somebody has added."""
    own = exposure()
    return live([own[0], {**own[1], "spec": {**own[1]["spec"], "exportTo": list(namespaces)}}])


HOSTS: dict[str, Mistake] = {
    "another Gateway serves the host already": (
        exposure(hosts=["www.example.com", "shop.example.com"], tls=TLS),
        around(
            gateway("old/front", https("shop.example.com", credential="old")),
            secrets={"cert": secret("shop.example.com", "www.example.com"), "old": secret("shop.example.com")},
        ),
        "host-served-twice",
        "hosts[1]",
        (
            "Gateway old/front, servers[0] already serves shop.example.com at port 443 of the same gateway; istiod "
            "keeps the older one and drops the whole server of Gateway shop/shop, servers[0], so www.example.com, "
            "shop.example.com would not be served by it."
        ),
    ),
    "the older Gateway takes a newer one's host": (
        exposure(hosts=["shop.example.com", "blog.example.com"], tls=TLS),
        around(
            *live(exposure(tls=TLS)),
            gateway("blog/blog", https("blog.example.com", credential="blog"), created=5),
            secrets={"cert": secret("shop.example.com", "blog.example.com"), "blog": secret("blog.example.com")},
        ),
        "host-served-twice",
        "hosts[1]",
        "this exposure's Gateway is the older one of two that want the same: Gateway shop/shop, servers[0] already",
    ),
    "two ports of the Service lead to one port of the pods": (
        exposure(gateway={"selector": PUBLIC, "https_port": 8443}, tls=TLS),
        around(
            service(
                f"{PODS}/ports",
                {"name": "https", "port": 443, "targetPort": 9443},
                {"name": "partners", "port": 8443, "targetPort": 9443},
                selector=PUBLIC,
            ),
            gateway("old/front", https("shop.example.com", credential="old")),
            secrets={**GOOD, "old": secret("shop.example.com")},
            public_service=False,
        ),
        "host-served-twice",
        "hosts[0]",
        "(port 9443 of its pods)",
    ),
    "HTTPS at a port of plain HTTP": (
        exposure(gateway={"selector": PUBLIC, "http_port": 8080, "https_port": 80}, tls=TLS),
        around(gateway("old/front", http("old.example.com")), secrets=GOOD),
        "port-taken",
        "gateway.https_port",
        "Gateway old/front, servers[0] already listens at port 80 of the same gateway for HTTP; istiod keeps",
    ),
    "one host, written in two ways": (
        exposure(tls=TLS),
        around(
            gateway("shop/by-hand", https("shop/shop.example.com", credential="old")),
            secrets={**GOOD, "old": secret("shop.example.com")},
        ),
        "sni-twice",
        "hosts[0]",
        "Envoy refuses the whole listener",
    ),
    "a passthrough rule for a host that another Gateway ends": (
        exposure(tls=TLS),
        around(
            gateway("old/pass", passthrough("*.example.com")),
            virtual_service(
                "old/pass",
                ["shop.example.com"],
                ["old/pass"],
                tls=[{"match": [{"sniHosts": ["shop.example.com"]}], "route": [{"destination": {"host": "db"}}]}],
            ),
            secrets=GOOD,
        ),
        "sni-twice",
        "hosts[0]",
        "VirtualService old/pass and Gateway shop/shop, servers[0] take TLS connections for 'shop.example.com'",
    ),
}
CERTIFICATES: dict[str, Mistake] = {
    "another server has the same wildcard certificate": (
        exposure(tls=TLS),
        around(gateway("old/front", https("blog.example.com")), secrets={"cert": WILDCARD}),
        "certificate-on-two-servers",
        "tls.credential_name",
        "is valid for ",
    ),
    "a wildcard's server beside one for a single name": (
        exposure(tls=TLS),
        around(
            gateway("old/all", https("*.example.com", credential="all")),
            secrets={**GOOD, "all": WILDCARD},
        ),
        "certificate-on-two-servers",
        "tls.credential_name",
        "the certificate of Gateway old/all, servers[0] (*.example.com) is valid for shop.example.com, too, which ",
    ),
    "passthrough beside a wildcard's server": (
        exposure(hosts=["vault.example.com"], tls={"mode": "passthrough"}),
        around(gateway("old/all", https("*.example.com", credential="all")), secrets={"all": WILDCARD}),
        "certificate-on-two-servers",
        "tls.credential_name",
        "is valid for vault.example.com",
    ),
    "the same Secret, which nobody may read": (
        exposure(tls=TLS),
        around(gateway("old/front", https("blog.example.com"))),
        "certificate-on-two-servers",
        "tls.credential_name",
        "404, or another back end",
    ),
    "no Secret": (
        exposure(tls=TLS),
        around(secrets={"cert": None}),
        "secret-missing",
        "tls.credential_name",
        "there is no Secret istio-ingress/cert",
    ),
    "a Secret with other keys": (
        exposure(tls=TLS),
        around(secrets={"cert": Credential(frozenset(("ca.crt", "tls.crt")))}),
        "secret-unusable",
        "tls.credential_name",
        "has not the keys tls.crt and tls.key (it has ca.crt, tls.crt)",
    ),
    "a key of another certificate": (
        exposure(tls=TLS),
        around(secrets={"cert": secret("shop.example.com", problem="tls.key is the key of another one")}),
        "secret-unusable",
        "tls.credential_name",
        "in Secret istio-ingress/cert, tls.key is the key of another one; Envoy refuses it",
    ),
    "expired": (
        exposure(tls=TLS),
        around(secrets={"cert": secret("shop.example.com", days=-1)}),
        "certificate-expired",
        "tls.credential_name",
        "was valid until 2026-10-31",
    ),
    "about to expire": (
        exposure(tls=TLS),
        around(secrets={"cert": secret("shop.example.com", days=6)}),
        "certificate-expires-soon",
        "tls.credential_name",
        "is valid until 2026-11-07 only",
    ),
    "for another host": (
        exposure(hosts=["www.example.com", "a.b.example.com"], tls=TLS),
        around(secrets={"cert": WILDCARD}),
        "host-not-in-certificate",
        "hosts[1]",
        "is for *.example.com, so clients of a.b.example.com refuse it",
    ),
}
ROUTES: dict[str, Mistake] = {
    "a host that the shared Gateway has not": (
        exposure(gateway=SHARED),
        around(gateway("istio-ingress/shared", http("blog.example.com"))),
        "host-not-on-gateway",
        "hosts[0]",
        "no server of Gateway istio-ingress/shared is for shop.example.com: it has not; requests for it get 404.",
    ),
    "a host that the shared Gateway has for another namespace": (
        exposure(gateway=SHARED),
        around(gateway("istio-ingress/shared", http("blog/shop.example.com"))),
        "host-not-on-gateway",
        "hosts[0]",
        "it has it for another namespace than shop (blog/shop.example.com)",
    ),
    "a Gateway of another namespace, by its name alone": (
        live([virtual_service("shop/shop", ["shop.example.com"], ["shared"])]),
        around(gateway("istio-ingress/shared", http("shop.example.com"))),
        "gateway-without-namespace",
        "gateway.existing",
        "names Gateway 'shared' without a namespace, so Istio looks for it in shop",
    ),
    "two exposures that take all requests": (
        exposure(),
        around(*live(exposure(name="old", service="api"))),
        "routes-shadowed",
        "hosts[0]",
        "it comes first (oldest first), so http[0] of VirtualService shop/shop never gets one.",
    ),
    "a path below an older one's": (
        by_path("shop", "/api/v2/", "api"),
        around(*live(by_path("old", "/api/", "web"))),
        "routes-shadowed",
        "hosts[0]",
        "VirtualService shop/old (http[0])",
    ),
    "an exportTo that leaves out the gateway": (
        exposure(),
        around(*exported_to(".")),
        "not-exported",
        "namespace",
        "has exportTo [.], which leaves out namespace istio-ingress",
    ),
}
GATEWAYS: dict[str, Mistake] = {
    "no pod": (
        exposure(),
        around(pods=[]),
        "no-gateway-pods",
        "gateway.selector",
        "no pod has the labels istio=public",
    ),
    "an application's pods": (
        exposure(),
        around(pod(args=["proxy", "sidecar"]), pods=[]),
        "no-gateway-pods",
        "gateway.selector",
        "are no gateways, but applications",
    ),
    "two gateways": (
        exposure(),
        around(pod(), pod("other-66-y", namespace="edge")),
        "several-gateways",
        "gateway.selector",
        "match several gateways, other in namespace edge and public in namespace istio-ingress",
    ),
    "no injection": (
        exposure(),
        around(pod(image="auto"), pods=[]),
        "gateway-not-injected",
        "gateway.selector",
        "Pod istio-ingress/public-5d-x still has the image 'auto'",
    ),
    "Gateways are for their own namespaces": (
        exposure(),
        around(scoped=True),
        "gateway-out-of-scope",
        "gateway.namespace",
        "Gateway shop/shop is only for pods of its own namespace, and the gateway's are in istio-ingress",
    ),
}
DESTINATIONS: dict[str, Mistake] = {
    "no Service": (
        exposure(service="wep"),
        around(missing=("shop/wep",)),
        "destination-missing",
        "service",
        "there is no Service shop/wep",
    ),
    "no such port": (
        exposure(port=8080),
        around(),
        "destination-port-missing",
        "service",
        "Service shop/web has no port 8080",
    ),
    "several ports, and none is given": (
        exposure(service="app", port=None),
        around(service("shop/app", {"name": "http", "port": 80}, {"name": "metrics", "port": 9000})),
        "destination-port-missing",
        "service",
        "has several ports",
    ),
    "a database's port": (
        exposure(service="db", port=27017),
        around(service("shop/db", {"name": "mongo", "port": 27017})),
        "destination-protocol",
        "service",
        "port 27017 of Service shop/db is declared as mongo",
    ),
    "the second of two routes": (
        exposure(
            routes=[
                {"match": [{"uri": {"prefix": "/api/"}}], "destinations": [{"service": "api", "port": 80}]},
                {"destinations": [{"service": "web", "port": 81}]},
            ]
        ),
        around(),
        "destination-port-missing",
        "routes[1].destinations",
        "Service shop/web has no port 81",
    ),
    "no such subset": (
        live(
            [
                virtual_service(
                    "shop/shop",
                    ["shop.example.com"],
                    ["istio-ingress/shared"],
                    http=[{"route": [{"destination": {"host": "web", "subset": "v2"}}]}],
                )
            ]
        ),
        around(gateway("istio-ingress/shared", http("shop.example.com")), destination_rules=()),
        "subset-missing",
        "service",
        "no DestinationRule for web has a subset 'v2'",
    ),
}
MISTAKES = {**HOSTS, **CERTIFICATES, **ROUTES, **GATEWAYS, **DESTINATIONS}


@pytest.mark.parametrize(("desired", "surroundings", "code", "where", "part"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_found(
    desired: list[Manifest], surroundings: Surroundings, code: str, where: str, part: str
) -> None:
    found = findings(desired, surroundings)
    assert {(finding.code, finding.where) for finding in found} == {(code, where)}
    assert any(part in finding.message for finding in found)
    assert all("\n" not in str(finding) and finding.objects and finding.fix for finding in found)
    assert found_in_a_list(desired, surroundings) == found


def test_each_check_has_a_mistake() -> None:
    assert {code for _desired, _around, code, _where, _part in MISTAKES.values()} == set(LEVELS)
