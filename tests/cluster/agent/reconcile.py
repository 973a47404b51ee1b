# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's loop: after every change, makes the running processes match the cluster's objects."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol

from cluster.api import ApiError
from cluster.errors import ClusterError
from cluster.layout import Layout
from cluster.processes import Process, processes_of, stop

_log = logging.getLogger(__name__)
# Interval of the loop while something is in progress, and when all is done (a process may have died).
_PENDING_SECONDS = 0.1
_SETTLED_SECONDS = 1.0
# The last message about each item: the same message is logged once, however often it occurs.
_refusals: dict[str, str] = {}


class Reconciler(Protocol):
    """One kind of process for one kind of object. Every step may be repeated and never blocks for long."""

    def reconcile(self) -> bool:
        """Make the running processes match the cluster's objects. Returns whether all is done."""


def run(
    reconcilers: Sequence[Reconciler],
    wake: threading.Event,
    ending: threading.Event,
    report: Callable[[bool], None],
) -> None:
    """Reconcile until `ending` is set, and report after every round whether all is done."""
    while not ending.is_set():
        wake.clear()
        settled = True
        for reconciler in reconcilers:
            settled = reconciler.reconcile() and settled
        report(settled)
        if not wake.wait(_PENDING_SECONDS):
            _wait_for_either(wake, ending, 0.0 if not settled else _SETTLED_SECONDS)


def _wait_for_either(wake: threading.Event, ending: threading.Event, seconds: float) -> None:
    waited = 0.0
    while waited < seconds and not ending.is_set() and not wake.wait(_PENDING_SECONDS):
        waited += _PENDING_SECONDS


def each[T](items: Iterable[T], step: Callable[[T], bool], name: Callable[[T], str]) -> bool:
    """Take the step for every item, also after an error of one. Returns whether all are done."""
    settled = True
    for item in items:
        try:
            settled &= step(item)
        except (ApiError, ClusterError, OSError) as error:
            settled = False
            if _refusals.get(name(item)) != str(error):
                _log.warning("%s: %s", name(item), error)
            _refusals[name(item)] = str(error)
        else:
            _refusals.pop(name(item), None)
    return settled


def may_start(process: Process) -> bool:
    """Whether to start a process that is not running. A process that has just died is reported, and started later."""
    if process.died_young():
        return False
    if process.died():
        _log.warning(process.death_notice())
    return True


def end_others(layout: Layout, prefix: str, wanted: Collection[str], reason: str) -> list[Process]:
    """Stop the processes with this prefix that are not wanted. Returns those that were stopped."""
    gone = [p for p in processes_of(layout) if p.name.startswith(prefix) and p.name not in wanted]
    if gone:
        _log.info("%s ends: %s", ", ".join(process.name for process in gone), reason)
        stop(gone, grace=3)
    return gone
