# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The goals of istio_exposures, and whether the rows reach them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.rows import CHECKS, Row, find

OURS = "istio_exposures"
_WORKS = {"first": "first run", "nothing": "nothing to do", "remove": "removal"}
_MEMORY_BYTES = 500_000_000
_CHECK_SECONDS = 2.0
_GROWTH = 1.5


@dataclass(frozen=True)
class Goal:
    """Reached if the measured value is below the limit. Both are also given as text."""

    what: str
    goal: str
    limit: float
    measured: float | None
    in_words: str = "-"

    @property
    def verdict(self) -> str:
        if self.measured is None:
            return "not measured"
        return "met" if self.measured <= self.limit else "missed"


def goals(rows: Sequence[Row]) -> list[Goal]:
    """All goals. Medians of times are compared."""
    return [
        _fraction(rows, "first", 15),
        _fraction(rows, "nothing", 30),
        _ratio(rows, "first", 500, 0.6),
        _ratio(rows, "nothing", 500, 0.3),
        _ratio(rows, "nothing", 10000, 0.1),
        _memory(rows),
        *(_growth(rows, work) for work in ("first", "nothing", "remove")),
        *_checks(rows),
    ]


def _quotient(rows: Sequence[Row], work: str, count: int, other: str) -> float | None:
    ours, theirs = find(rows, OURS, work, count), find(rows, other, work, count)
    if not (ours and theirs and ours.seconds_median and theirs.seconds_median):
        return None
    return ours.seconds_median / theirs.seconds_median


def _fraction(rows: Sequence[Row], work: str, parts: int) -> Goal:
    """Time in proportion to the loop of tasks, as text such as 1/15."""
    what, goal = f"20 exposures, {_WORKS[work]}: time against k8s_loop", f"1/{parts}"
    measured = _quotient(rows, work, 20, "k8s_loop")
    return Goal(what, goal, 1 / parts, measured, f"1/{1 / measured:.1f}") if measured else Goal(what, goal, 0, None)


def _ratio(rows: Sequence[Row], work: str, count: int, limit: float) -> Goal:
    what = f"{count:,} exposures, {_WORKS[work]}: time against kubectl_ssa"
    measured = _quotient(rows, work, count, "kubectl_ssa")
    return Goal(what, f"{limit}", limit, measured, f"{measured:.2f}") if measured else Goal(what, f"{limit}", 0, None)


def _memory(rows: Sequence[Row]) -> Goal:
    what, goal = "10,000 exposures, nothing to do: peak of memory", f"{_MEMORY_BYTES / 1e6:.0f} MB"
    row = find(rows, OURS, "nothing", 10000)
    if not (row and row.peak_memory_bytes):
        return Goal(what, goal, _MEMORY_BYTES, None)
    return Goal(what, goal, _MEMORY_BYTES, row.peak_memory_bytes, f"{row.peak_memory_bytes / 1e6:.0f} MB")


def _growth(rows: Sequence[Row], work: str) -> Goal:
    """How much more an exposure costs among 10,000 than among 500.

    The time to start Ansible is subtracted from both. Divided by more exposures, it would hide the growth of the rest.
    """
    what = f"{_WORKS[work]}: seconds for each exposure, of 10,000 against of 500".capitalize()
    few, many = find(rows, OURS, work, 500), find(rows, OURS, work, 10000)
    start = find(rows, "ansible_nothing", "start", 0)
    if not (few and many and start and few.seconds_median and many.seconds_median and start.seconds_median):
        return Goal(what, f"{_GROWTH}", _GROWTH, None)
    of_few = max(few.seconds_median - start.seconds_median, 0.001) / 500
    measured = (many.seconds_median - start.seconds_median) / 10000 / of_few
    return Goal(what, f"{_GROWTH}", _GROWTH, measured, f"{measured:.2f}")


def _checks(rows: Sequence[Row]) -> list[Goal]:
    what, goal = "10,000 hosts, the checks alone", f"{_CHECK_SECONDS:.0f} s"
    result = [row for row in rows if row.peer == CHECKS and row.count == 10000 and row.seconds_median is not None]
    return [
        Goal(f"{what}: {row.work}", goal, _CHECK_SECONDS, row.seconds_median, f"{row.seconds_median:.2f} s")
        for row in result
    ] or [Goal(what, goal, _CHECK_SECONDS, None)]
