# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exposures of TCP and TLS connections at one server: which of them get none."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find, find_all
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.cluster_state import ClusterState
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import ExposureKey, Manifest
from support.builders import cluster, connections, exposure, gateway, https, live, passthrough, secret

EXISTING = {"existing": "istio-ingress/front"}
CERT = {"cert": secret("*.example.com", "shop.example.com", "db.example.com")}


def front(*servers: dict[str, Any]) -> Manifest:
    return gateway("istio-ingress/front", *servers)


def tcp(*hosts: str, name: str = "shop", **more: Any) -> list[Manifest]:
    return exposure(name=name, hosts=list(hosts), **{"protocol": "tcp", "gateway": EXISTING, "tls": {}, **more})


def passed(*hosts: str, name: str = "shop", **more: Any) -> list[Manifest]:
    return tcp(*hosts, name=name, tls={"mode": "passthrough"}, **more)


PLAIN: dict[str, Any] = {"gateway": {**EXISTING, "tcp_port": 80}, "tls": None}
TCP = {"port": {"number": 80, "name": "tcp", "protocol": "TCP"}, "hosts": ["*"]}
SHADOWED: dict[str, tuple[list[Manifest], ClusterState, str]] = {
    "TLS that the gateway ends": (
        tcp("shop.example.com"),
        cluster(front(connections("*.example.com")), *live(tcp("db.example.com", name="db", service="api"))),
        "servers[0] (*.example.com); it comes first, so VirtualService shop/shop never gets one.",
    ),
    "an older wildcard": (
        tcp("shop.example.com"),
        cluster(
            front(connections("*.example.com"), connections("shop.example.com")),
            *live(tcp("*.example.com", name="all", service="api")),
        ),
        "VirtualService shop/all already takes all connections of Gateway istio-ingress/front, servers[0]",
    ),
    "an older narrower host": (
        tcp("*.example.com"),
        cluster(
            front(connections("*.example.com"), connections("db.example.com")),
            *live(tcp("db.example.com", name="db", service="api")),
        ),
        "VirtualService shop/db already takes all connections of Gateway istio-ingress/front, servers[0]",
    ),
    "plain TCP": (
        tcp("shop.example.com", **PLAIN),
        cluster(front(TCP), *live(tcp("db.example.com", name="db", service="api", **PLAIN))),
        "VirtualService shop/db already takes all connections of Gateway istio-ingress/front, servers[0] (*);",
    ),
    "TLS that is passed through": (
        passed("www.example.com", "shop.example.com"),
        cluster(front(passthrough("*.example.com")), *live(passed("shop.example.com", name="old", service="api"))),
        "pods; it comes first, so istiod leaves out the rule of VirtualService shop/shop, with all its hosts.",
    ),
    "TLS that is passed through to the same Service, and a host more": (
        passed("www.example.com", "shop.example.com"),
        cluster(front(passthrough("*.example.com")), *live(passed("shop.example.com", name="old"))),
        "so istiod leaves out the rule of VirtualService shop/shop, with all its hosts.",
    ),
    "TLS that is passed through by another Gateway, too": (
        passed("shop.example.com", gateway={"selector": {"istio": "public"}}),
        cluster(front(passthrough("*.example.com")), *live(passed("shop.example.com", name="old", service="api"))),
        "VirtualService shop/old already takes the TLS connections for shop.example.com",
    ),
}


@pytest.mark.parametrize(("desired", "state", "message"), SHADOWED.values(), ids=SHADOWED)
def test_connections_that_go_to_an_older_one(desired: list[Manifest], state: ClusterState, message: str) -> None:
    (finding,) = find(desired, state)
    assert (finding.code, finding.level) == ("connections-shadowed", "")
    assert message in finding.message
    assert finding.where.startswith("hosts[")
    assert not finding.preexisting


CORRECT: dict[str, tuple[list[Manifest], ClusterState]] = {
    "a server for each": (
        tcp("shop.example.com"),
        cluster(
            front(connections("db.example.com"), connections("shop.example.com")),
            *live(tcp("db.example.com", name="db", service="api")),
        ),
    ),
    "the same Service": (
        tcp("shop.example.com"),
        cluster(front(connections("*.example.com")), *live(tcp("db.example.com", name="db"))),
    ),
    "HTTPS beside it": (
        tcp("shop.example.com"),
        cluster(
            front(connections("shop.example.com"), https("*.example.com", credential="other")),
            *live(exposure(name="page", hosts=["*.example.com"], gateway=EXISTING, tls={})),
        ),
    ),
    "another port": (
        tcp("shop.example.com", **PLAIN),
        cluster(front(TCP, connections("*")), *live(tcp("db.example.com", name="db", service="api"))),
    ),
    "a wildcard that is passed through elsewhere": (
        passed("shop.example.com"),
        cluster(front(passthrough("*.example.com")), *live(passed("*.example.com", name="all", service="api"))),
    ),
    "passed through to the same Service": (
        passed("shop.example.com"),
        cluster(front(passthrough("*.example.com")), *live(passed("www.example.com", "shop.example.com", name="old"))),
    ),
    "the second run": (
        passed("shop.example.com"),
        cluster(front(passthrough("*.example.com")), *live(passed("shop.example.com"))),
    ),
}


@pytest.mark.parametrize(("desired", "state"), CORRECT.values(), ids=CORRECT)
def test_connections_that_go_where_they_should(desired: list[Manifest], state: ClusterState) -> None:
    assert [finding.code for finding in find(desired, state)] == []


def test_the_older_one_is_warned_and_two_new_ones_are_both_stopped() -> None:
    old, new = passed("shop.example.com", name="old", service="api"), passed("shop.example.com")
    both = {ExposureKey("shop", "old"): old, ExposureKey("shop", "shop"): new}
    state = cluster(front(passthrough("*.example.com")), *live(old), *live(new, created=1))
    found = [finding.preexisting for findings in find_all(both, state).values() for finding in findings]
    assert found == [True, False]
    fresh = find_all(both, cluster(front(passthrough("*.example.com"))))
    for findings in fresh.values():
        assert [finding.code for finding in findings] == ["connections-shadowed"]
        assert "both are new, and if it comes first, which is chance, istiod leaves out" in findings[0].message
