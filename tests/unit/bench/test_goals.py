# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Goals, by rows."""

from __future__ import annotations

import pytest

from bench.goals import Goal, goals
from bench.rows import Row


def row(peer: str, work: str, count: int, seconds: float, memory: int = 100_000_000) -> Row:
    return Row(peer, work, count, seconds, seconds, 3, 40, memory)


OURS, LOOP, KUBECTL = "istio_exposures", "k8s_loop", "kubectl_ssa"
START = row("ansible_nothing", "start", 0, 1.0)


def goal(rows: list[Row], what: str) -> Goal:
    return next(found for found in goals(rows) if found.what.startswith(what))


@pytest.mark.parametrize(
    ("what", "rows", "in_words", "verdict"),
    [
        ("20 exposures, first run", [row(OURS, "first", 20, 2), row(LOOP, "first", 20, 40)], "1/20.0", "met"),
        ("20 exposures, first run", [row(OURS, "first", 20, 4), row(LOOP, "first", 20, 40)], "1/10.0", "missed"),
        ("20 exposures, nothing", [row(OURS, "nothing", 20, 2), row(LOOP, "nothing", 20, 40)], "1/20.0", "missed"),
        ("500 exposures, first run", [row(OURS, "first", 500, 3), row(KUBECTL, "first", 500, 6)], "0.50", "met"),
        ("500 exposures, nothing", [row(OURS, "nothing", 500, 3), row(KUBECTL, "nothing", 500, 6)], "0.50", "missed"),
        (
            "10,000 exposures, nothing to do: time",
            [row(OURS, "nothing", 10000, 8), row(KUBECTL, "nothing", 10000, 100)],
            "0.08",
            "met",
        ),
        ("10,000 exposures, nothing to do: peak", [row(OURS, "nothing", 10000, 8, 499_000_000)], "499 MB", "met"),
        ("10,000 exposures, nothing to do: peak", [row(OURS, "nothing", 10000, 8, 600_000_000)], "600 MB", "missed"),
        # 1 s of starting each: 5 s for 500, so 10 ms for each; 0.1 and 0.2 ms more would be the same to the eye.
        ("First run", [START, row(OURS, "first", 500, 6), row(OURS, "first", 10000, 101)], "1.00", "met"),
        ("First run", [START, row(OURS, "first", 500, 6), row(OURS, "first", 10000, 201)], "2.00", "missed"),
        ("Removal", [START, row(OURS, "remove", 500, 6), row(OURS, "remove", 10000, 51)], "0.50", "met"),
        ("10,000 hosts", [row("checks", "all new", 10000, 1.5)], "1.50 s", "met"),
        ("10,000 hosts", [row("checks", "all new", 10000, 2.5)], "2.50 s", "missed"),
    ],
)
def test_a_goal(what: str, rows: list[Row], in_words: str, verdict: str) -> None:
    found = goal(rows, what)
    assert (found.in_words, found.verdict) == (in_words, verdict)


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert {found.verdict for found in goals([])} == {"not measured"}
    failed = Row(KUBECTL, "first", 500, error="Error")
    assert goal([row(OURS, "first", 500, 3), failed], "500 exposures, first run").verdict == "not measured"


def test_every_shape_of_the_checks_is_told() -> None:
    rows = [row("checks", shape, count, 1) for shape in ("all new", "one gateway") for count in (500, 10000)]
    assert [found.what for found in goals(rows)][-2:] == [
        "10,000 hosts, the checks alone: all new",
        "10,000 hosts, the checks alone: one gateway",
    ]
