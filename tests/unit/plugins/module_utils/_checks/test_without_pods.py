# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two Gateways for pods that are not there: neither serves anything yet."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find
from support.builders import cluster, exposure, gateway, http, https

CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "host-served-twice": (
        https("shop.example.com", credential="old"),
        "Gateway old/front, servers[0] has shop.example.com at port 443, too, though neither serves anything yet",
        "already serves",
    ),
    "port-taken": (
        http("old.example.com", port=443),
        "Gateway old/front, servers[0] has port 443, too, for HTTP, though neither serves anything yet",
        "already listens",
    ),
}


@pytest.mark.parametrize("code", CASES)
def test_nothing_is_served_already(code: str) -> None:
    server, message, usual = CASES[code]
    desired = exposure(tls={"credential_name": "cert"})
    by_code = {each.code: each.message for each in find(desired, cluster(gateway("old/front", server), pods=[]))}
    assert by_code.keys() == {"no-gateway-pods", code}
    assert by_code[code].startswith(message)
    unknown = cluster(gateway("old/front", server), pods=[], pods_are_known=False)
    assert usual in {each.code: each.message for each in find(desired, unknown)}[code]
