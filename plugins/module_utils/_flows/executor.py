# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Dry runs and writes of the exposures of a task, several at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from .._apply.apply import Application, Result, UnfinishedError
from .._apply.dry_run import dry_run, one_of_each_shape
from .._apply.shared_gateway import SharedWrites
from .._kubernetes.client import KubernetesClient
from .._kubernetes.errors import ClusterError
from .._kubernetes.objects import ExposureKey, Manifest, Ref
from .._kubernetes.reader import Reader
from .._kubernetes.recent import RecentReader
from .._plan.steps import UNCHANGED, Step
from .outcome import DONE, FAILED, NOT_TRIED, Outcome

Item = TypeVar("Item")

# Waiting takes hardly any requests, so that many may wait at the same time.
_MOST_WAITING = 64


class Executor:
    """Applies exposures. After a failure no other one is begun, unless the task goes on and the API server answers."""

    def __init__(self, client: KubernetesClient, goes_on: bool, concurrency: int) -> None:
        self._client = client
        self._goes_on = goes_on
        self._concurrency = concurrency
        self._shared_writes = SharedWrites(client)
        self._wait_reader: Reader = client
        self._writes_together = False
        self._stopped = threading.Event()
        self._begun: dict[ExposureKey, Application] = {}

    def dry_run(self, outcomes: Sequence[Outcome], check_mode: bool, every_write: bool) -> None:
        """Dry-runs every write, or one of each shape; fails the exposures whose writes are refused.

        Where a write was not tried, its object is predicted as planned.
        """
        pending = [outcome for outcome in outcomes if outcome.state == NOT_TRIED]
        steps = [step for outcome in pending for step in outcome.steps if step.changes and step.desired is not None]
        # A shared Gateway is tried once: all steps hold it as it will be in the end.
        by_ref = {step.ref: step for step in steps}
        chosen = set(by_ref) if every_write else one_of_each_shape(steps)
        predicted: dict[Ref, Manifest | None] = {}
        refused: dict[Ref, str] = {}

        def try_write(step: Step) -> None:
            try:
                predicted[step.ref] = dry_run(self._client, step, check_mode)
            except ClusterError as error:
                refused[step.ref] = str(error)

        self._each(try_write, [step for at, step in by_ref.items() if at in chosen], self._concurrency)
        for outcome in pending:
            outcome.predicted = {step.ref: predicted[step.ref] for step in outcome.steps if step.ref in predicted}
            problems = [refused[step.ref] for step in outcome.steps if step.ref in refused]
            if problems:
                outcome.fail(problems[0])

    def apply(self, outcomes: Sequence[Outcome]) -> None:
        """Applies everything that is not done yet."""
        pending = [outcome for outcome in outcomes if outcome.state == NOT_TRIED]
        threads = self._concurrency
        self._writes_together = len(pending) > 1
        if len(pending) > 1 and any(outcome.wait for outcome in pending):
            threads = max(threads, _MOST_WAITING)
            self._wait_reader = RecentReader(self._client)
        # One write changes the shared Gateway for all of these: what they need for it must be there before.
        dependent = [outcome for outcome in pending if _others_of(outcome)]
        self._each(self._begin, dependent, threads)
        self._give_up_without_others(dependent)
        self._each(self._finish, [outcome for outcome in pending if outcome.state == NOT_TRIED], threads)

    def _each(self, work: Callable[[Item], None], items: list[Item], threads: int) -> None:
        if min(len(items), threads) < 2:
            for item in items:
                work(item)
            return
        with ThreadPoolExecutor(threads) as pool:
            for future in [pool.submit(work, item) for item in items]:
                future.result()

    def _begin(self, outcome: Outcome) -> None:
        if not self._stopped.is_set():
            with self._noting_failure(outcome):
                self._application(outcome).begin()

    def _finish(self, outcome: Outcome) -> None:
        begun = self._begun.get(outcome.entry.key)
        if self._stopped.is_set():
            if begun and begun.changed:
                self._fail(outcome, begun.unfinished("Another exposure of the task failed."))
            return
        with self._noting_failure(outcome):
            results = self._application(outcome).finish()
            outcome.state, outcome.objects = DONE, self._reported(outcome.steps, results)

    def _application(self, outcome: Outcome) -> Application:
        outcome.was_begun = True
        key = outcome.entry.key
        if key not in self._begun:
            self._begun[key] = Application(
                self._client, outcome.steps, outcome.wait, self._wait_reader, self._shared_writes
            )
        return self._begun[key]

    def _give_up_without_others(self, dependent: Sequence[Outcome]) -> None:
        """Fails those that cannot change a shared Gateway, because another one failed that must change it, too."""
        failed = {outcome.entry.key for outcome in dependent if outcome.state == FAILED}
        for outcome in [outcome for outcome in dependent if outcome.state == NOT_TRIED]:
            missing = [(at, key) for at, key in _others_of(outcome) if key in failed]
            application = self._begun.get(outcome.entry.key)
            if missing and application:
                at, key = missing[0]
                problem = f"{at} was not updated: it must change together with the exposure {key}, which failed"
                self._fail(outcome, application.unfinished(problem))

    @contextmanager
    def _noting_failure(self, outcome: Outcome) -> Iterator[None]:
        try:
            yield
        except UnfinishedError as error:
            self._fail(outcome, error)
            cause = error.__cause__
            if not self._goes_on or (isinstance(cause, ClusterError) and cause.is_unreachable):
                self._stopped.set()

    def _fail(self, outcome: Outcome, error: UnfinishedError) -> None:
        outcome.fail(str(error), error.done)

    def _reported(self, steps: list[Step], results: list[Result]) -> list[Result]:
        """Threads write a shared Gateway together, in any order; reported is what the list's order would have done."""
        if not self._writes_together:
            return results
        return [
            {**result, "action": step.action} if step.shared_change and result["action"] != UNCHANGED else result
            for step, result in zip(steps, results)
        ]


def _others_of(outcome: Outcome) -> list[tuple[Ref, ExposureKey]]:
    """The exposures that must change a shared Gateway together with this one, each with the Gateway."""
    changes = [step.shared_change for step in outcome.steps if step.shared_change]
    return [(change.at, other.exposure) for change in changes for other in change.together]
