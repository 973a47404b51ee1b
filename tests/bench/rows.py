# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of the benchmark: one row for each peer, work and count. Pure, except for reading and writing the file."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

WORKS = ("first", "nothing", "one", "remove")
CHECKS = "checks"  # not a peer: the checks alone


@dataclass(frozen=True)
class Measurement:
    """One run of a peer."""

    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    requests: int


@dataclass(frozen=True)
class Row:
    """All runs of a peer for one work and count. With an error, there are no figures."""

    peer: str
    work: str
    count: int
    seconds_min: float | None = None
    seconds_median: float | None = None
    repetitions: int | None = None
    requests: int | None = None
    peak_memory_bytes: int | None = None
    cpu_seconds_median: float | None = None
    error: str | None = None

    @property
    def is_a_peers(self) -> bool:
        """Whether this is a peer's work on the cluster, and not the time to start or the checks alone."""
        return self.work in WORKS and self.peer != CHECKS

    @staticmethod
    def of(peer: str, work: str, count: int, runs: Sequence[Measurement]) -> Row:
        """The row of these runs, with the maximum of requests and memory."""
        return Row(
            peer=peer,
            work=work,
            count=count,
            seconds_min=round(min(run.seconds for run in runs), 3),
            seconds_median=round(statistics.median(run.seconds for run in runs), 3),
            repetitions=len(runs),
            requests=max(run.requests for run in runs),
            peak_memory_bytes=max(run.peak_memory_bytes for run in runs),
            cpu_seconds_median=round(statistics.median(run.cpu_seconds for run in runs), 3),
        )

    @staticmethod
    def read(row: dict[str, Any]) -> Row:
        """A row of a file. Unknown fields are ignored."""
        return Row(**{field.name: row[field.name] for field in fields(Row) if field.name in row})


def write(file: Path, rows: Iterable[Row]) -> None:
    """Write all rows, one per line. The error is left out if there is none."""
    lines = [json.dumps({key: value for key, value in asdict(row).items() if key != "error" or value}) for row in rows]
    file.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def read(file: Path) -> list[Row]:
    return [Row.read(row) for row in json.loads(file.read_text(encoding="utf-8"))]


def find(rows: Iterable[Row], peer: str, work: str, count: int) -> Row | None:
    """The row, if it exists and has figures."""
    return next((row for row in rows if (row.peer, row.work, row.count) == (peer, work, count) and not row.error), None)
