# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes in destinations and certificates' issuers, and what only looks like one."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest, Ref
from ansible_collections.gatehouse.istio.plugins.module_utils._mesh.settings import MeshSettings
from support.builders import (
    PODS,
    back_end,
    by_hand,
    cluster,
    destination_rule,
    endpoints,
    exposure,
    gateway,
    http,
    service,
    virtual_service,
)
from support.cases import Configuration, Mistake, check_mistake

EDGE = gateway("istio-ingress/edge", http("*.example.com"))
DASHBOARD = service("shop/dashboard", {"name": "https", "port": 443, "targetPort": 8443})
ISSUED = {"certificate": {"issuer": {"name": "letsencrypt"}}}
SIMPLE = {"tls": {"mode": "SIMPLE"}}

ENTRY = by_hand(
    "ServiceEntry",
    "shop/partner",
    hosts=["partner.example.net"],
    ports=[{"number": 80, "protocol": "HTTP"}],
    resolution="DNS",
)


def route_to(host: str, port: int | None = 80, subset: str | None = None, **route: Any) -> list[Manifest]:
    """A VirtualService by hand whose one route goes to a host."""
    destination: dict[str, Any] = {"host": host}
    destination.update({"port": {"number": port}} if port else {})
    destination.update({"subset": subset} if subset else {})
    http_route = {"route": [{"destination": destination}], **route}
    return [virtual_service("shop/shop", ["shop.example.com"], ["istio-ingress/edge"], http=[http_route])]


def external_name(name: str, target: str, *ports: int) -> Manifest:
    entries = [{"name": "http", "port": port} for port in ports]
    return by_hand("Service", name, type="ExternalName", externalName=target, ports=entries)


