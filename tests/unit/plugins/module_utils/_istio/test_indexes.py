# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An index finds what comparing with everything finds, in the same order."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations, permutations
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._istio.config import Config
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.hosts import is_within, routed_hosts
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.indexes import (
    ByHost,
    ByLabels,
    ByName,
    BySelector,
    once,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.listeners import Server
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.references import selects
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.route_order import (
    Condition,
    conditions_of,
    hidden_conditions,
)
from support.builders import to, virtual_service

HOSTS = (
    "shop.example.com",
    "*",
    "*.example.com",
    "example.com",
    "*.com",
    "a.shop.example.com",
    "*.shop.example.com",
    "*shop.example.com",
    "workshop.example.com",
    "shop.example.org",
    "com",
)


@pytest.mark.parametrize("host", HOSTS)
def test_hosts_that_meet_a_host(host: str) -> None:
    things = [(other, number) for number, other in enumerate([*HOSTS, *reversed(HOSTS)])]
    expected = [
        (other if is_within(other, host) else host, number)
        for other, number in things
        if is_within(other, host) or is_within(host, other)
    ]
    assert ByHost(things).meeting(host) == expected
    assert expected
    for thing in things:  # of a few things, each is looked at
        assert ByHost([thing]).meeting(host) == [entry for entry in expected if entry[1] == thing[1]]


@pytest.mark.parametrize("where", ["", "shop/", "blog/"])
def test_the_virtual_services_of_a_server(where: str) -> None:
    """State.routed() looks up what common() says of each pair."""
    services = [
        virtual_service(f"{namespace}/vs{number}", list(hosts), ["shop/front"])
        for namespace in ("shop", "blog")
        for number, hosts in enumerate(combinations(HOSTS, 2))
    ]
    state = Config((), tuple(services))
    for hosts in permutations(HOSTS, 2):
        server = Server("shop/front", 0, (f"{where}{hosts[0]}", hosts[1]), 80, 80, "", "HTTP")
        pairs = [(entry, routed_hosts(server.hosts, entry)) for entry in services]
        assert state.routed(server, "shop") == [(entry, result) for entry, result in pairs if result]


LABELS: list[dict[str, str]] = [{}, {"a": "1"}, {"a": "2"}, {"a": "1", "b": "1"}, {"b": "1"}, {"b": "1", "a": "2"}]


@pytest.mark.parametrize("given", LABELS)
def test_labels_and_selectors(given: dict[str, str]) -> None:
    things = list(enumerate([*LABELS, None]))
    pods = ByLabels((labels, number) for number, labels in things)
    assert pods.matching(given) == [number for number, labels in things if selects(given, labels)]
    gateways = BySelector((selector, number) for number, selector in things)
    assert gateways.selecting(given) == [number for number, selector in things if selects(selector, given)]


def test_nothing_is_given() -> None:
    assert ByLabels([({"a": "1"}, "pod")]).matching(None) == ["pod"]
    assert BySelector([({"a": "1"}, "one"), (None, "all")]).selecting(None) == ["all"]
    assert ByHost[str]([]).meeting("*") == []


def test_things_by_names_come_in_their_order_and_once() -> None:
    things = ByName([("first", ("a", "b")), ("second", ("b",)), ("third", ("c", "c")), ("fourth", ("a",))])
    assert things.of("b", "a") == ["first", "second", "fourth"]
    assert things.of("c") == ["third"]
    assert things.of("d") == []


def test_work_is_done_once_for_each_thing() -> None:
    @dataclass(eq=False)
    class Thing:
        memory: dict[Any, Any] = field(default_factory=dict)

    done: list[Thing] = []

    @once
    def work(thing: Thing) -> int:
        done.append(thing)
        return len(done)

    one, other = Thing(), Thing()
    assert [work(one), work(other), work(one), work(other)] == [1, 2, 1, 2]
    assert done == [one, other]


ROUTES = (
    to("web"),
    to("api"),
    to("web", uri={"prefix": "/"}),
    to("web", uri={"prefix": "/a"}),
    to("web", uri={"prefix": "/a/b"}),
    to("api", uri={"exact": "/a/b"}),
    to("api", uri={"regex": "/a.*"}),
    to("web", uri={"prefix": "/"}, headers={"x": {"exact": "1"}}),
    to("api", headers={"x": {"exact": "1"}}),
    to("api", uri={"prefix": "/A"}, ignoreUriCase=True),
    to("api", uri={"prefix": "/a"}, ignoreUriCase=True),
)


def test_routes_that_hide_others() -> None:
    server = Server("shop/front", 0, ("*",), 80, 80, "", "HTTP")
    routed = [virtual_service(f"shop/vs{n % 8}", ["*"], ["shop/front"], http=[one]) for n, one in enumerate(ROUTES)]
    all_conditions = [one for entry in routed for one in conditions_of(entry, server)]
    hidden = 0
    for conditions in permutations(all_conditions, 4):
        expected = one_by_one(conditions)
        assert list(hidden_conditions(list(conditions))) == expected
        hidden += len(expected)
    assert hidden > 1000


def one_by_one(conditions: tuple[Condition, ...]) -> list[tuple[Condition, Condition]]:
    """Each with all before it."""
    result = []
    for index, later in enumerate(conditions):
        for one in conditions[:index]:
            if one.virtual_service != later.virtual_service and one.hides(later) and one.action != later.action:
                result.append((one, later))
                break
    return result
