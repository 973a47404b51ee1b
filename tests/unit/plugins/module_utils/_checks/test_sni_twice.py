# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers of one listener that Envoy cannot tell apart, and those that it can."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from support.builders import cluster, connections, exposure, gateway, http, https, passthrough, secret, virtual_service

EVERY_ADDRESS = "0.0.0.0"  # noqa: S104  (a case)
ATTACHED = {"existing": "shop/front"}
DESTINATION = [{"destination": {"host": "db.shop.svc.cluster.local", "port": {"number": 27017}}}]
SECRETS = {name: secret("shop.example.com", "*.example.com", "other.example.com") for name in ("cert", "other")}


def tcp(port: int = 443, **more: Any) -> dict[str, Any]:
    return {"port": {"number": port, "name": "tcp", "protocol": "TCP"}, "hosts": ["*"], **more}


def routed(name: str, host: str, gateway_name: str, **spec: Any) -> Manifest:
    return virtual_service(name, [host], [gateway_name], **(spec or {"tcp": [{"route": DESTINATION}]}))


def by_sni(name: str, *hosts: str) -> Manifest:
    rules = [{"match": [{"sniHosts": [host]}], "route": DESTINATION} for host in hosts]
    return virtual_service(name, list(hosts), ["shop/front"], tls=rules)


FRONT = gateway("shop/front", https("shop.example.com"))
REFUSED: dict[str, tuple[list[Manifest], str]] = {
    "every address, as it is and by name": (
        [FRONT, gateway("shop/second", https("shop.example.com", credential="other", bind=EVERY_ADDRESS), created=1)],
        "istiod does not see it because one of them names the address 0.0.0.0; Envoy refuses",
    ),
    "plain HTTP at every address, as it is and by name": (
        [
            gateway("shop/front", http("shop.example.com")),
            gateway("shop/second", http("other.example.com", bind=EVERY_ADDRESS), created=1),
        ],
        "Gateway shop/front, servers[0] and Gateway shop/second, servers[0] take all connections",
    ),
    "TCP beside TLS for every host": (
        [gateway("shop/front", https("*"), tcp()), routed("shop/db", "db.example.com", "shop/front")],
        "istiod does not see it because only one of them is for TLS",
    ),
    "plain HTTP that comes after TLS for every host": (
        [gateway("shop/front", https("*"), http("shop.example.com", port=443))],
        "Gateway shop/front, servers[0] and Gateway shop/front, servers[1] take all connections",
    ),
    "TLS that ends here, and has a TCP route": (
        [
            gateway("shop/front", https("shop.example.com"), connections("shop/shop.example.com", credential="other")),
            routed("shop/db", "shop.example.com", "shop/front"),
        ],
        "take TLS connections for 'shop.example.com'",
    ),
    "a name twice in one server": (
        [gateway("shop/front", https("shop.example.com", "Shop.example.com"))],
        "Gateway shop/front, servers[0] takes TLS connections for 'shop.example.com' twice",
    ),
    "two rules, in different letters": (
        [
            FRONT,
            gateway("shop/front", passthrough("*.example.com")),
            by_sni("shop/db", "db.example.com", "DB.example.com"),
        ],
        "VirtualService shop/db takes TLS connections for 'db.example.com' twice",
    ),
}
ACCEPTED: dict[str, list[Manifest]] = {
    "another address": [
        FRONT,
        gateway("shop/second", https("shop.example.com", credential="other", bind="192.0.2.1"), created=1),
    ],
    "TLS that ends here, without a TCP route": [
        gateway("shop/front", https("shop.example.com"), connections("shop/shop.example.com", credential="other")),
    ],
    "TLS that ends here, with a route for another port": [
        gateway("shop/front", https("shop.example.com"), connections("shop/shop.example.com", credential="other")),
        routed("shop/db", "shop.example.com", "shop/front", tcp=[{"match": [{"port": 1}], "route": DESTINATION}]),
    ],
    "TCP beside TLS for one host": [
        gateway("shop/front", https("shop.example.com"), tcp()),
        routed("shop/db", "db.example.com", "shop/front"),
    ],
    "TCP without a route beside TLS for every host": [gateway("shop/front", https("*"), tcp())],
    "a rule without a destination": [
        gateway("shop/front", https("shop.example.com"), passthrough("*.example.com")),
        virtual_service(
            "shop/db", ["shop.example.com"], ["shop/front"], tls=[{"match": [{"sniHosts": ["shop.example.com"]}]}]
        ),
    ],
}


@pytest.mark.parametrize(("objects", "message"), REFUSED.values(), ids=REFUSED)
def test_envoy_refuses_the_listener(objects: list[Manifest], message: str) -> None:
    desired = exposure(hosts=["shop.example.com"], gateway=ATTACHED)
    messages = [each.message for each in find(desired, cluster(*objects, secrets=SECRETS)) if each.code == "sni-twice"]
    assert len(messages) == 1
    assert message in messages[0]


@pytest.mark.parametrize("objects", ACCEPTED.values(), ids=ACCEPTED)
def test_envoy_accepts_the_listener(objects: list[Manifest]) -> None:
    desired = exposure(hosts=["shop.example.com"], gateway=ATTACHED)
    codes = {each.code for each in find(desired, cluster(*objects, secrets=SECRETS))}
    assert not codes & {"sni-twice", "port-taken", "host-served-twice"}
