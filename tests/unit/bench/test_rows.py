# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows: made of runs, written and read."""

from __future__ import annotations

import json
from pathlib import Path

from bench import rows
from bench.rows import Measurement, Row

RUNS = [Measurement(2.0, 1.5, 300, 42), Measurement(1.0, 0.5, 100, 40), Measurement(4.0, 3.0, 200, 41)]
ROW = Row("helm", "first", 20, 1.0, 2.0, 3, 42, 300, 1.5)


def test_a_row_of_runs() -> None:
    assert Row.of("helm", "first", 20, RUNS) == ROW


def test_rows_of_a_file(tmp_path: Path) -> None:
    failed = Row("helm", "first", 10000, error="Error: too large")
    rows.write(tmp_path / "rows.json", [ROW, failed])
    written = json.loads((tmp_path / "rows.json").read_text())
    assert written[0] == {
        "peer": "helm",
        "work": "first",
        "count": 20,
        "seconds_min": 1.0,
        "seconds_median": 2.0,
        "repetitions": 3,
        "requests": 42,
        "peak_memory_bytes": 300,
        "cpu_seconds_median": 1.5,
    }
    assert written[1]["error"] == "Error: too large"
    assert written[1]["seconds_median"] is None
    assert rows.read(tmp_path / "rows.json") == [ROW, failed]


def test_a_row_of_others_may_say_less_and_more() -> None:
    row = Row.read({"peer": "checks", "work": "all new", "count": 500, "seconds_median": 0.1, "shape": "a"})
    assert row == Row("checks", "all new", 500, seconds_median=0.1)


def test_a_row_without_figures_is_not_found() -> None:
    failed = Row("helm", "first", 500, error="Error")
    assert rows.find([ROW, failed], "helm", "first", 20) == ROW
    assert rows.find([ROW, failed], "helm", "first", 500) is None
    assert rows.find([ROW, failed], "helm", "one", 20) is None


def test_the_checks_alone_are_no_peers_work() -> None:
    assert Row("helm", "nothing", 500).is_a_peers
    assert not Row("checks", "nothing", 500).is_a_peers
    assert not Row("ansible_nothing", "start", 0).is_a_peers
