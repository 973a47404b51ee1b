# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Applies the steps of an exposure, waits on the way, and reports what was done, also if it ends midway."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from traceback import extract_tb
from typing import Any

from .._kubernetes.client import KubernetesClient
from .._kubernetes.errors import ClusterError
from .._kubernetes.objects import Manifest, Ref, without_managed_fields
from .._kubernetes.reader import Reader
from .._options.probe import Probe
from .._options.values import OptionError
from .._plan.credentials import with_needed_rights
from .._plan.exposure import ExposurePlan
from .._plan.order import Write, write_order
from .._plan.steps import CREATED, DELETED, UNCHANGED, UPDATED, Step
from .._task import Task
from .._wait.certificate import wait_until_ready
from .._wait.deadline import Deadline
from .._wait.served import ProbeSession, start_session, wait_until_served
from .shared_gateway import SharedWrites

Result = dict[str, Any]


class UnfinishedError(Exception):
    """An exposure was applied in part: the sentence says what failed and why, what was done and what was not tried.

    done are the results of the objects that were changed.
    """

    def __init__(self, failure: str, done: list[Result], not_tried: list[Step]) -> None:
        not_removed = [str(step.ref) for step in not_tried if step.removes]
        not_written = [str(step.ref) for step in not_tried if not step.removes]
        changed = [f"{entry['kind']} {entry['namespace']}/{entry['name']} {entry['action']}" for entry in done]
        parts = [
            f"{failure.rstrip('.')}.",
            f"Already done: {', '.join(changed)}." if changed else "Nothing was changed before it.",
            f"Not tried: {', '.join(not_written)}." if not_written else "",
            f"Not removed: {', '.join(not_removed)}." if not_removed else "",
            "Run the task again to finish it.",
        ]
        super().__init__(" ".join(part for part in parts if part))
        self.done = done


@dataclass
class Wait:
    """How long an exposure is waited for at most, and what is asked besides its certificate (None: nothing).

    served are the results of the requests that proved it.
    """

    seconds: float
    session: ProbeSession | None
    served: list[Result] = field(default_factory=list)


def prepare_wait(task: Task, reader: Reader, plan: ExposurePlan, probe: Probe, seconds: float) -> Wait | None:
    """The wait until an exposure is served; None if it is to be removed. Raises OptionError or ClusterError."""
    if plan.exposure is None:
        return None
    if not probe.enabled:
        return Wait(seconds, None)
    session = start_session(task, reader, plan.exposure, plan.gateway(), plan.virtual_service(), probe)
    return Wait(seconds, session)


class Application:
    """Does every step of an exposure. With a wait, a Certificate is waited for right after its write; and what is
    replaced is removed only when the exposure is served where it is wanted, as far as the steps allow it.

    reader: for waiting. shared_writes: for threads that write the same shared Gateway. begin() and finish() raise
    UnfinishedError.
    """

    def __init__(
        self,
        client: KubernetesClient,
        steps: list[Step],
        wait: Wait | None,
        reader: Reader,
        shared_writes: SharedWrites,
    ) -> None:
        self._client, self._steps, self._wait, self._reader = client, steps, wait, reader
        self._shared_writes = shared_writes
        session = wait.session if wait else None
        self._first, then = write_order(steps, session.is_blocked_by) if session else write_order(steps)
        self._writes = [*self._first, *then]
        self._done = 0
        self._results: dict[Ref, Result] = {}

    def begin(self) -> None:
        """Does what comes before the first write that changes other exposures, too."""
        deadline = Deadline.after(self._wait.seconds) if self._wait else None
        while self._done < len(self._writes) and not self._writes[self._done].is_with_others:
            self._do_next(deadline)

    def finish(self) -> list[Result]:
        """Does the rest; returns a result for each step."""
        deadline = Deadline.after(self._wait.seconds) if self._wait else None
        while self._done < len(self._writes):
            self._do_next(deadline)
        return [self._results[step.ref] for step in self._steps]

    @property
    def changed(self) -> list[Result]:
        """The results of the objects that were changed so far."""
        return [entry for entry in self._results.values() if entry["action"] != UNCHANGED]

    def unfinished(self, failure: str) -> UnfinishedError:
        """It ends here, before the next write, for that reason."""
        at = self._writes[self._done].step.ref if self._done < len(self._writes) else None
        later = {write.step.ref: write.step for write in self._writes[self._done + 1 :] if write.step.changes}
        not_tried = [step for ref, step in later.items() if ref not in self._results and ref != at]
        return UnfinishedError(failure, self.changed, not_tried)

    def _do_next(self, deadline: Deadline | None) -> None:
        write = self._writes[self._done]
        step = write.step
        failure = f"{step.ref} was not {step.action}: "
        try:
            action, live = _write(self._client, self._shared_writes, write)
            if step.ref in self._results and self._results[step.ref]["action"] == CREATED:
                action = CREATED
            self._results[step.ref] = step_result(replace(step, action=action), live)
            failure = ""
            if deadline:
                self._wait_for(step, live, deadline)
        except Exception as error:  # whatever it is, what was done must be reported
            raise self.unfinished(f"{failure}{_reason(step, error)}") from error
        self._done += 1

    def _wait_for(self, step: Step, live: Manifest | None, deadline: Deadline) -> None:
        if step.ref.kind == "Certificate" and step.desired and live:
            self._results[step.ref] = step_result(step, wait_until_ready(self._reader, live, deadline))
        session = self._wait.session if self._wait else None
        if self._wait and session and self._done + 1 == len(self._first):
            updated = _updates_routing(self._first)
            self._wait.served = wait_until_served(session, self._reader, deadline, updated)


def _reason(step: Step, error: Exception) -> str:
    if isinstance(error, ClusterError):
        return str(with_needed_rights(step.ref, error))
    if isinstance(error, OptionError):
        return str(error)
    raised_at = extract_tb(error.__traceback__)[-1]
    # Not its message: that may be a part of what was read.
    what = f"{type(error).__name__} in {Path(raised_at.filename).name}, line {raised_at.lineno}"
    return f"gatehouse.istio itself has an error here ({what}). Please report it."


def _updates_routing(writes: list[Write]) -> bool:
    """Whether a Gateway or VirtualService that had existed before is changed."""
    return any(
        write.step.action in (UPDATED, DELETED) and write.step.ref.kind in ("Gateway", "VirtualService")
        for write in writes
    )


def _write(client: KubernetesClient, shared_writes: SharedWrites, write: Write) -> tuple[str, Manifest | None]:
    """The action in the end (other runs may have changed a shared Gateway meanwhile), and the object."""
    step = write.step
    if not step.changes:
        return UNCHANGED, step.live
    if write.change is not None:
        return shared_writes.change(write.change)
    if write.desired is not None:
        return step.action, client.apply(write.desired)
    if step.live is not None:
        client.delete(step.live)
    return DELETED, step.live


def step_result(step: Step, live: Manifest | None) -> Result:
    """The result of one object. live: the object as it is (or was, or will be)."""
    at = step.ref
    definition = without_managed_fields(live) if live else None
    if at.kind == "Secret":  # one of ours holds only what is public; another may hold anything
        names = {"name": at.name, "namespace": at.namespace}
        ours = step.after or step.before
        definition = {"apiVersion": "v1", "kind": at.kind, **ours, "metadata": {**ours.get("metadata", {}), **names}}
    return {
        "action": step.action,
        "kind": at.kind,
        "namespace": at.namespace,
        "name": at.name,
        "definition": definition,
    }
