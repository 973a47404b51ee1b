# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matches of routes, as promises: who asks for this gets that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Rule:
    """One match of a route (or a route without one); conditions is the match."""

    protocol: str
    index: int
    number: int | None
    conditions: Mapping[str, Any]
    route: Mapping[str, Any]
    namespace: str

    def __str__(self) -> str:
        return f"{self.protocol}[{self.index}]{'' if self.number is None else f'.match[{self.number}]'}"

    @property
    def action(self) -> dict[str, Any]:
        return action_of(self.route, self.namespace)


def action_of(route: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    """What a route does, with full names of destinations."""
    action = {key: value for key, value in route.items() if key not in ("match", "name")}
    for part in ("route", "mirrors"):
        if part in action:
            action[part] = [
                {**entry, "destination": with_full_host(entry.get("destination") or {}, namespace)}
                for entry in action[part] or []
            ]
    return {**action, "mirror": with_full_host(action["mirror"], namespace)} if "mirror" in action else action


def with_full_host(destination: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    host = str(destination.get("host"))
    return {**destination, "host": host if "." in host else f"{host}.{namespace}.svc.cluster.local"}
