# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs playbooks with ansible-playbook, as users do, and returns the result of every task."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster.layout import REPOSITORY, cache_directory

_CALLBACKS = REPOSITORY / "tests" / "support" / "callback_plugins"


@dataclass(frozen=True)
class TaskResult:
    """The result of one task on localhost. `status`: ok, failed, ignored, skipped, unreachable."""

    name: str
    action: str
    status: str
    result: dict[str, Any]

    @property
    def changed(self) -> bool:
        return bool(self.result.get("changed"))


@dataclass(frozen=True)
class PlaybookResult:
    """The results of a run, and its output."""

    exit_code: int
    tasks: tuple[TaskResult, ...]
    output: str

    @property
    def changed(self) -> int:
        """The number of changed tasks, as in the recap."""
        return sum(task.changed for task in self.tasks if task.status == "ok")

    @property
    def failed(self) -> int:
        return sum(task.status in ("failed", "unreachable") for task in self.tasks)

    @property
    def message(self) -> str:
        """The message of the task that failed."""
        failures = [task for task in self.tasks if task.status in ("failed", "unreachable")]
        return str(failures[-1].result.get("msg", "")) if failures else ""

    def task(self, name: str) -> TaskResult:
        """The task of that name (the last, if it ran more than once); names may leave out the role's prefix."""
        found = [task for task in self.tasks if task.name in (name, *_with_any_role(task.name, name))]
        assert found, f"No task named {name!r} ran; these did: {[task.name for task in self.tasks]}"
        return found[-1]


def _with_any_role(full: str, name: str) -> tuple[str, ...]:
    role, separator, rest = full.partition(" : ")
    return (f"{role}{separator}{name}",) if rest == name else ()


def run(
    playbook: str | Path,
    extra_vars: Mapping[str, Any],
    vars_file: Path,
    check: bool = False,
    diff: bool = False,
    environment: Mapping[str, str] | None = None,
) -> PlaybookResult:
    """Run a playbook, given as its text or its path, on localhost, with further environment variables."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-") as name:
        scratch = Path(name)
        if isinstance(playbook, str):
            path = scratch / "playbook.yml"
            path.write_text(playbook)
        else:
            path = playbook
        results = scratch / "results.jsonl"
        results.touch()
        command = [str(Path(sys.executable).with_name("ansible-playbook")), str(path), "-e", f"@{vars_file}"]
        command += ["-e", json.dumps(dict(extra_vars))] if extra_vars else []
        command += ["--check"] if check else []
        command += ["--diff"] if diff else []
        done = subprocess.run(
            command,
            env=_environment(scratch, results) | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        tasks = tuple(TaskResult(**json.loads(line)) for line in results.read_text().splitlines())
    return PlaybookResult(done.returncode, tasks, done.stdout)


def _environment(scratch: Path, results: Path) -> dict[str, str]:
    """The environment without the user's own Ansible settings, which must not affect tests."""
    config = scratch / "ansible.cfg"
    config.touch()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "K8S_AUTH_"))}
    return kept | {
        "ANSIBLE_CALLBACK_PLUGINS": str(_CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "task_results",
        "ANSIBLE_COLLECTIONS_PATH": str(cache_directory() / "collections"),
        "ANSIBLE_CONFIG": str(config),
        "ANSIBLE_HOME": str(scratch / "ansible"),
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "GATEHOUSE_TASK_RESULTS": str(results),
        "KUBECONFIG": os.devnull,
        "LC_ALL": "C.UTF-8",
    }
