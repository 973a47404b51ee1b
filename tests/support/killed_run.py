# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module that is killed while it writes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.client import KubernetesClient as Door
from support.run_module import run_module


def kill_at_write(number: int, main: Callable[[], None], options: dict[str, Any]) -> None:
    """Runs the module in a process of its own, which is killed when it is about to write the object of this number."""
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(number, main, options))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def _run(number: int, main: Callable[[], None], options: dict[str, Any]) -> None:
    lock, left = threading.Lock(), [number]
    real = Door.apply

    def apply(self: Door, manifest: dict[str, Any], dry_run: bool = False) -> dict[str, Any]:
        if not dry_run:
            with lock:
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
        return real(self, manifest, dry_run)

    Door.apply = apply  # type: ignore[method-assign]  # (that is how a fault is injected)
    run_module(main, options)
