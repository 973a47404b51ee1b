# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Matches that no request can fulfil: found, and seen to take none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import ProbeResult
from support.run_module import Outcome


@pytest.mark.parametrize(
    "match",
    [
        {"uri": {"prefix": "api"}},
        {"uri": {"exact": "/?a=1"}},
        {"method": {"exact": "get"}},
        {"authority": {"exact": "other.example.com"}},
        {"headers": {"@request.auth.claims.groups": {"exact": "admin"}}},
    ],
    ids=lambda match: next(iter(match)),
)
def test_a_match_that_takes_no_request(
    expose: Callable[..., Outcome], answers: Callable[..., ProbeResult], namespace: str, match: dict[str, Any]
) -> None:
    host = f"a.{namespace}.test"
    destinations = [{"service": "web", "port": 80}]
    routes = [{"match": [{"uri": {"prefix": "/right"}}], "destinations": destinations}]
    routes.append({"spec": {"match": [match]}, "destinations": destinations})
    outcome = expose("shop", host, service=None, port=None, routes=routes)
    assert not outcome.failed, outcome.message
    assert [finding["code"] for finding in outcome.result["findings"]] == ["match-never-fulfilled"]
    answers(f"http://{host}/right", 200, "web")
    for path in ("/", "/api", "/?a=1"):
        answers(f"http://{host}{path}", 404)
