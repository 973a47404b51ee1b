# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes every task's result as a line of JSON to the file that GATEHOUSE_TASK_RESULTS names, for tests to read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.executor.task_result import CallbackTaskResult
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: task_results
type: aggregate
short_description: Writes results for the tests of this repository
description: [Writes every task's result as a line of JSON.]
author: [gatehouse.istio contributors]
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible carries no types
    """One line for each task; for a loop, the whole of it."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "task_results"

    def __init__(self) -> None:
        super().__init__()
        self._file = Path(os.environ["GATEHOUSE_TASK_RESULTS"])

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        self._write(result, "ok")

    def v2_runner_on_failed(self, result: CallbackTaskResult, ignore_errors: bool = False) -> None:
        self._write(result, "ignored" if ignore_errors else "failed")

    def v2_runner_on_skipped(self, result: CallbackTaskResult) -> None:
        self._write(result, "skipped")

    def v2_runner_on_unreachable(self, result: CallbackTaskResult) -> None:
        self._write(result, "unreachable")

    def _write(self, result: CallbackTaskResult, status: str) -> None:
        line = {
            "name": result.task_name,
            "action": result.task.action,
            "status": status,
            "result": _plain(result.result),
        }
        with self._file.open("a") as file:
            file.write(json.dumps(line) + "\n")


def _plain(value: Any) -> Any:
    """What JSON can hold: Ansible's own strings and lists become plain ones."""
    return json.loads(json.dumps(value, default=str))
