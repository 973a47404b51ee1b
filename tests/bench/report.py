# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows as tables, for the terminal and for docs/benchmark.md. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from bench.goals import Goal
from bench.rows import WORKS, Row

BEGIN, END = "<!-- figures: begin (`make bench DOCS=1` writes them) -->", "<!-- figures: end -->"
_HEADER = ("peer", "first run", "nothing to do", "one changed", "all removed", "requests", "memory", "repetitions")
_NONE = "-"
Table = list[tuple[str, ...]]


class ReportError(Exception):
    """The document lacks the markers for the figures."""


def tables(rows: Sequence[Row]) -> dict[int, Table]:
    """A table for each count, with a line for each peer. Seconds are medians."""
    result = {}
    works = sorted((row for row in rows if row.is_a_peers and row.count), key=lambda row: row.count)
    for count, at_count in itertools.groupby(works, key=lambda row: row.count):
        by_peer: dict[str, dict[str, Row]] = {}
        for row in at_count:
            by_peer.setdefault(row.peer, {})[row.work] = row
        result[count] = [_HEADER, *(_line(peer, of) for peer, of in by_peer.items())]
    return result


def _line(peer: str, of: dict[str, Row]) -> tuple[str, ...]:
    cells = tuple("failed" if work in of and of[work].error else _seconds(of.get(work)) for work in WORKS)
    done = [of[work] for work in WORKS if work in of and not of[work].error]
    if not done:
        return (peer, *cells, _NONE, _NONE, _NONE)
    requests = " / ".join(f"{row.requests:,}" for row in done if row.requests is not None)
    memory = max(row.peak_memory_bytes or 0 for row in done)
    return (peer, *cells, requests, f"{memory / 1e6:.0f} MB", str(done[0].repetitions or _NONE))


def _seconds(row: Row | None) -> str:
    if row is None or row.seconds_median is None:
        return _NONE
    return f"{row.seconds_median:.2f} s" if row.seconds_median < 10 else f"{row.seconds_median:.1f} s"


def others(rows: Iterable[Row]) -> Table:
    """The tables of the time to start, and of the checks alone."""
    result = [row for row in rows if not row.is_a_peers and not row.error]
    lines = [
        (f"{row.peer}: {row.work}", f"{row.count:,}" if row.count else _NONE, _seconds(row))
        for row in sorted(result, key=lambda row: (row.peer, row.work, row.count))
    ]
    return [("what", "exposures", "time"), *lines]


def goal_table(result: Iterable[Goal]) -> Table:
    lines = [(goal.what, f"≤ {goal.goal}", goal.in_words, goal.verdict) for goal in result]
    return [("goal", "at most", "measured", ""), *lines]


def errors(rows: Iterable[Row]) -> list[str]:
    return [f"{row.peer}, {row.count:,} exposures, {row.work}: {row.error}" for row in rows if row.error]


def as_text(table: Table) -> str:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table)
    return "\n".join(lines)


def as_markdown(table: Table) -> str:
    header, *lines = (f"| {' | '.join(cell or ' ' for cell in line)} |" for line in table)
    return "\n".join([header, f"|{' --- |' * len(table[0])}", *lines])


def terminal(rows: Sequence[Row], result: Iterable[Goal]) -> str:
    parts = [f"{count:,} exposures\n{as_text(table)}" for count, table in tables(rows).items()]
    parts += [as_text(others(rows)), as_text(goal_table(result)), *errors(rows)]
    return "\n\n".join(parts)


def figures(rows: Sequence[Row], result: Iterable[Goal], environment: str) -> str:
    """The part of docs/benchmark.md that is generated from the rows."""
    parts = ["## Goals", as_markdown(goal_table(result)), "## Figures", environment]
    parts += ["![Seconds over count, for each work and peer](benchmark.svg)"]
    parts += [f"### {count:,} exposures\n\n{as_markdown(table)}" for count, table in tables(rows).items()]
    parts += ["### Starting, and the checks alone", as_markdown(others(rows))]
    if failed := errors(rows):
        parts += ["### What failed", "\n".join(f"- {line}" for line in failed)]
    return "\n\n".join(parts)


def with_figures(document: str, new: str) -> str:
    """The document with new figures. The text around them stays."""
    head, begin, rest = document.partition(BEGIN)
    _old, end, tail = rest.partition(END)
    if not (begin and end):
        raise ReportError(f"docs/benchmark.md: put the lines '{BEGIN}' and '{END}' where the figures belong.")
    return f"{head}{BEGIN}\n\n{new}\n\n{END}{tail}"
