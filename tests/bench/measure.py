# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one command and measures it: `python -I -S measure.py RESULT.json COMMAND...`.

This is a small separate program, because the kernel also counts the memory of a program's parent as the program's.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

_SAMPLE_SECONDS = 0.1


def process_tree(pid: int) -> list[int]:
    """The process and all its descendants."""
    result = [pid]
    for parent in result:  # grows during the loop
        with contextlib.suppress(OSError):  # it has ended in the meantime
            for thread in Path(f"/proc/{parent}/task").iterdir():
                result += [int(child) for child in (thread / "children").read_text().split()]
    return result


def memory(pid: int) -> int:
    """Memory of a process in bytes. Shared memory is divided among its processes, so that sums are right."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


class MemorySampler(threading.Thread):
    """Samples the memory of a process and its descendants, ten times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._pid = pid
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            self.peak = max(self.peak, sum(memory(pid) for pid in process_tree(self._pid)))

    def end(self) -> int:
        self._ended.set()
        self.join()
        return self.peak


def measured(command: list[str]) -> dict[str, float]:
    """Wall-clock seconds, CPU seconds and peak memory of the command and all its descendants."""
    began = time.monotonic()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    sampler = MemorySampler(child.pid)
    sampler.start()
    _pid, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    # A process may have used more between two samples. The kernel knows the peak of the largest one (in KiB).
    peak = max(sampler.end(), usage.ru_maxrss * 1024)
    return {
        "exit_code": child.returncode,
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_memory_bytes": peak,
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(measured(sys.argv[2:])))
