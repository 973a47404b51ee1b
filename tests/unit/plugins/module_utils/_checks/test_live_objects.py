# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exposures that nobody changes: what the scenes of a cluster as it is show, is what a task would find of each."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.context import Scenes
from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import findings, findings_in
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from support.builders import around, exposure, gateway, http, https, live, secret, virtual_service

TLS = {"credential_name": "cert"}
OTHER = {"credential_name": "other"}
GOOD = secret("shop.example.com")
# What else is there besides the exposure shop/shop, and the one code that it has.
Case = tuple[dict[str, Any], list[Manifest], dict[str, Any], list[str]]
CASES: dict[str, Case] = {
    "nothing": ({"tls": TLS}, [], {"cert": GOOD}, []),
    "a host twice": (
        {"tls": TLS},
        [gateway("old/front", https("shop.example.com", credential="other"))],
        {"cert": GOOD, "other": GOOD},
        ["host-served-twice"],
    ),
    "a port for two protocols": (
        {},
        [gateway("old/front", https("blog.example.com", credential="other", port=80), created=9)],
        {"other": secret("blog.example.com")},
        ["port-taken"],
    ),
    "a name written in two ways": (
        {"tls": TLS},
        [gateway("old/front", https("shop/shop.example.com", credential="other"))],
        {"cert": GOOD, "other": GOOD},
        ["sni-twice"],
    ),
    "a wildcard certificate on two servers": (
        {"tls": TLS},
        live(exposure(name="blog", hosts=["blog.example.com"], tls=TLS), 9),
        {"cert": secret("*.example.com")},
        ["certificate-on-two-servers"],
    ),
    "another one's certificate is good for the host": (
        {"tls": TLS},
        live(exposure(name="blog", hosts=["blog.example.com"], tls=OTHER), 9),
        {"cert": GOOD, "other": secret("blog.example.com", "shop.example.com")},
        ["certificate-on-two-servers"],
    ),
    "one certificate that may not be read": (
        {"tls": TLS},
        live(exposure(name="blog", hosts=["blog.example.com"], tls=TLS), 9),
        {},
        ["certificate-on-two-servers"],
    ),
    "routes of another VirtualService": (
        {},
        [
            gateway("old/front", http("shop.example.com")),
            virtual_service(
                "old/front",
                ["shop.example.com"],
                ["old/front"],
                http=[{"route": [{"destination": {"host": "old", "port": {"number": 80}}}]}],
            ),
        ],
        {},
        ["routes-shadowed"],
    ),
    "no Secret": ({"tls": TLS}, [], {"cert": None}, ["secret-missing"]),
}


@pytest.mark.parametrize(("options", "others", "secrets", "codes"), CASES.values(), ids=CASES)
def test_a_scene_of_what_is_there_is_that_of_a_task(
    options: dict[str, Any], others: list[Manifest], secrets: dict[str, Any], codes: list[str]
) -> None:
    mine = live(exposure(**options), 5)
    there = around(*mine, *others, secrets=secrets)
    found = findings_in(Scenes(there).scene(mine))
    assert [finding.code for finding in found] == codes
    assert found == findings(mine, there)


def test_one_look_is_enough_for_all() -> None:
    first = live(exposure(tls=TLS))
    second = live(exposure(name="late", tls=OTHER), 5)
    scenes = Scenes(around(*first, *second, secrets={"cert": GOOD, "other": GOOD}))
    for mine in (first, second):
        (found,) = findings_in(scenes.scene(mine))
        assert found.code == "host-served-twice"
        assert found.settled == (mine is first)
    assert scenes.scene(first).sites == scenes.scene(second).sites
