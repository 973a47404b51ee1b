# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the checks must tell apart: who loses, and since when; which of two routes comes first."""

from __future__ import annotations

import time

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from support.builders import (
    cluster,
    exposure,
    found_in_a_list,
    gateway,
    http,
    https,
    live,
    passthrough,
    redirect,
    secret,
    to,
    virtual_service,
)
from support.cases import Configuration

TLS = {"credential_name": "cert"}
GOOD = {"cert": secret("shop.example.com")}
WILDCARD = secret("*.example.com")

# What was so before, and costs another exposure: the task did not bring it, and may go on.
SETTLED: dict[str, Configuration] = {
    "the newer Gateway lost its server long ago": Configuration(
        desired=exposure(tls=TLS),
        state=cluster(
            *live(exposure(tls=TLS)), gateway("blog/late", https("shop.example.com"), created=5), secrets=GOOD
        ),
    ),
    "the newer route never got a request": Configuration(
        desired=exposure(),
        state=cluster(*live(exposure()), *live(exposure(name="late", service="api"), created=5)),
    ),
    "a newer server took a part of the wildcard's names": Configuration(
        desired=exposure(hosts=["*.example.com"], tls=TLS),
        state=cluster(
            *live(exposure(hosts=["*.example.com"], tls=TLS)),
            gateway("blog/late", https("blog.example.com", credential="blog"), created=5),
            secrets={"cert": WILDCARD, "blog": secret("blog.example.com")},
        ),
    ),
}


@pytest.mark.parametrize("settled", SETTLED.values(), ids=SETTLED)
def test_what_another_one_suffers_already_is_settled(settled: Configuration) -> None:
    result = find(settled.desired, settled.state)
    assert result
    assert all(finding.preexisting for finding in result)
    assert found_in_a_list(settled.desired, settled.state) == result


def test_a_redirect_that_another_one_gives_is_no_loss() -> None:
    """istiod drops the second redirect server of a host, which is a loss only if the first server does not redirect."""
    own = exposure(hosts=["*.example.com"], tls={"credential_name": "cert", "redirect": True})
    first = gateway("old/front", redirect("*.example.com"))
    assert find(own, cluster(first, secrets={"cert": WILDCARD})) == []
    mixed = gateway("old/front", passthrough("*.example.com"))
    mixed["spec"]["servers"][0]["port"]["number"] = 80
    result = find(own, cluster(mixed, secrets={"cert": WILDCARD}))
    assert [finding.code for finding in result] == ["host-served-twice"]


def test_the_order_of_routes_is_that_of_age_and_catch_alls_come_last() -> None:
    older = virtual_service("shop/old", ["shop.example.com"], ["shop/front"], http=[to("api")])
    front = gateway("shop/front", http("shop.example.com"))
    assert (
        find(
            exposure(
                routes=[{"match": [{"uri": {"prefix": "/api/"}}], "destinations": [{"service": "web", "port": 80}]}]
            ),
            cluster(front, older),
        )
        == []
    )


def test_many_neighbours_cost_little() -> None:
    """The time grows with their number, not with its square, which for these was 7 seconds."""
    own = {"credential_name": "cert", "redirect": True}
    many: list[Manifest] = []
    for number in range(700):
        many += live(
            exposure(name=f"e{number}", hosts=[f"e{number}.example.com"], tls={"credential_name": f"{number}"})
        )
    state = cluster(*many, secrets=GOOD)
    began = time.process_time()
    assert find(exposure(tls=own), state) == []
    assert time.process_time() - began < 2


def test_other_letters_case_is_another_path() -> None:
    older = virtual_service("shop/old", ["shop.example.com"], ["shop/front"], http=[to("api", uri={"prefix": "/a"})])
    insensitive = {"uri": {"prefix": "/a"}, "ignoreUriCase": True}
    own = virtual_service("shop/shop", ["shop.example.com"], ["shop/front"], created=5, http=[to("web", **insensitive)])
    front = gateway("shop/front", http("shop.example.com"))
    assert find([own], cluster(front, older)) == []
