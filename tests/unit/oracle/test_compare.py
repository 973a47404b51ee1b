# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables by which findings and breakages are compared, and how a disagreement gets small."""

from __future__ import annotations

import json

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import CHECKS
from oracle.compare import EXPLAINS, NOT_JUDGED
from oracle.generate import scenario
from oracle.program import Scenario
from oracle.shrink import shrunk


def test_the_oracle_knows_every_check() -> None:
    """A new check says what it explains, or that istiod's configuration does not show it."""
    assert EXPLAINS.keys() | NOT_JUDGED == {check.code for check in CHECKS}
    assert not EXPLAINS.keys() & NOT_JUDGED


def test_a_scenario_is_the_same_for_the_same_seed_and_number() -> None:
    def text(seed: int, number: int) -> str:
        objects = [entry for entry in scenario(seed, number).objects if entry["kind"] != "Secret"]
        return json.dumps(objects)

    assert text(1, 5) == text(1, 5)
    assert text(1, 5) != text(2, 5)


def test_what_does_not_matter_is_left_out() -> None:
    given = scenario(1, 5)

    def is_routed(smaller: Scenario) -> bool:
        return any(entry["spec"].get("http") for entry in smaller.of_kind("VirtualService"))

    assert is_routed(given)
    (left,) = shrunk(given, is_routed).objects
    assert left["kind"] == "VirtualService"
    assert len(left["spec"]["http"]) == 1
