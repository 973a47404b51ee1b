# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ServiceEntries and WorkloadEntries as destinations: what takes no request, and what only looks like it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
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
MACHINE = {"address": "192.0.2.7", "labels": {"app": "legacy"}}


def service_entry(name: str = "shop/partner", port: int = 80, **spec: Any) -> Manifest:
    ports = [{"number": port, "protocol": "HTTP"}]
    return by_hand("ServiceEntry", name, hosts=["partner.example.net"], ports=ports, **spec)


def selecting() -> Manifest:
    return service_entry(resolution="STATIC", workloadSelector={"labels": {"app": "legacy"}})


def stand_in(name: str = "http") -> Manifest:
    """A ServiceEntry with endpoints for a Service."""
    return by_hand(
        "ServiceEntry",
        "shop/old",
        hosts=["old.shop.svc.cluster.local"],
        ports=[{"number": 80, "name": name, "protocol": "HTTP"}],
        resolution="STATIC",
        endpoints=[{"address": "192.0.2.7"}],
    )


def route_to_partner(port: int = 80, **destination: str) -> list[Manifest]:
    route = {"route": [{"destination": {"host": "partner.example.net", "port": {"number": port}, **destination}}]}
    return [virtual_service("shop/shop", ["shop.example.com"], ["istio-ingress/edge"], http=[route])]


MISTAKES: dict[str, Mistake] = {
    "a ServiceEntry without a resolution": Mistake(
        desired=route_to_partner(),
        state=cluster(EDGE, service_entry()),
        code="destination-without-endpoints",
        option="service",
        message="ServiceEntry shop/partner has the resolution NONE",
    ),
    "a ServiceEntry for fixed addresses without any": Mistake(
        desired=route_to_partner(),
        state=cluster(EDGE, service_entry(resolution="STATIC")),
        code="destination-without-endpoints",
        option="service",
        message="ServiceEntry shop/partner has the resolution STATIC, and no endpoints",
    ),
    "a ServiceEntry for machines that are not there": Mistake(
        desired=route_to_partner(),
        state=cluster(
            EDGE,
            selecting(),
            by_hand("WorkloadEntry", "far/legacy", **MACHINE),
            behind={"ServiceEntry shop/partner": ()},
        ),
        code="destination-without-endpoints",
        option="service",
        message="no pod and no WorkloadEntry has the labels app=legacy, which ServiceEntry shop/partner selects",
    ),
    "a subset that no endpoint has": Mistake(
        desired=route_to_partner(subset="v2"),
        state=cluster(
            EDGE,
            service_entry(resolution="STATIC", endpoints=[{"address": "192.0.2.7", "labels": {"version": "v1"}}]),
            destination_rules=(destination_rule("shop/partner", "partner.example.net", "v1", "v2"),),
        ),
        code="destination-without-endpoints",
        option="service",
        message="no endpoint behind ServiceEntry shop/partner has the labels version=v2 of subset 'v2'",
    ),
    "a port of a ServiceEntry of another namespace": Mistake(
        desired=route_to_partner(8080),
        state=cluster(EDGE, service_entry(resolution="DNS"), service_entry("team/partner", 8080, resolution="DNS")),
        code="destination-port-missing",
        option="service",
        message="ServiceEntry shop/partner does not have port 8080",
    ),
    "endpoints of a ServiceEntry for another port": Mistake(
        desired=exposure(service="old"),
        state=cluster(service("shop/old"), stand_in(name="other"), slices={"shop/old": ()}),
        code="destination-without-endpoints",
        option="service",
        message="Service shop/old has no selector, and no endpoints",
    ),
    "a port that none of a host's ServiceEntries has": Mistake(
        desired=route_to_partner(81),
        state=cluster(EDGE, service_entry(resolution="DNS"), service_entry("shop/other", 8080, resolution="DNS")),
        code="destination-port-missing",
        option="service",
        message="does not have port 81",
    ),
}
RIGHT: dict[str, Configuration] = {
    "a ServiceEntry by DNS": Configuration(
        desired=route_to_partner(), state=cluster(EDGE, service_entry(resolution="DNS"))
    ),
    "a ServiceEntry for fixed addresses": Configuration(
        desired=route_to_partner(),
        state=cluster(EDGE, service_entry(resolution="STATIC", endpoints=[{"address": "192.0.2.7"}])),
    ),
    "a ServiceEntry for pods": Configuration(
        desired=route_to_partner(),
        state=cluster(
            EDGE,
            selecting(),
            behind={"ServiceEntry shop/partner": (back_end("shop/legacy-0", app="legacy"),)},
        ),
    ),
    "a ServiceEntry for machines": Configuration(
        desired=route_to_partner(),
        state=cluster(
            EDGE,
            selecting(),
            by_hand("WorkloadEntry", "shop/legacy", **MACHINE),
            behind={"ServiceEntry shop/partner": ()},
        ),
    ),
    "two ServiceEntries for one host": Configuration(
        desired=route_to_partner(8080),
        state=cluster(EDGE, service_entry(resolution="DNS"), service_entry("shop/other", 8080, resolution="DNS")),
    ),
    "a ServiceEntry that the gateway gets in place of a private one": Configuration(
        desired=route_to_partner(8080),
        state=cluster(
            EDGE,
            service_entry(resolution="DNS", exportTo=["."]),
            service_entry("team/partner", 8080, resolution="DNS"),
        ),
    ),
    "a subset that an endpoint has": Configuration(
        desired=route_to_partner(subset="v2"),
        state=cluster(
            EDGE,
            service_entry(resolution="STATIC", endpoints=[{"address": "192.0.2.7", "labels": {"version": "v2"}}]),
            destination_rules=(destination_rule("shop/partner", "partner.example.net", "v2"),),
        ),
    ),
    "a subset of all endpoints": Configuration(
        desired=route_to_partner(subset="all"),
        state=cluster(
            EDGE,
            service_entry(resolution="DNS"),
            destination_rules=(destination_rule("shop/p", "partner.example.net", subsets=[{"name": "all"}]),),
        ),
    ),
    "a Service with the endpoints of a ServiceEntry": Configuration(
        desired=exposure(service="old"),
        state=cluster(
            service("shop/old"),
            stand_in(),
            slices={"shop/old": ()},
        ),
    ),
    "a ServiceEntry in place of a Service that the gateway does not get": Configuration(
        desired=exposure(service="old"),
        state=cluster(
            service("shop/old"),
            {**stand_in(), "metadata": {"name": "old", "namespace": PODS}},
            slices={"shop/old": ()},
            settings=MeshSettings(services_for=(".",)),
        ),
    ),
    "a Service for machines outside": Configuration(
        desired=exposure(service="app"),
        state=cluster(
            service("shop/app", selector={"app": "app"}),
            by_hand("WorkloadEntry", "shop/app-1", address="192.0.2.7", labels={"app": "app"}),
            slices={"shop/app": (endpoints(),)},
        ),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_found(mistake: Mistake) -> None:
    check_mistake(mistake)


@pytest.mark.parametrize("right", RIGHT.values(), ids=RIGHT)
def test_what_is_right_is_not_blamed(right: Configuration) -> None:
    assert [str(finding) for finding in find(right.desired, right.state)] == []