MISTAKES: dict[str, Mistake] = {
    "name.namespace": Mistake(
        desired=route_to("web.shop"),
        state=cluster(EDGE),
        code="destination-missing",
        option="service",
        message="web.shop is the host of no Service and of no ServiceEntry",
    ),
    "a host below a wildcard of a ServiceEntry": Mistake(
        desired=route_to("api.example.net"),
        state=cluster(EDGE, by_hand("ServiceEntry", "shop/all", hosts=["*.example.net"])),
        code="destination-missing",
        option="service",
        message="api.example.net is the host of no Service",
    ),
    "a name outside the mesh by ExternalName": Mistake(
        desired=exposure(service="out"),
        state=cluster(external_name("shop/out", "legacy.example.net", 80)),
        code="destination-missing",
        option="service",
        message="Service shop/out stands for legacy.example.net (ExternalName), which is no Service",
    ),
    "an alias of a Service without the port": Mistake(
        desired=exposure(service="alias", port=81),
        state=cluster(external_name("shop/alias", "web.shop.svc.cluster.local", 81)),
        code="destination-port-missing",
        option="service",
        message="Service shop/alias does not have port 81",
    ),
    "a mirror that is missing": Mistake(
        desired=route_to("web", mirrors=[{"destination": {"host": "nobody", "port": {"number": 80}}}]),
        state=cluster(EDGE, missing=("shop/nobody",)),
        code="destination-missing",
        option="mirrors",
        message="so the copies of requests are lost",
    ),
    "a delegate's destination": Mistake(
        desired=[
            virtual_service(
                "shop/shop", ["shop.example.com"], ["istio-ingress/edge"], http=[{"delegate": {"name": "a"}}]
            )
        ],
        state=cluster(
            EDGE,
            by_hand("VirtualService", "shop/a", http=[{"route": [{"destination": {"host": "nobody"}}]}]),
            missing=("shop/nobody",),
        ),
        code="destination-missing",
        option="service",
        message="Service shop/nobody does not exist",
    ),
    "a port for TLS, without TLS": Mistake(
        desired=exposure(service="dashboard", port=443),
        state=cluster(DASHBOARD, destination_rules=()),
        code="destination-protocol",
        option="service",
        message="port 443 of Service shop/dashboard is for TLS (https)",
    ),
    "a port for TLS, whose DestinationRule the gateway does not get": Mistake(
        desired=exposure(service="dashboard", port=443),
        state=cluster(
            DASHBOARD,
            destination_rules=(destination_rule("far/d", "dashboard.shop.svc.cluster.local", trafficPolicy=SIMPLE),),
        ),
        code="destination-protocol",
        option="service",
        message="no DestinationRule makes the gateway speak TLS to it",
    ),
    "a Service that is not for the gateway's namespace": Mistake(
        desired=exposure(service="private"),
        state=cluster(
            {
                **service("shop/private"),
                "metadata": {
                    "name": "private",
                    "namespace": "shop",
                    "annotations": {"networking.istio.io/exportTo": " . "},
                },
            }
        ),
        code="destination-not-visible",
        option="service",
        message="its annotation networking.istio.io/exportTo says .",
    ),
    "Services that are for their own namespaces": Mistake(
        desired=exposure(),
        state=cluster(settings=MeshSettings(services_for=(".",))),
        code="destination-not-visible",
        option="service",
        message="the mesh's defaultServiceExportTo says .",
    ),
    "a Service in a namespace that istiod does not look into": Mistake(
        desired=exposure(service="api.far"),
        state=cluster(
            service("far/api"),
            settings=MeshSettings(discovery_selectors=({"matchExpressions": [{"key": "mesh", "operator": "Exists"}]},)),
            namespace_labels={"far": {}, "shop": {"mesh": "on"}},
        ),
        code="destination-not-visible",
        option="service",
        message="leave out namespace far",
    ),
    "no pod behind the Service": Mistake(
        desired=exposure(service="empty"),
        state=cluster(service("shop/empty", selector={"app": "empty"}), slices={"shop/empty": (endpoints(),)}),
        code="destination-without-endpoints",
        option="service",
        message="no pod with the labels app=empty, which Service shop/empty selects, is ready, so the gateway",
    ),
    "no pod is ready": Mistake(
        desired=exposure(service="busy"),
        state=cluster(service("shop/busy", selector={"app": "busy"}), slices={"shop/busy": (endpoints(False, False),)}),
        code="destination-without-endpoints",
        option="service",
        message="which Service shop/busy selects, is ready",
    ),
    "no pod has the named port": Mistake(
        desired=exposure(service="named"),
        state=cluster(
            service("shop/named", {"name": "http", "port": 80, "targetPort": "web"}, selector={"app": "named"}),
            slices={"shop/named": (endpoints(True, ports=()),)},
        ),
        code="destination-without-endpoints",
        option="service",
        message="no pod with the labels app=named has the port web, which Service shop/named names",
    ),
    "a Service without selector and endpoints": Mistake(
        desired=exposure(service="placeholder"),
        state=cluster(service("shop/placeholder"), slices={"shop/placeholder": ()}),
        code="destination-without-endpoints",
        option="service",
        message="has no selector, and no endpoints",
    ),
    "a subset whose labels no pod has": Mistake(
        desired=route_to("web", subset="v2"),
        state=cluster(
            EDGE,
            destination_rules=(destination_rule("shop/web", "web", "v2"),),
            behind={"shop/web": (back_end("shop/web-0", app="web", version="v1"),)},
        ),
        code="destination-without-endpoints",
        option="service",
        message="has the labels version=v2 of subset 'v2'",
    ),
    "a subset in a DestinationRule of a third namespace": Mistake(
        desired=route_to("web", subset="v2"),
        state=cluster(EDGE, destination_rules=(destination_rule("far/web", "web.shop.svc.cluster.local", "v2"),)),
        code="subset-missing",
        option="service",
        message="far/web has the subset 'v2' of web.shop.svc.cluster.local, but the gateway does not get it",
    ),
    "a subset of a short host in another namespace": Mistake(
        desired=route_to("web", subset="v2"),
        state=cluster(EDGE, destination_rules=(destination_rule(f"{PODS}/web", "web", "v2"),)),
        code="subset-missing",
        option="service",
        message="no DestinationRule for web.shop.svc.cluster.local has a subset 'v2'",
    ),
    "a more specific rule without the subset comes first": Mistake(
        desired=route_to("web", subset="v2"),
        state=cluster(
            EDGE,
            destination_rules=(
                destination_rule("shop/all", "*.shop.svc.cluster.local", "v2"),
                destination_rule("shop/web", "web", "v1"),
            ),
        ),
        code="subset-missing",
        option="service",
        message="has a subset 'v2'",
    ),
    "an issuer of the other kind": Mistake(
        desired=exposure(tls=ISSUED),
        state=cluster(
            by_hand("Issuer", f"{PODS}/letsencrypt", selfSigned={}),
            issuers={Ref("ClusterIssuer", "", "letsencrypt"): None},
        ),
        code="issuer-missing",
        option="tls.certificate.issuer",
        message="ClusterIssuer letsencrypt does not exist, so Certificate istio-ingress/shop.shop is never issued",
    ),
    "a wildcard that no solver proves": Mistake(
        desired=exposure(hosts=["*.example.com"], tls=ISSUED),
        state=cluster(by_hand("ClusterIssuer", "/letsencrypt", acme={"solvers": [{"http01": {}}]})),
        code="issuer-cannot-prove",
        option="tls.certificate.issuer",
        message="ClusterIssuer letsencrypt has no solver that can prove *.example.com",
    ),
    "no solver for the zone": Mistake(
        desired=exposure(tls=ISSUED),
        state=cluster(
            by_hand(
                "ClusterIssuer",
                "/letsencrypt",
                acme={"solvers": [{"dns01": {}, "selector": {"dnsZones": ["example.net"]}}]},
            )
        ),
        code="issuer-cannot-prove",
        option="tls.certificate.issuer",
        message="can prove shop.example.com",
    ),
    "two Certificates for one Secret": Mistake(
        desired=exposure(tls=ISSUED),
        state=cluster(by_hand("Certificate", f"{PODS}/old", secretName="shop.shop")),
        code="secret-of-two-certificates",
        option="tls.certificate",
        message="and Certificate istio-ingress/old are for the same Secret istio-ingress/shop.shop",
    ),
}
RIGHT: dict[str, Configuration] = {
    "the host of a ServiceEntry": Configuration(desired=route_to("partner.example.net"), state=cluster(EDGE, ENTRY)),
    "ServiceEntries that may not be read": Configuration(desired=route_to("web"), state=cluster(EDGE)),
    "an alias of a Service": Configuration(
        desired=exposure(service="alias"), state=cluster(external_name("shop/alias", "web.shop.svc.cluster.local"))
    ),
    "one port number for UDP and TCP": Configuration(
        desired=exposure(service="dns", port=53),
        state=cluster(
            service(
                "shop/dns",
                {"name": "dns", "port": 53, "protocol": "UDP"},
                {"name": "http", "port": 53, "protocol": "TCP"},
            )
        ),
    ),
    "several ports, one of them the gateway's": Configuration(
        desired=exposure(service="app", port=None),
        state=cluster(service("shop/app", {"name": "http", "port": 80}, {"name": "metrics", "port": 9000})),
    ),
    "a port for TLS with a DestinationRule": Configuration(
        desired=exposure(service="dashboard", port=443),
        state=cluster(
            DASHBOARD,
            destination_rules=(destination_rule("shop/d", "dashboard", trafficPolicy=SIMPLE),),
        ),
    ),
    "a port for TLS with a DestinationRule for that port": Configuration(
        desired=exposure(service="dashboard", port=443),
        state=cluster(
            DASHBOARD,
            destination_rules=(
                destination_rule(
                    "shop/d",
                    "*.shop.svc.cluster.local",
                    trafficPolicy={"portLevelSettings": [{"port": {"number": 443}, "tls": {"mode": "SIMPLE"}}]},
                ),
            ),
        ),
    ),
    "a Service for the gateway's namespace": Configuration(
        desired=exposure(service="private"),
        state=cluster(
            {
                **service("shop/private"),
                "metadata": {
                    "name": "private",
                    "namespace": "shop",
                    "annotations": {"networking.istio.io/exportTo": f".,{PODS}"},
                },
            }
        ),
    ),
    "one of two pods is ready": Configuration(
        desired=exposure(service="app"),
        state=cluster(service("shop/app", selector={"app": "app"}), slices={"shop/app": (endpoints(False, True),)}),
    ),
    "pods at which Kubernetes has not looked yet": Configuration(
        desired=exposure(service="app"),
        state=cluster(service("shop/app", selector={"app": "app"}), slices={"shop/app": ()}),
    ),
    "a subset in a wildcard's rule of the root namespace": Configuration(
        desired=route_to("web", subset="v2"),
        state=cluster(EDGE, destination_rules=(destination_rule("istio-system/all", "*.local", "v2"),)),
    ),
    "a subset by a short host in the Service's namespace": Configuration(
        desired=route_to("web", subset="v2"),
        state=cluster(
            EDGE,
            destination_rules=(destination_rule("shop/web", "web", "v2"),),
            behind={"shop/web": (back_end("shop/web-0", app="web", version="v2"),)},
        ),
    ),
    "a wildcard by DNS": Configuration(
        desired=exposure(hosts=["*.example.com"], tls=ISSUED),
        state=cluster(by_hand("ClusterIssuer", "/letsencrypt", acme={"solvers": [{"http01": {}}, {"dns01": {}}]})),
    ),
    "the second run": Configuration(
        desired=exposure(tls=ISSUED),
        state=cluster(
            *exposure(tls=ISSUED)[:1],
            by_hand("ClusterIssuer", "/letsencrypt", acme={"solvers": [{"http01": {}}]}),
        ),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_found(mistake: Mistake) -> None:
    check_mistake(mistake)


@pytest.mark.parametrize("right", RIGHT.values(), ids=RIGHT)
def test_what_is_right_is_not_blamed(right: Configuration) -> None:
    assert [str(finding) for finding in find(right.desired, right.state)] == []
