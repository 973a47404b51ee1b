# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.
"""Carries out the jobs of a list, many at a time, and keeps account: what is done, what failed, what was not tried."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from .._apply.apply import (
    Result,
    UnfinishedError,
    carry_out,
    step_result,
)
from .._apply.dry_run import one_of_each, rehearse
from .._apply.shared_gateway import SharedWrites
from .._kubernetes.client import Cluster, ClusterError
from .._kubernetes.objects import Ref
from .._kubernetes.recent import Recent
from .._plan.steps import UNCHANGED, Step
from .batch import Job

DONE, FAILED, NOT_TRIED = "done", "failed", "not_tried"
Thing = TypeVar("Thing")

# Who waits sends hardly any requests, so that many may wait at once.
_MOST_WAITING = 64


@dataclass
class Account:
    """What became of one job. objects are those it has; of a failed one, those that were changed."""

    job: Job
    state: str = NOT_TRIED
    objects: list[Result] = field(default_factory=list)
    problem: str = ""

    @property
    def changed(self) -> bool:
        return any(entry["action"] != UNCHANGED for entry in self.objects)

    @property
    def steps(self) -> list[Step]:
        return self.job.decision.steps if self.job.decision else []

    @property
    def has_work(self) -> bool:
        """Whether anything must be asked of the cluster for it."""
        return self.job.waiting is not None or any(step.changes for step in self.steps)

    def settle(self) -> None:
        """It is as its plan says."""
        self.state, self.objects = DONE, [step_result(step, step.live) for step in self.steps]

    def fail(self, problem: str, objects: Iterable[Result] = ()) -> None:
        self.state, self.problem, self.objects = FAILED, problem, list(objects)


class Worker:
    """Does jobs. After a failure no other one is begun, unless the task goes on and the API server is there."""

    def __init__(self, cluster: Cluster, goes_on: bool, concurrency: int) -> None:
        self._cluster = cluster
        self._goes_on = goes_on
        self._concurrency = concurrency
        self._shared = SharedWrites(cluster)
        self._recent = Recent(cluster)
        self._stopped = threading.Event()

    def rehearse(self, accounts: list[Account], check_mode: bool) -> None:
        """Lets the API server and the webhooks judge the writes. What they refuse has failed.

        In check mode these are all writes, else one of each kind.
        """
        steps = [step for account in accounts if account.state == NOT_TRIED for step in account.steps]
        shared = {step.ref: step for step in steps if step.shared}.values()  # they all hold what it will be in the end
        tried = {step.ref for step in steps} if check_mode else one_of_each(steps)
        refused: dict[Ref, str] = {}

        def try_out(step: Step) -> None:
            try:
                rehearse(self._cluster, [step], check_mode)
            except ClusterError as error:
                refused[step.ref] = str(error)

        alone = [step for step in steps if not step.shared and step.changes]
        self._each(try_out, [step for step in [*shared, *alone] if step.ref in tried], self._concurrency)
        for account in accounts:
            problems = [refused[step.ref] for step in account.steps if step.ref in refused]
            if problems:
                account.fail(problems[0])

    def carry_out(self, accounts: list[Account]) -> None:
        """Does all that is not settled yet."""
        busy = [account for account in accounts if account.state == NOT_TRIED]
        waiting = any(account.job.waiting for account in busy)
        self._each(self._do, busy, max(self._concurrency, _MOST_WAITING) if waiting else self._concurrency)

    def _each(self, work: Callable[[Thing], None], things: list[Thing], threads: int) -> None:
        with ThreadPoolExecutor(threads) as pool:
            for future in [pool.submit(work, thing) for thing in things]:
                future.result()

    def _do(self, account: Account) -> None:
        if self._stopped.is_set():
            return
        waiting = account.job.waiting
        if waiting:
            waiting.reader = self._recent
            if waiting.watch:
                waiting.watch.cluster = self._recent
        try:
            done = carry_out(self._cluster, account.steps, waiting, self._shared)
            account.state, account.objects = DONE, _as_said(account.steps, done)
        except UnfinishedError as error:
            account.fail(str(error), error.done)
            cause = error.__cause__
            if not self._goes_on or (isinstance(cause, ClusterError) and cause.is_unreachable):
                self._stopped.set()


def _as_said(steps: list[Step], done: list[Result]) -> list[Result]:
    """Threads write a shared Gateway together, in any order; each exposure is told of it as in the list's order."""
    return [
        {**entry, "action": step.action} if step.shared and entry["action"] != UNCHANGED else entry
        for step, entry in zip(steps, done, strict=True)
    ]
