# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which route takes a request, and whether the gateway answers it by itself."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._istio.requests import Request
from ansible_collections.gatehouse.istio.plugins.module_utils._wait.own_answers import own_statuses

URL = "https://shop.example.com:8443/V1/a?x=1&y="


def closed(*matches: dict[str, Any], status: int = 503) -> dict[str, Any]:
    route: dict[str, Any] = {"directResponse": {"status": status}}
    return {**route, "match": list(matches)} if matches else route


SERVED: dict[str, Any] = {"route": [{"destination": {"host": "web"}}]}
TAKEN: list[dict[str, Any]] = [
    {"uri": {"prefix": "/V1/"}},
    {"uri": {"exact": "/v1/a"}, "ignoreUriCase": True},
    {"uri": {"regex": "/V[0-9]+/.*"}},
    {"port": 443, "name": "closed"},
    {"method": {"exact": "PUT"}},
    {"scheme": {"exact": "https"}},
    {"authority": {"prefix": "shop.example.com"}},
    {"headers": {"X-Beta": {"exact": "1"}}},
    {"headers": {"x-beta": {}}},
    {"withoutHeaders": {"x-alpha": {}}},
    {"queryParams": {"x": {"regex": "[0-9]"}, "y": {}}},
    {"uri": {"prefix": "/"}},
    {"gateways": ["shop/front"]},
    {"withoutHeaders": {"x-alpha": {"exact": "1"}}},
]
LEFT: list[dict[str, Any]] = [
    {"uri": {"exact": "/V1/"}},
    {"uri": {"prefix": "/v1"}},
    {"uri": {"regex": "/V"}},
    {"uri": {"regex": "(?P<x"}},
    {"port": 80},
    {"method": {"exact": "GET"}},
    {"authority": {"exact": "shop.example.com"}},
    {"headers": {"x-beta": {"prefix": "2"}}},
    {"headers": {"x-alpha": {}}},
    {"withoutHeaders": {"x-beta": {"exact": "1"}}},
    {"queryParams": {"z": {"exact": "1"}}},
    {"sourceNamespace": "shop"},
    {"gateways": ["shop/other"]},
]


def statuses(*routes: dict[str, Any]) -> tuple[int, ...]:
    request = Request.of(URL, "PUT", {"x-beta": "1"})
    return own_statuses({"spec": {"http": list(routes)}}, request, "shop/front", 443)


@pytest.mark.parametrize(("match", "takes"), [*((one, True) for one in TAKEN), *((one, False) for one in LEFT)])
def test_conditions(match: dict[str, Any], takes: bool) -> None:
    other = {"uri": {"exact": "/other"}}
    assert statuses(closed(other, match), SERVED) == ((503,) if takes else ())


def test_the_first_route_that_takes_it_answers() -> None:
    assert statuses(closed({"uri": {"prefix": "/V1"}}, status=410), closed()) == (410,)
    assert statuses({**SERVED, "match": [{"uri": {"prefix": "/V1"}}]}, closed()) == ()
    assert statuses(closed(), {**SERVED, "match": [{"uri": {"prefix": "/V1"}}]}) == (), "what takes all comes last"
    assert statuses({"redirect": {"uri": "/"}}) == ()
    assert statuses() == ()


def test_a_fault_is_an_answer_beside_the_services() -> None:
    assert statuses({**SERVED, "fault": {"abort": {"httpStatus": 503, "percentage": {"value": 50}}}}) == (503,)
    assert statuses({**SERVED, "fault": {"delay": {"fixedDelay": "1s"}}}) == ()
