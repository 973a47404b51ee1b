# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that outlive the command that started them, identified by their pid files."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cluster.errors import ClusterError
from cluster.layout import Layout, write_private

_YOUNG_SECONDS = 2.0
_KILL_SECONDS = 10.0
# Programs that this process started. It must read their exit codes, or they stay zombies.
_children: set[int] = set()


@dataclass(frozen=True)
class Program:
    """What to run. `key` identifies its configuration: a running process with another key must be restarted."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    key: str = ""


@dataclass(frozen=True)
class Record:
    """Content of a pid file. Pid, start time and boot identify a process uniquely; a pid alone is reused."""

    pid: int
    start_time: int
    boot: str
    since: float
    where: str
    key: str


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_time(pid: int) -> int | None:
    """Start time of the process, in clock ticks since boot; None if it does not exist or is a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name in parentheses, which may contain spaces and parentheses.
    state, *rest = stat.rpartition(")")[2].split()
    return None if state in "ZX" else int(rest[18])


class Process:
    """One part of a cluster: its pid file, its log file, and whether it is running."""

    def __init__(self, layout: Layout, name: str) -> None:
        self.name = name
        self.pid_file = layout.run / f"{name}.pid"
        self.log_file = layout.log / f"{name}.log"

    def record(self) -> Record | None:
        """The pid file's content; None if it does not exist or cannot be parsed."""
        try:
            return Record(**json.loads(self.pid_file.read_text()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            self.pid_file.unlink(missing_ok=True)
            return None

    def running(self) -> Record | None:
        """The record, if that process is still running."""
        record = self.record()
        if record is None or record.boot != boot_id():
            return None
        started = start_time(record.pid)
        if started is None and record.pid in _children:
            _children.remove(record.pid)
            os.waitpid(record.pid, 0)
        return record if started == record.start_time else None

    def died(self) -> bool:
        """Whether it was started, was not stopped, and is no longer running."""
        return self.record() is not None and self.running() is None

    def died_young(self) -> bool:
        """Whether it died right after its start, so that it should not be started again at once."""
        record = self.record()
        return record is not None and self.died() and time.time() - record.since < _YOUNG_SECONDS

    def start(self, program: Program) -> None:
        """Start the program detached, with its own session and process group, and output to the log file."""
        with open(os.open(self.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            log.write(f"--- {time.strftime('%Y-%m-%d %H:%M:%S')} {program.command[0]} starts\n".encode())
            log.flush()
            child = subprocess.Popen(
                program.command,
                env={**_inherited_environment(), **program.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.pid_file.parent,
                umask=0o077,
                start_new_session=True,
            )
        _children.add(child.pid)
        # From here on, the pid file is used. Without an exit code, the object would warn when it is dropped.
        child.returncode = 0
        record = Record(child.pid, start_time(child.pid) or 0, boot_id(), time.time(), program.where, program.key)
        write_private(self.pid_file, json.dumps(asdict(record)))

    def ensure(self, program: Program) -> bool:
        """Start the program unless it is running with the same key. Returns whether it was started."""
        record = self.running()
        if record is not None and record.key == program.key:
            return False
        stop([self])
        self.start(program)
        return True

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of the log, for messages."""
        try:
            with open(self.log_file, "rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - 64 * 1024))
                text = log.read().decode(errors="replace")
        except FileNotFoundError:
            return "(no log)"
        return "\n".join(text.splitlines()[-lines:])

    def death_notice(self) -> str:
        """Which part died, and the end of its log."""
        return f"{self.name} died; the end of {self.log_file}:\n{_indent(self.log_tail())}"


def _indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _inherited_environment() -> dict[str, str]:
    """The variables that every program needs. Others of the user's shell must not affect the cluster."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ", "TMPDIR") if name in os.environ}


def processes_of(layout: Layout) -> list[Process]:
    """Every part with a pid file, in the order of their start."""
    found = [Process(layout, path.name.removesuffix(".pid")) for path in layout.run.glob("*.pid")]
    records = [(process, process.record()) for process in found]
    return [process for process, record in sorted(records, key=lambda pair: pair[1].since if pair[1] else 0.0)]


def stop(processes: Iterable[Process], grace: float = 8.0) -> None:
    """Stop the processes and their groups: SIGTERM to all, SIGKILL to those that remain after `grace` seconds."""
    running = _signal_running(processes, signal.SIGTERM)
    running = _signal_running(_wait_for_end(running, grace), signal.SIGKILL)
    if left := _wait_for_end(running, _KILL_SECONDS):
        names = ", ".join(process.name for process in left)
        raise ClusterError(f"The kernel does not end {names}, not even by SIGKILL; see `status`, and try again later.")


def _signal_running(processes: Iterable[Process], number: signal.Signals) -> list[Process]:
    """Signal those that are running, and remove the records of others. Returns those that were signalled."""
    signalled = []
    for process in processes:
        record = process.running()
        if record is None:
            process.pid_file.unlink(missing_ok=True)
        else:
            with contextlib.suppress(ProcessLookupError):  # it ended before the signal
                os.killpg(record.pid, number)
            signalled.append(process)
    return signalled


def _wait_for_end(processes: list[Process], seconds: float) -> list[Process]:
    """Remove the records of those that end within the time. Returns the others."""
    deadline = time.monotonic() + seconds
    left = processes
    while left and time.monotonic() < deadline:
        for process in left:
            if process.running() is None:
                process.pid_file.unlink(missing_ok=True)
        left = [process for process in left if process.record() is not None]
        time.sleep(0.02 if left else 0)
    return left
