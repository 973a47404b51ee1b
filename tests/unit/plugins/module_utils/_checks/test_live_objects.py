# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exposures that nobody changes: what the scenes of a cluster as it is show, is what a task would find of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._analysis.context import Analysis
from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find, find_in
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from support.builders import cluster, exposure, gateway, http, https, live, secret, virtual_service

TLS = {"credential_name": "cert"}
OTHER = {"credential_name": "other"}
GOOD = secret("shop.example.com")


@dataclass(frozen=True, kw_only=True)
class Case:
    """The live exposure shop/shop, created at minute 5, and what a check reports of it."""

    options: dict[str, Any]  # the exposure's, without the smallest ones
    others: list[Manifest]  # live objects that are not the exposure's
    secrets: dict[str, Any]  # certificates by the name of their Secret
    codes: list[str]


CASES: dict[str, Case] = {
    "nothing": Case(options={"tls": TLS}, others=[], secrets={"cert": GOOD}, codes=[]),
    "a host twice": Case(
        options={"tls": TLS},
        others=[gateway("old/front", https("shop.example.com", credential="other"))],
        secrets={"cert": GOOD, "other": GOOD},
        codes=["host-served-twice"],
    ),
    "a port for two protocols": Case(
        options={},
        others=[gateway("old/front", https("blog.example.com", credential="other", port=80), created=9)],
        secrets={"other": secret("blog.example.com")},
        codes=["port-taken"],
    ),
    "a name written in two ways": Case(
        options={"tls": TLS},
        others=[gateway("old/front", https("shop/shop.example.com", credential="other"))],
        secrets={"cert": GOOD, "other": GOOD},
        codes=["sni-twice"],
    ),
    "a wildcard certificate on two servers": Case(
        options={"tls": TLS},
        others=live(exposure(name="blog", hosts=["blog.example.com"], tls=TLS), 9),
        secrets={"cert": secret("*.example.com")},
        codes=["certificate-on-two-servers"],
    ),
    "another one's certificate is good for the host": Case(
        options={"tls": TLS},
        others=live(exposure(name="blog", hosts=["blog.example.com"], tls=OTHER), 9),
        secrets={"cert": GOOD, "other": secret("blog.example.com", "shop.example.com")},
        codes=["certificate-on-two-servers"],
    ),
    "one certificate that may not be read": Case(
        options={"tls": TLS},
        others=live(exposure(name="blog", hosts=["blog.example.com"], tls=TLS), 9),
        secrets={},
        codes=["certificate-on-two-servers"],
    ),
    "routes of another VirtualService": Case(
        options={},
        others=[
            gateway("old/front", http("shop.example.com")),
            virtual_service(
                "old/front",
                ["shop.example.com"],
                ["old/front"],
                http=[{"route": [{"destination": {"host": "old", "port": {"number": 80}}}]}],
            ),
        ],
        secrets={},
        codes=["routes-shadowed"],
    ),
    "no Secret": Case(options={"tls": TLS}, others=[], secrets={"cert": None}, codes=["secret-missing"]),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_scene_of_what_is_there_is_that_of_a_task(case: Case) -> None:
    mine = live(exposure(**case.options), 5)
    there = cluster(*mine, *case.others, secrets=case.secrets)
    result = find_in(Analysis(there).context(mine))
    assert [finding.code for finding in result] == case.codes
    assert result == find(mine, there)


def test_one_look_is_enough_for_all() -> None:
    first = live(exposure(tls=TLS))
    second = live(exposure(name="late", tls=OTHER), 5)
    scenes = Analysis(cluster(*first, *second, secrets={"cert": GOOD, "other": GOOD}))
    for mine in (first, second):
        (result,) = find_in(scenes.context(mine))
        assert result.code == "host-served-twice"
        assert result.preexisting == (mine is first)
    assert scenes.context(first).workload_changes == scenes.context(second).workload_changes
