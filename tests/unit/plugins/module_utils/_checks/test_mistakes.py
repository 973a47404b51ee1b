# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong, and what the checks say about it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._istio.tls_secret import TlsSecret
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from support.builders import (
    PODS,
    PUBLIC,
    cluster,
    exposure,
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
from support.cases import Mistake, check_mistake

TLS = {"credential_name": "cert"}
GOOD = {"cert": secret("shop.example.com")}
SHARED = {"existing": "istio-ingress/shared"}
WILDCARD = secret("*.example.com")


def by_path(name: str, path: str, to_service: str, **more: Any) -> list[Manifest]:
    routes = [{"match": [{"uri": {"prefix": path}}], "destinations": [{"service": to_service, "port": 80}]}]
    return exposure(name=name, routes=routes, **more)


def exported_to(*namespaces: str) -> list[Manifest]:
    """The exposure as it is there, with an exportTo that somebody has added."""
    own = exposure()
    return live([own[0], {**own[1], "spec": {**own[1]["spec"], "exportTo": list(namespaces)}}])


HOSTS: dict[str, Mistake] = {
    "another Gateway serves the host already": Mistake(
        desired=exposure(hosts=["www.example.com", "shop.example.com"], tls=TLS),
        state=cluster(
            gateway("old/front", https("shop.example.com", credential="old")),
            secrets={"cert": secret("shop.example.com", "www.example.com"), "old": secret("shop.example.com")},
        ),
        code="host-served-twice",
        option="hosts[1]",
        message=(
            "Gateway old/front, servers[0] already serves shop.example.com at port 443 of the same gateway; istiod "
            "keeps the older one and drops the whole server of Gateway shop/shop, servers[0], so www.example.com, "
            "shop.example.com would not be served by it."
        ),
    ),
    "the older Gateway takes a newer one's host": Mistake(
        desired=exposure(hosts=["shop.example.com", "blog.example.com"], tls=TLS),
        state=cluster(
            *live(exposure(tls=TLS)),
            gateway("blog/blog", https("blog.example.com", credential="blog"), created=5),
            secrets={"cert": secret("shop.example.com", "blog.example.com"), "blog": secret("blog.example.com")},
        ),
        code="host-served-twice",
        option="hosts[1]",
        message=(
            "this exposure's Gateway is the older one of two that want the same: Gateway shop/shop, servers[0] already"
        ),
    ),
    "two ports of the Service lead to one port of the pods": Mistake(
        desired=exposure(gateway={"selector": PUBLIC, "https_port": 8443}, tls=TLS),
        state=cluster(
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
        code="host-served-twice",
        option="hosts[0]",
        message="(port 9443 of its pods)",
    ),
    "HTTPS at a port of plain HTTP": Mistake(
        desired=exposure(gateway={"selector": PUBLIC, "http_port": 8080, "https_port": 80}, tls=TLS),
        state=cluster(gateway("old/front", http("old.example.com")), secrets=GOOD),
        code="port-taken",
        option="gateway.https_port",
        message="Gateway old/front, servers[0] already listens at port 80 of the same gateway for HTTP; istiod keeps",
    ),
    "one host, written in two ways": Mistake(
        desired=exposure(tls=TLS),
        state=cluster(
            gateway("shop/by-hand", https("shop/shop.example.com", credential="old")),
            secrets={**GOOD, "old": secret("shop.example.com")},
        ),
        code="sni-twice",
        option="hosts[0]",
        message="Envoy refuses the whole listener",
    ),
    "a passthrough rule for a host that another Gateway ends": Mistake(
        desired=exposure(tls=TLS),
        state=cluster(
            gateway("old/pass", passthrough("*.example.com")),
            virtual_service(
                "old/pass",
                ["shop.example.com"],
                ["old/pass"],
                tls=[{"match": [{"sniHosts": ["shop.example.com"]}], "route": [{"destination": {"host": "db"}}]}],
            ),
            secrets=GOOD,
        ),
        code="sni-twice",
        option="hosts[0]",
        message="VirtualService old/pass and Gateway shop/shop, servers[0] take TLS connections for 'shop.example.com'",
    ),
}
CERTIFICATES: dict[str, Mistake] = {
    "another server has the same wildcard certificate": Mistake(
        desired=exposure(tls=TLS),
        state=cluster(gateway("old/front", https("blog.example.com")), secrets={"cert": WILDCARD}),
        code="certificate-on-two-servers",
        option="tls.credential_name",
        message="is valid for ",
    ),
    "a wildcard's server beside one for a single name": Mistake(
        desired=exposure(tls=TLS),
        state=cluster(
            gateway("old/all", https("*.example.com", credential="all")),
            secrets={**GOOD, "all": WILDCARD},
        ),
        code="certificate-on-two-servers",
        option="tls.credential_name",
        message=(
            "the certificate of Gateway old/all, servers[0] (*.example.com) is valid for shop.example.com, too, which "
        ),
    ),
    "passthrough beside a wildcard's server": Mistake(
        desired=exposure(hosts=["vault.example.com"], tls={"mode": "passthrough"}),
        state=cluster(gateway("old/all", https("*.example.com", credential="all")), secrets={"all": WILDCARD}),
        code="certificate-on-two-servers",
        option="tls.credential_name",
        message="is valid for vault.example.com",
    ),
    "the same Secret, which nobody may read": Mistake(
        desired=exposure(tls=TLS),
        state=cluster(gateway("old/front", https("blog.example.com"))),
        code="certificate-on-two-servers",
        option="tls.credential_name",
        message="404, or another back end",
    ),
    "no Secret": Mistake(
        desired=exposure(tls=TLS),
        state=cluster(secrets={"cert": None}),
        code="secret-missing",
        option="tls.credential_name",
        message="Secret istio-ingress/cert does not exist",
    ),
    "a Secret with other keys": Mistake(
        desired=exposure(tls=TLS),
        state=cluster(secrets={"cert": TlsSecret(frozenset(("ca.crt", "tls.crt")))}),
        code="secret-unusable",
        option="tls.credential_name",
        message="lacks the keys tls.crt and tls.key (its keys: ca.crt, tls.crt)",
    ),
    "a key of another certificate": Mistake(
        desired=exposure(tls=TLS),
        state=cluster(secrets={"cert": secret("shop.example.com", problem="tls.key is the key of another one")}),
        code="secret-unusable",
        option="tls.credential_name",
        message="in Secret istio-ingress/cert, tls.key is the key of another one; Envoy refuses it",
    ),
    "expired": Mistake(
        desired=exposure(tls=TLS),
        state=cluster(secrets={"cert": secret("shop.example.com", days=-1)}),
        code="certificate-expired",
        option="tls.credential_name",
        message="has expired (valid until 2026-10-31)",
    ),
    "about to expire": Mistake(
        desired=exposure(tls=TLS),
        state=cluster(secrets={"cert": secret("shop.example.com", days=6)}),
        code="certificate-expires-soon",
        option="tls.credential_name",
        message="expires soon (valid until 2026-11-07)",
    ),
    "for another host": Mistake(
        desired=exposure(hosts=["www.example.com", "a.b.example.com"], tls=TLS),
        state=cluster(secrets={"cert": WILDCARD}),
        code="host-not-in-certificate",
        option="hosts[1]",
        message="is for *.example.com, so clients of a.b.example.com refuse it",
    ),
}
ROUTES: dict[str, Mistake] = {
    "a host that the shared Gateway has not": Mistake(
        desired=exposure(gateway=SHARED),
        state=cluster(gateway("istio-ingress/shared", http("blog.example.com"))),
        code="host-not-on-gateway",
        option="hosts[0]",
        message=(
            "no server of Gateway istio-ingress/shared has the host shop.example.com, so requests for it get 404."
        ),
    ),
    "a host that the shared Gateway has for another namespace": Mistake(
        desired=exposure(gateway=SHARED),
        state=cluster(gateway("istio-ingress/shared", http("blog/shop.example.com"))),
        code="host-not-on-gateway",
        option="hosts[0]",
        message="it is reserved for another namespace than shop (blog/shop.example.com)",
    ),
    "a Gateway of another namespace, by its name alone": Mistake(
        desired=live([virtual_service("shop/shop", ["shop.example.com"], ["shared"])]),
        state=cluster(gateway("istio-ingress/shared", http("shop.example.com"))),
        code="gateway-without-namespace",
        option="gateway.existing",
        message="names Gateway 'shared' without a namespace, so Istio looks for it in shop",
    ),
    "two exposures that take all requests": Mistake(
        desired=exposure(),
        state=cluster(*live(exposure(name="old", service="api"))),
        code="routes-shadowed",
        option="hosts[0]",
        message="it comes first (oldest first), so http[0] of VirtualService shop/shop never gets one.",
    ),
    "a path below an older one's": Mistake(
        desired=by_path("shop", "/api/v2/", "api"),
        state=cluster(*live(by_path("old", "/api/", "web"))),
        code="routes-shadowed",
        option="hosts[0]",
        message="VirtualService shop/old (http[0])",
    ),
    "a name of an older wildcard at one Gateway": Mistake(
        desired=exposure(gateway=SHARED),
        state=cluster(
            gateway("istio-ingress/shared", http("*.example.com", "shop.example.com")),
            *live(exposure(name="all", hosts=["*.example.com"], gateway=SHARED, service="api")),
        ),
        code="routes-shadowed",
        option="hosts[0]",
        message="VirtualService shop/all (http[0]) already takes these requests for shop.example.com at the same",
    ),
    "an exportTo that leaves out the gateway": Mistake(
        desired=exposure(),
        state=cluster(*exported_to(".")),
        code="not-exported",
        option="export_to",
        message="has exportTo [.], which leaves out namespace istio-ingress",
    ),
}
GATEWAYS: dict[str, Mistake] = {
    "no pod": Mistake(
        desired=exposure(),
        state=cluster(pods=[]),
        code="no-gateway-pods",
        option="gateway.selector",
        message="no pod has the labels istio=public",
    ),
    "an application's pods": Mistake(
        desired=exposure(),
        state=cluster(pod(args=["proxy", "sidecar"]), pods=[]),
        code="no-gateway-pods",
        option="gateway.selector",
        message="are not gateways, but applications",
    ),
    "two gateways": Mistake(
        desired=exposure(),
        state=cluster(pod(), pod("other-66-y", namespace="edge"), service("edge/other", selector=PUBLIC)),
        code="several-gateways",
        option="gateway.selector",
        message="match several gateways, other in namespace edge and public in namespace istio-ingress",
    ),
    "no injection": Mistake(
        desired=exposure(),
        state=cluster(pod(image="auto"), pods=[]),
        code="gateway-not-injected",
        option="gateway.selector",
        message="Pod istio-ingress/public-5d-x still has the image 'auto'",
    ),
    "Gateways are for their own namespaces": Mistake(
        desired=exposure(),
        state=cluster(scoped=True),
        code="gateway-out-of-scope",
        option="gateway.namespace",
        message="Gateway shop/shop is only for pods of its own namespace, and the gateway's are in istio-ingress",
    ),
}
DESTINATIONS: dict[str, Mistake] = {
    "no Service": Mistake(
        desired=exposure(service="wep"),
        state=cluster(missing=("shop/wep",)),
        code="destination-missing",
        option="service",
        message="Service shop/wep does not exist",
    ),
    "no such port": Mistake(
        desired=exposure(port=8080),
        state=cluster(),
        code="destination-port-missing",
        option="service",
        message="Service shop/web does not have port 8080",
    ),
    "several ports, and none is given": Mistake(
        desired=exposure(service="app", port=None),
        state=cluster(service("shop/app", {"name": "http", "port": 8080}, {"name": "metrics", "port": 9000})),
        code="destination-port-missing",
        option="service",
        message="has several ports",
    ),
    "a database's port": Mistake(
        desired=exposure(service="db", port=27017),
        state=cluster(service("shop/db", {"name": "mongo", "port": 27017})),
        code="destination-protocol",
        option="service",
        message="port 27017 of Service shop/db is declared as mongo",
    ),
    "the second of two routes": Mistake(
        desired=exposure(
            routes=[
                {"match": [{"uri": {"prefix": "/api/"}}], "destinations": [{"service": "api", "port": 80}]},
                {"destinations": [{"service": "web", "port": 81}]},
            ]
        ),
        state=cluster(),
        code="destination-port-missing",
        option="routes[1].destinations",
        message="Service shop/web does not have port 81",
    ),
    "no such subset": Mistake(
        desired=live(
            [
                virtual_service(
                    "shop/shop",
                    ["shop.example.com"],
                    ["istio-ingress/shared"],
                    http=[{"route": [{"destination": {"host": "web", "subset": "v2"}}]}],
                )
            ]
        ),
        state=cluster(gateway("istio-ingress/shared", http("shop.example.com")), destination_rules=()),
        code="subset-missing",
        option="service",
        message="no DestinationRule for web.shop.svc.cluster.local has a subset 'v2'",
    ),
}
MISTAKES = {**HOSTS, **CERTIFICATES, **ROUTES, **GATEWAYS, **DESTINATIONS}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_found(mistake: Mistake) -> None:
    check_mistake(mistake)
