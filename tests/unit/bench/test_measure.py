# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time, CPU time and memory of real processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from bench import measure

MIB = 2**20
# Each of two processes, one started by the other, holds memory of its own at the same time.
_FAMILY = """
import subprocess, sys, time
ballast = bytearray(60 * 2**20)
if len(sys.argv) == 1:
    subprocess.run([sys.executable, __file__, "child"], check=True)
else:
    time.sleep(1)
"""


def run(tmp_path: Path, *command: str) -> dict[str, float]:
    result = tmp_path / "result.json"
    subprocess.run([sys.executable, "-I", "-S", measure.__file__, str(result), *command], check=True)
    answer: dict[str, float] = json.loads(result.read_text())
    return answer


def test_time_is_from_start_to_exit(tmp_path: Path) -> None:
    measured = run(tmp_path, "sleep", "0.3")
    assert measured["exit_code"] == 0
    assert 0.3 <= measured["seconds"] < 5
    assert measured["cpu_seconds"] < measured["seconds"]


def test_a_failure_is_told(tmp_path: Path) -> None:
    assert run(tmp_path, "sh", "-c", "exit 3")["exit_code"] == 3


def test_memory_of_all_descendants_counts(tmp_path: Path) -> None:
    script = tmp_path / "family.py"
    script.write_text(_FAMILY)
    assert 120 * MIB < run(tmp_path, sys.executable, str(script))["peak_memory_bytes"] < 240 * MIB


def test_memory_of_a_process_too_short_for_a_look(tmp_path: Path) -> None:
    code = "bytearray(60 * 2**20)"
    assert run(tmp_path, sys.executable, "-I", "-S", "-c", code)["peak_memory_bytes"] > 60 * MIB


def test_a_process_that_is_gone_has_no_memory() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert measure.memory(ended.pid) == 0
    assert measure.process_tree(ended.pid) == [ended.pid]
