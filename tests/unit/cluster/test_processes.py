# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes are known by pid and start time, and only what is ours is ended."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from cluster.layout import Layout
from cluster.processes import Process, Program, Record, boot_id, processes_of, start_time, stop

SLEEP = Program("sleeper", ("sleep", "600"), key="one")


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    layout = Layout(tmp_path / "cluster")
    layout.make()
    yield layout
    stop(processes_of(layout))


def started(layout: Layout, program: Program = SLEEP) -> tuple[Process, Record]:
    process = Process(layout, program.name)
    process.start(program)
    record = process.running()
    assert record is not None
    return process, record


def test_a_started_program_is_a_session_of_its_own(layout: Layout) -> None:
    _process, record = started(layout)
    assert os.getsid(record.pid) == record.pid
    assert record.start_time == start_time(record.pid)


def test_its_environment_holds_nothing_of_the_users(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/somewhere")
    process, record = started(layout, Program("env", ("sh", "-c", "env; sleep 600"), {"ONLY": "this"}))
    assert record.pid
    deadline = time.monotonic() + 5
    while "ONLY=this" not in process.log_tail() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "ONLY=this" in process.log_tail()
    assert "KUBECONFIG" not in process.log_tail()


def test_only_the_owner_can_read_its_files(layout: Layout) -> None:
    process, _record = started(layout)
    for path in (process.pid_file, process.log_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_stop_ends_the_whole_group(layout: Layout) -> None:
    process, _record = started(layout, Program("shell", ("sh", "-c", "sleep 600 & echo $!; wait")))
    while not process.log_tail(1).isdigit():
        time.sleep(0.01)
    child = int(process.log_tail(1))
    stop([process])
    assert process.record() is None
    deadline = time.monotonic() + 5
    while start_time(child) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert start_time(child) is None


def test_what_ignores_sigterm_is_killed(layout: Layout) -> None:
    process, record = started(
        layout, Program("stubborn", ("sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done"))
    )
    while process.log_tail(1) != "up":
        time.sleep(0.01)
    stop([process], grace=0.1)
    assert start_time(record.pid) is None


def test_a_killed_program_has_died(layout: Layout) -> None:
    process, record = started(layout, Program("talker", ("sh", "-c", "echo last words; exec sleep 600")))
    while process.log_tail(1) != "last words":
        time.sleep(0.01)
    assert not process.died()
    os.kill(record.pid, signal.SIGKILL)
    while process.running():
        time.sleep(0.01)
    assert process.died()
    assert process.died_young()
    notice = process.death_notice().splitlines()
    assert notice[0] == f"talker died; the end of {process.log_file}:"
    assert notice[-1] == "    last words"


def test_a_stopped_program_has_not_died(layout: Layout) -> None:
    process, _record = started(layout)
    stop([process])
    assert not process.died()


@pytest.mark.parametrize(
    "change",
    [{"start_time": 1}, {"boot": "the boot before"}],
    ids=["recycled pid", "same pid and time, before a reboot"],
)
def test_a_pid_that_belongs_to_somebody_else_is_left_alone(layout: Layout, change: dict[str, object]) -> None:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as bystander:
        record = Record(bystander.pid, start_time(bystander.pid) or 0, boot_id(), time.time(), "", "")
        process = Process(layout, "stale")
        process.pid_file.write_text(json.dumps(asdict(replace(record, **change))))  # type: ignore[arg-type]  # ids above
        assert process.running() is None
        stop([process])
        assert bystander.poll() is None
        assert process.record() is None
        bystander.kill()


def test_a_pid_file_that_makes_no_sense_is_none(layout: Layout) -> None:
    process = Process(layout, "odd")
    process.pid_file.write_text("12345")
    assert process.record() is None
    assert not process.died()


def test_ensure_starts_once_for_each_key(layout: Layout) -> None:
    process = Process(layout, "sleeper")
    assert process.ensure(SLEEP)
    first = process.running()
    assert not process.ensure(SLEEP)
    assert process.running() == first
    assert process.ensure(replace(SLEEP, key="two"))
    assert process.running() != first


def test_processes_come_in_the_order_of_their_start(layout: Layout) -> None:
    for name in ("b", "c", "a"):
        started(layout, replace(SLEEP, name=name))
    assert [process.name for process in processes_of(layout)] == ["b", "c", "a"]
