# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What DestinationRules make of destinations."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from support.builders import back_end, cluster, destination_rule, exposure, gateway, http, service, virtual_service
from support.cases import Configuration, Mistake, check_mistake

EDGE = gateway("istio-ingress/edge", http("*.example.com"))
PASSTHROUGH = {"loadBalancer": {"simple": "PASSTHROUGH"}}
SIMPLE = {"tls": {"mode": "SIMPLE"}}
TLS = service("shop/safe", {"name": "tls", "port": 443, "targetPort": 8443})
HTTPS = service("shop/safe", {"name": "https", "port": 443, "targetPort": 8443})


def rule(host: str = "web", **spec: Any) -> Manifest:
    return destination_rule("shop/rule", host, **spec)


def routed(*destinations: dict[str, Any]) -> list[Manifest]:
    route = {"route": list(destinations)}
    return [virtual_service("shop/shop", ["shop.example.com"], ["istio-ingress/edge"], http=[route])]


def to_subset(host: str = "web", port: int = 80) -> list[Manifest]:
    return routed({"destination": {"host": host, "port": {"number": port}, "subset": "v1"}})


def with_policy(policy: dict[str, Any], labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {"name": "v1", "labels": labels or {}, "trafficPolicy": policy}


MISTAKES: dict[str, Mistake] = {
    "a load balancer that passes on": Mistake(
        desired=exposure(),
        state=cluster(destination_rules=(rule(trafficPolicy=PASSTHROUGH),)),
        code="destination-without-endpoints",
        option="service",
        message="DestinationRule shop/rule has the load balancer PASSTHROUGH",
    ),
    "a subset whose load balancer passes on": Mistake(
        desired=to_subset(),
        state=cluster(EDGE, destination_rules=(rule(subsets=[with_policy(PASSTHROUGH)]),)),
        code="destination-without-endpoints",
        option="service",
        message="DestinationRule shop/rule has the load balancer PASSTHROUGH",
    ),
    "TLS within TLS": Mistake(
        desired=exposure(service="safe", port=443, tls={"mode": "passthrough"}),
        state=cluster(TLS, destination_rules=(rule("safe", trafficPolicy=SIMPLE),)),
        code="destination-protocol",
        option="service",
        message="the gateway passes TLS on to Service shop/safe, and a DestinationRule",
    ),
    "a port for TLS, which the subset turns off": Mistake(
        desired=to_subset("safe", 443),
        state=cluster(
            EDGE,
            HTTPS,
            destination_rules=(
                rule("safe", trafficPolicy=SIMPLE, subsets=[with_policy({"tls": {"mode": "DISABLE"}})]),
            ),
        ),
        code="destination-protocol",
        option="service",
        message="port 443 of Service shop/safe is for TLS (https)",
    ),
    "a missing subset of a port for TLS": Mistake(
        desired=to_subset("safe", 443),
        state=cluster(EDGE, HTTPS, destination_rules=()),
        code="subset-missing",
        option="service",
        message="has a subset 'v1'",
    ),
}
RIGHT: dict[str, Configuration] = {
    "a load balancer": Configuration(
        desired=exposure(),
        state=cluster(destination_rules=(rule(trafficPolicy={"loadBalancer": {"simple": "RANDOM"}}),)),
    ),
    "a load balancer that passes on, but not for the port": Configuration(
        desired=exposure(),
        state=cluster(
            destination_rules=(
                rule(
                    trafficPolicy={
                        **PASSTHROUGH,
                        "portLevelSettings": [{"port": {"number": 80}, "loadBalancer": {"simple": "RANDOM"}}],
                    }
                ),
            )
        ),
    ),
    "TLS passed on within mutual TLS of the mesh": Configuration(
        desired=exposure(service="safe", port=443, tls={"mode": "passthrough"}),
        state=cluster(TLS, destination_rules=(rule("safe", trafficPolicy={"tls": {"mode": "ISTIO_MUTUAL"}}),)),
    ),
    "a port for TLS, which the subset turns on": Configuration(
        desired=to_subset("safe", 443),
        state=cluster(
            EDGE,
            HTTPS,
            destination_rules=(
                rule(
                    "safe",
                    subsets=[with_policy({"portLevelSettings": [{"port": {"number": 443}, **SIMPLE}]})],
                ),
            ),
        ),
    ),
    "a subset by a label of nodes": Configuration(
        desired=to_subset(),
        state=cluster(
            EDGE,
            destination_rules=(rule(subsets=[with_policy({}, {"topology.kubernetes.io/zone": "a"})]),),
            behind={"shop/web": (back_end("shop/web-0", app="web"),)},
        ),
    ),
    "a missing destination that gets nothing": Configuration(
        desired=routed(
            {"destination": {"host": "web", "port": {"number": 80}}, "weight": 100},
            {"destination": {"host": "next", "port": {"number": 80}}, "weight": 0},
        ),
        state=cluster(EDGE, missing=("shop/next",)),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_found(mistake: Mistake) -> None:
    check_mistake(mistake)


@pytest.mark.parametrize("right", RIGHT.values(), ids=RIGHT)
def test_what_is_right_is_not_blamed(right: Configuration) -> None:
    assert [str(finding) for finding in find(right.desired, right.state)] == []
