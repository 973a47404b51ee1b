# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios: the same one for the same seed and number."""

from __future__ import annotations

from random import Random
from typing import Any

from oracle import byhand, own
from oracle.program import Scenario
from oracle.promises import full_name
from oracle.world import always, created

_MESHES: tuple[dict[str, Any], ...] = (
    {"defaultVirtualServiceExportTo": ["."]},
    {"defaultServiceExportTo": ["."]},
    {"defaultServiceExportTo": ["istio-ingress"]},
    {"defaultDestinationRuleExportTo": ["."]},
)


def scenario(seed: int, number: int) -> Scenario:
    """One to three exposures, objects by hand beside them, and often something that is wrong."""
    random = Random(f"{seed}/{number}")  # noqa: S311  (repeatable is what it must be)
    objects = always()
    with_hands = random.random() < 0.6
    if with_hands:
        objects += byhand.gateways(random)
    count = random.choice((0, 1, 1, 2, 3) if with_hands else (1, 2, 2, 3))
    newest = random.randrange(2 * count) if count else 0
    writing = ""
    for index in range(count):
        wanted = own.options(random, f"e{index}")
        if index == newest:
            writing = f"{wanted['namespace']}/{wanted['name']}"
        objects = own.written(wanted, objects, created(60 if index == newest else random.randrange(60)))
    if with_hands:
        names = [full_name(entry) for entry in objects if entry["kind"] == "Gateway"]
        objects += byhand.virtual_services(random, names)
    objects = byhand.twisted(random, objects, random.choice((0, 0, 0, 1, 1, 2)))
    mesh = random.choice(({},) * 9 + _MESHES)
    if any(entry["kind"] == "Ingress" for entry in objects):
        mesh = {**mesh, "ingressSelector": "public", "ingressService": "public"}
    return Scenario(tuple(objects), mesh, random.random() < 0.05, writing)
