# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What those who write objects mean: which requests a route is for, and what nobody misses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from oracle.envoy import Outcome
from oracle.program import Scenario
from oracle.promises import Place, Server, full_name, narrowness, servers_of


def may_be(condition: Mapping[str, str] | None, host: str) -> bool:
    """Whether a match of the authority takes a host."""
    if not condition:
        return True
    if "regex" in condition:
        return re.fullmatch(condition["regex"], host) is not None
    return host == condition.get("exact") or host.startswith(condition.get("prefix", "/"))


def is_sent_to_https(server: Server, outcome: Outcome) -> bool:
    return server.kind == "http" and outcome.location.startswith("https:")


def is_redirected_by_narrower(place: Place, scenario: Scenario) -> bool:
    """Whether a server that redirects has the host in particular, and this one has it by a wildcard."""
    mine = narrowness(place.host, place.server.names)
    servers = [server for entry in scenario.of_kind("Gateway") for server in servers_of(entry)]
    return any(server.redirects and narrowness(place.host, server.names) > mine for server in servers)


def is_for_narrower_host(other: str, place: Place, scenario: Scenario) -> bool:
    """Whether the other VirtualService is for this host in particular, and the place's has it by a wildcard."""
    hosts = {full_name(entry): entry["spec"].get("hosts") or [] for entry in scenario.of_kind("VirtualService")}
    return narrowness(place.host, hosts.get(other, [])) > narrowness(place.host, hosts[place.virtual_service])


def delegated(route: Mapping[str, Any], namespace: str, scenario: Scenario) -> list[Mapping[str, Any]]:
    """The routes of a route's delegate."""
    wanted = route.get("delegate") or {}
    name = f"{wanted.get('namespace', namespace)}/{wanted.get('name')}"
    delegates = [entry for entry in scenario.of_kind("VirtualService") if full_name(entry) == name]
    return [each for entry in delegates for each in entry["spec"].get("http") or []]
