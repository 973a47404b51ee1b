# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes in how VirtualServices and Gateways fit together, those of others included; and what only looks like one."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.tls_secret import TlsSecret
from ansible_collections.gatehouse.istio.plugins.module_utils._mesh.settings import MeshSettings
from support.builders import (
    PAIR,
    PODS,
    PUBLIC,
    cluster,
    exposure,
    gateway,
    http,
    https,
    live,
    mine,
    passthrough,
    pod,
    secret,
    service,
    to,
)
from support.cases import Configuration, Mistake, check_mistake

SHARED = {"existing": "istio-ingress/shared"}
EDGE = gateway("istio-ingress/edge", http("*.example.com"))
TLS = {"credential_name": "cert"}
GOOD = {"cert": secret("shop.example.com")}


def mutual(*hosts: str, **tls: Any) -> dict[str, Any]:
    return {**https(*hosts), "tls": {"mode": "MUTUAL", "credentialName": "cert", **tls}}


def tls_route(*names: str) -> list[dict[str, Any]]:
    destination = {"host": "web", "port": {"number": 80}}
    return [{"match": [{"sniHosts": list(names)}], "route": [{"destination": destination}]}]


MISTAKES: dict[str, Mistake] = {
    "no such Gateway": Mistake(
        desired=mine("istio-ingress/nope"),
        state=cluster(EDGE),
        code="gateway-missing",
        option="gateway.existing",
        message="names Gateway istio-ingress/nope, which does not exist",
    ),
    "one of two Gateways is missing": Mistake(
        desired=mine("istio-ingress/edge", "nope.istio-ingress.svc.cluster.local"),
        state=cluster(EDGE),
        code="gateway-missing",
        option="gateway.existing",
        message="names Gateway istio-ingress/nope, which does not exist",
    ),
    "a Gateway that only a match names is missing": Mistake(
        desired=mine("istio-ingress/edge", http=[to("api", uri={"exact": "/x"}, gateways=["./nope"]), to("web")]),
        state=cluster(EDGE),
        code="gateway-missing",
        option="gateway.existing",
        message="names Gateway shop/nope",
    ),
    "a host that is not the mesh's, on no Gateway": Mistake(
        desired=mine("mesh", "istio-ingress/edge", hosts=("web", "shop.example.net")),
        state=cluster(EDGE),
        code="host-not-on-gateway",
        option="hosts[1]",
        message="has the host shop.example.net",
    ),
    "hosts with which istiod ends": Mistake(
        desired=exposure(gateway={"existing": "istio-ingress/shared"}),
        state=cluster(gateway("istio-ingress/shared", http("*/*", "shop/a.example.com", "./b.example.com"))),
        code="gateway-ends-istiod",
        option="gateway.existing",
        message="Gateway istio-ingress/shared has the host ./b.example.com after */*, with which istiod ends",
    ),
    "hosts of another Gateway with which istiod ends": Mistake(
        desired=exposure(),
        state=cluster(gateway("old/front", http("*/*", "*/a.example.com"))),
        code="gateway-ends-istiod",
        option="gateway.existing",
        message="Gateway old/front has the host */a.example.com after */*",
    ),
    "a host in other letters": Mistake(
        desired=exposure(gateway=SHARED),
        state=cluster(gateway("istio-ingress/shared", http("Shop.example.com"))),
        code="host-not-on-gateway",
        option="hosts[0]",
        message="has the host shop.example.com; Istio takes Shop.example.com for another one, as its letters differ",
    ),
    "a host without a dot": Mistake(
        desired=mine("istio-ingress/all", hosts=("intranet",)),
        state=cluster(gateway("istio-ingress/all", http("*"))),
        code="host-without-domain",
        option="hosts[0]",
        message="which Istio completes to intranet.shop.svc.cluster.local; requests for http://intranet/ get 404",
    ),
    "the Gateway that it attaches to takes a host from another one": Mistake(
        desired=exposure(gateway=SHARED),
        state=cluster(
            gateway("istio-ingress/shared", https("shop.example.com")),
            gateway("old/front", https("shop.example.com", credential="old"), created=5),
            secrets={**GOOD, "old": secret("shop.example.com")},
        ),
        code="host-served-twice",
        option="hosts[0]",
        message="Gateway istio-ingress/shared, servers[0] already serves shop.example.com",
    ),
    "the mesh's default for exportTo": Mistake(
        desired=exposure(),
        state=cluster(settings=MeshSettings(virtual_services_for=(".",))),
        code="not-exported",
        option="export_to",
        message="has no exportTo, for which the mesh's defaultVirtualServiceExportTo says [.]",
    ),
    "a namespace that istiod does not look into": Mistake(
        desired=exposure(service="api.far"),
        state=cluster(
            service("far/api"),
            settings=MeshSettings(discovery_selectors=({"matchLabels": {"mesh": "on"}},)),
            namespace_labels={"shop": {"mesh": "off"}},
        ),
        code="not-discovered",
        option="namespace",
        message="leave out namespace shop",
    ),
    "routes for HTTP at a server that hands TLS on": Mistake(
        desired=exposure(gateway=SHARED),
        state=cluster(gateway("istio-ingress/shared", passthrough("shop.example.com"))),
        code="no-route-for-host",
        option="hosts[0]",
        message="hands TLS on (PASSTHROUGH), so it uses tls routes, and VirtualService shop/shop has only http routes",
    ),
    "routes for TLS at a server that ends it": Mistake(
        desired=exposure(gateway=SHARED, tls={"mode": "passthrough"}),
        state=cluster(gateway("istio-ingress/shared", https("shop.example.com")), secrets=GOOD),
        code="no-route-for-host",
        option="hosts[0]",
        message="requests get 404 for shop.example.com",
    ),
    "routes for HTTP at a server for TCP": Mistake(
        desired=exposure(gateway=SHARED),
        state=cluster(gateway("istio-ingress/shared", {**http("*"), "port": {"number": 80, "protocol": "TCP"}})),
        code="no-route-for-host",
        option="hosts[0]",
        message="so it uses tcp routes",
    ),
    "all routes are for another port": Mistake(
        desired=mine("istio-ingress/edge", http=[to("web", port=8080)]),
        state=cluster(EDGE),
        code="no-route-for-host",
        option="hosts[0]",
        message="has such routes only for other ports or Gateways",
    ),
    "one of two routes is for another port": Mistake(
        desired=mine("istio-ingress/edge", http=[to("api", port=8080), to("web")]),
        state=cluster(EDGE),
        code="route-unused",
        option="routes[0]",
        message="http[0] of VirtualService shop/shop is never used",
    ),
    "a redirect at a Gateway without a server for HTTP": Mistake(
        desired=exposure(gateway=SHARED, tls={"redirect": True}),
        state=cluster(gateway("istio-ingress/shared", https("shop.example.com")), secrets=GOOD),
        code="route-unused",
        option="service",
        message="only at 443",
    ),
    "a wider route comes first": Mistake(
        desired=mine(
            "istio-ingress/edge",
            http=[to("web", uri={"prefix": "/user"}), to("api", uri={"prefix": "/user-ext"})],
        ),
        state=cluster(EDGE),
        code="route-behind-wider",
        option="routes[1]",
        message="http[0] of VirtualService shop/shop comes first, and takes all requests that http[1] is for",
    ),
    "a route for all requests comes first": Mistake(
        desired=mine("istio-ingress/edge", http=[to("web", uri={"prefix": "/"}), to("api", uri={"exact": "/x"})]),
        state=cluster(EDGE),
        code="route-behind-wider",
        option="routes[1]",
        message="which never gets one",
    ),
    "hosts that differ in case, on two Gateways": Mistake(
        desired=[gateway("shop/shop", https("Shop.example.com", credential="other"), created=5)],
        state=cluster(
            gateway("old/front", https("shop.example.com")), secrets={**GOOD, "other": secret("shop.example.com")}
        ),
        code="sni-twice",
        option="hosts",
        message="take TLS connections for 'shop.example.com'",
    ),
    "the Gateway to attach to is dropped": Mistake(
        desired=exposure(gateway=SHARED),
        state=cluster(
            gateway("old/front", https("shop.example.com", credential="old")),
            gateway("istio-ingress/shared", https("blog.example.com", "shop.example.com"), created=5),
            secrets={"old": secret("shop.example.com"), "cert": secret("shop.example.com", "blog.example.com")},
        ),
        code="host-served-twice",
        option="hosts[0]",
        message="Gateway old/front, servers[0] already serves shop.example.com",
    ),
    "the Gateway to attach to has no certificate": Mistake(
        desired=exposure(gateway=SHARED),
        state=cluster(gateway("istio-ingress/shared", https("*.example.com")), secrets={"cert": None}),
        code="secret-missing",
        option="tls.credential_name",
        message="Secret istio-ingress/cert does not exist",
    ),
    "no CA for clients' certificates": Mistake(
        desired=exposure(gateway=SHARED),
        state=cluster(
            gateway("istio-ingress/shared", mutual("shop.example.com")),
            secrets={**GOOD, "cert-cacert": None},
        ),
        code="client-ca-missing",
        option="tls.client_ca",
        message="which Envoy checks with the CA in Secret istio-ingress/cert-cacert, which does not exist",
    ),
    "cert-manager's own CA instead of the clients'": Mistake(
        desired=exposure(tls={"mode": "mutual", "certificate": {"issuer": {"name": "letsencrypt"}}}),
        state=cluster(secrets={"shop.shop": TlsSecret(PAIR | {"ca.crt"}), "shop.shop-cacert": None}),
        code="client-ca-missing",
        option="tls.client_ca",
        message="(Istio would trust the issuer of the server's own certificate instead)",
    ),
    "a CA under another key": Mistake(
        desired=exposure(tls={"mode": "mutual", "credential_name": "cert"}),
        state=cluster(secrets={**GOOD, "cert-cacert": TlsSecret(PAIR)}),
        code="client-ca-missing",
        option="tls.client_ca",
        message="which lacks the key ca.crt (its keys: tls.crt, tls.key)",
    ),
    "a CA that is none": Mistake(
        desired=exposure(gateway=SHARED),
        state=cluster(
            gateway("istio-ingress/shared", mutual("shop.example.com", caCertCredentialName="ca")),
            secrets={**GOOD, "ca": TlsSecret(frozenset(("ca.crt",)), ca_problem="ca.crt is not a certificate")},
        ),
        code="client-ca-missing",
        option="tls.client_ca",
        message="Secret istio-ingress/ca, whose ca.crt is not a certificate",
    ),
    "a port that the gateway's Service lacks": Mistake(
        desired=exposure(gateway={"selector": PUBLIC, "http_port": 8080}),
        state=cluster(),
        code="gateway-port-closed",
        option="gateway.http_port",
        message="Service istio-ingress/public, through which clients reach the gateway, has no port 8080 (its",
    ),
    "a Service that selects other pods": Mistake(
        desired=exposure(gateway={"selector": PUBLIC}, tls=TLS, hosts=["shop.example.com"]),
        state=cluster(service(f"{PODS}/public", selector={"istio": "pubic"}), secrets=GOOD, public_service=False),
        code="gateway-port-closed",
        option="gateway.selector",
        message=(
            "no Service in the namespace of the gateway's pods (istio-ingress/public-5d-x) selects them, so nobody can "
            "connect to Gateway shop/shop."
        ),
    ),
    "a load balancer that ends TLS": Mistake(
        desired=exposure(gateway=SHARED),
        state=cluster(
            gateway("istio-ingress/shared", http("*"), https("shop.example.com")),
            {
                **service(
                    f"{PODS}/lb",
                    {"name": "http", "port": 80, "targetPort": 80},
                    {"name": "https", "port": 443, "targetPort": 443},
                    selector=PUBLIC,
                ),
                "metadata": {
                    "name": "lb",
                    "namespace": PODS,
                    "annotations": {
                        "service.beta.kubernetes.io/aws-load-balancer-ssl-cert": "arn",
                        "service.beta.kubernetes.io/aws-load-balancer-ssl-ports": "https",
                    },
                },
            },
            secrets=GOOD,
            public_service=False,
        ),
        code="load-balancer-ends-tls",
        option="tls",
        message="ends TLS at port 443 (annotation service.beta.kubernetes.io/aws-load-balancer-ssl-cert), so",
    ),
}
RIGHT: dict[str, Configuration] = {
    "one host in place of all": Configuration(
        desired=exposure(hosts=["a.example.com", "b.example.com"]),
        state=cluster(*live(exposure(hosts=["*"]))),
    ),
    "Gateways in all forms of their names": Configuration(
        desired=mine("edge.istio-ingress.svc.cluster.local", "edge.istio-ingress", "./own"),
        state=cluster(EDGE, gateway("shop/own", http("shop.example.com", port=443))),
    ),
    "a Service's name beside the mesh": Configuration(
        desired=mine("mesh", "istio-ingress/edge", hosts=("web", "shop.example.com")), state=cluster(EDGE)
    ),
    "a Gateway that may not be read": Configuration(
        desired=mine("far/edge"), state=cluster(EDGE, unknown_gateways=["far/edge"])
    ),
    "HTTP and passthrough by one VirtualService": Configuration(
        desired=mine("istio-ingress/both", http=[to("web")], tls=tls_route("shop.example.com")),
        state=cluster(gateway("istio-ingress/both", http("*.example.com"), passthrough("*.example.com"))),
    ),
    "the narrower route comes first": Configuration(
        desired=mine("istio-ingress/edge", http=[to("api", uri={"prefix": "/api/"}), to("web", uri={"prefix": "/"})]),
        state=cluster(EDGE),
    ),
    "two matches of one route, one within the other": Configuration(
        desired=mine(
            "istio-ingress/edge",
            http=[{**to("web"), "match": [{"uri": {"prefix": "/a"}}, {"uri": {"prefix": "/a/b"}}]}, to("api")],
        ),
        state=cluster(EDGE),
    ),
    "a route behind a redirect that is for one port": Configuration(
        desired=mine(
            "istio-ingress/both",
            http=[{"match": [{"port": 80}], "redirect": {"scheme": "https"}}, to("web", uri={"prefix": "/api"})],
        ),
        state=cluster(gateway("istio-ingress/both", http("*.example.com"), https("shop.example.com")), secrets=GOOD),
    ),
    "a dropped server of a Gateway, for other hosts than mine": Configuration(
        desired=exposure(gateway=SHARED),
        state=cluster(
            gateway("old/front", https("blog.example.com", credential="old")),
            gateway("istio-ingress/shared", http("shop.example.com"), https("blog.example.com"), created=5),
            secrets={"old": secret("blog.example.com"), "cert": secret("blog.example.com")},
        ),
    ),
    "the CA in the server's own Secret": Configuration(
        desired=exposure(tls={"mode": "mutual", "credential_name": "cert"}),
        state=cluster(
            secrets={
                "cert": TlsSecret(PAIR | {"ca.crt"}, ("shop.example.com",), None, "1", True),
                "cert-cacert": None,
            }
        ),
    ),
    "pods on the network of their nodes, without a Service": Configuration(
        desired=exposure(), state=cluster(pod(spec={"hostNetwork": True}), public_service=False)
    ),
    "pods with a port of their nodes, without a Service": Configuration(
        desired=exposure(),
        state=cluster(pod(ports=[{"containerPort": 80, "hostPort": 80}]), public_service=False),
    ),
    "Services that may not be read": Configuration(
        desired=exposure(), state=cluster(public_service=False, gateway_services_are_known=False)
    ),
    "hosts with which istiod does not end": Configuration(
        desired=exposure(gateway=SHARED),
        state=cluster(
            gateway(
                "istio-ingress/shared",
                http("./shop.example.com", "*/*", "shop.example.com", "shop/shop.example.com", "*/*", "*"),
            )
        ),
    ),
    "a Service with other numbers than the pods": Configuration(
        desired=exposure(gateway={"selector": PUBLIC, "http_port": 8080}),
        state=cluster(
            service(f"{PODS}/lb", {"name": "http", "port": 80, "targetPort": 8080}, selector=PUBLIC),
            public_service=False,
        ),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_found(mistake: Mistake) -> None:
    check_mistake(mistake)


@pytest.mark.parametrize("right", RIGHT.values(), ids=RIGHT)
def test_what_is_right_is_not_blamed(right: Configuration) -> None:
    assert [str(finding) for finding in find(right.desired, right.state)] == []
