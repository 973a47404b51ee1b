# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Runs a module's flow in this process, and leaves the process as it was."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...module_utils._argspec import ArgumentSpec
from ...module_utils._flows.exposure import run_exposure
from ...module_utils._flows.exposure_info import run_info
from ...module_utils._flows.exposures import run_exposures
from ...module_utils._kubernetes.session import Session
from ...module_utils._options.argument_spec import EXPOSURE
from ...module_utils._options.exposure_list import LIST
from ...module_utils._options.info import INFO
from .task import Asked, DirectTask, Result, TaskEnd

# The items of a loop follow one another in one process.
_SESSION = Session()


@dataclass(frozen=True)
class _Module:
    spec: ArgumentSpec
    run: Callable[[Any], None]


_MODULES = {
    "istio_exposure": _Module(EXPOSURE, lambda task: run_exposure(task, _SESSION.connect)),
    "istio_exposures": _Module(LIST, run_exposures),
    "istio_exposure_info": _Module(INFO, run_info),
}


def run(asked: Asked, directory: str) -> Result:
    """The result of a module that runs in a directory, which is where relative paths of files start."""
    module = _MODULES[asked.module.rpartition(".")[2]]
    task = DirectTask(asked)
    result: Result = {}
    with _as_before(directory):
        try:
            task.read(module.spec)
            module.run(task)
        except TaskEnd as end:
            result = end.result
        except BaseException:
            _SESSION.forget()
            raise
    if result.get("failed"):
        _SESSION.forget()
    return task.cleaned(result)


@contextmanager
def _as_before(directory: str) -> Iterator[None]:
    """In the directory; the process's directory and garbage collector are then as they were."""
    before, collects, frozen = Path.cwd(), gc.isenabled(), gc.get_freeze_count()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)
        if not frozen:
            gc.unfreeze()
        (gc.enable if collects else gc.disable)()
