# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Carries out a plan, waits on the way, and says what was done, also when it ends midway."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from traceback import extract_tb
from typing import Any

from .._kubernetes.client import Cluster, ClusterError
from .._kubernetes.objects import Manifest, Ref, without_managed_fields
from .._kubernetes.reader import Reader
from .._options.probe import Probe
from .._options.values import OptionError
from .._plan.credentials import explained
from .._plan.exposure import Decision
from .._plan.order import Write, stages
from .._plan.steps import CREATED, DELETED, UNCHANGED, UPDATED, Step
from .._task import Task
from .._wait.deadline import Limit, until_ready
from .._wait.served import Watch, prepare, until_served
from .shared_gateway import SharedWrites

Result = dict[str, Any]


class UnfinishedError(Exception):
    """A task ended midway: the sentence says what failed and why, what was done before it, and what was not tried."""

    def __init__(self, failure: str, done: list[Result], not_tried: list[Step]) -> None:
        left = [str(step.ref) for step in not_tried if step.takes_away]
        later = [str(step.ref) for step in not_tried if not step.takes_away]
        changed = [f"{entry['kind']} {entry['namespace']}/{entry['name']} {entry['action']}" for entry in done]
        parts = [
            f"{failure.rstrip('.')}.",
            f"Already done: {', '.join(changed)}." if changed else "Nothing was changed before it.",
            f"Not tried: {', '.join(later)}." if later else "",
            f"Not removed: {', '.join(left)}." if left else "",
            "Run the task again to finish it.",
        ]
        super().__init__(" ".join(part for part in parts if part))
        self.done = done


@dataclass
class Waiting:
    """How long a task waits, and for what besides its certificate. reader looks after what is waited for."""

    seconds: float
    watch: Watch | None
    reader: Reader
    served: list[Result] = field(default_factory=list)


def prepare_waiting(task: Task, reader: Reader, decision: Decision, probe: Probe, seconds: float) -> Waiting | None:
    """What to wait for until an exposure is served; None if it is to go. Raises OptionError or ClusterError."""
    if decision.exposure is None:
        return None
    if not probe.enabled:
        return Waiting(seconds, None, reader)
    gateway, route = decision.gateway(), decision.virtual_service()
    watch = prepare(task, reader, decision.exposure, gateway, route, probe)
    return Waiting(seconds, watch, reader)


def carry_out(
    cluster: Cluster, steps: list[Step], waiting: Waiting | None, shared: SharedWrites | None = None
) -> list[Result]:
    """Does every step. Who waits, does so after a Certificate until it is ready, and when all is where it is wanted
    until that is served: only then is removed what it replaces. shared is for threads that write at the same time.
    Raises UnfinishedError.
    """
    found: dict[Ref, Result] = {}
    shared = shared or SharedWrites(cluster)
    limit = Limit.starting_now(waiting.seconds) if waiting else None
    watch = waiting.watch if waiting else None
    first, then = stages(steps, watch.is_kept_from) if watch else stages(steps)
    writes = [*first, *then]
    for number, write in enumerate(writes, start=1):
        step = write.step
        failure = f"{step.ref} was not {step.action}: "
        try:
            action, live = _write(cluster, shared, write)
            if step.ref in found and found[step.ref]["action"] == CREATED:
                action = CREATED
            found[step.ref] = step_result(replace(step, action=action), live)
            failure = ""
            if step.ref.kind == "Certificate" and step.desired and live and waiting and limit:
                found[step.ref] = step_result(step, until_ready(waiting.reader, live, limit))
            if waiting and watch and limit and number == len(first):
                waiting.served = until_served(watch, limit, _changes_what_was_there(first))
        except Exception as error:  # whatever it is, what was done must be told
            done = [entry for entry in found.values() if entry["action"] != UNCHANGED]
            left = {later.step.ref: later.step for later in writes[number:] if later.step.changes}
            not_tried = [later for at, later in left.items() if at not in found and at != step.ref]
            raise UnfinishedError(f"{failure}{_why(step, error)}", done, not_tried) from error
    return [found[step.ref] for step in steps]


def _why(step: Step, error: Exception) -> str:
    if isinstance(error, ClusterError):
        return str(explained(step.ref, error))
    if isinstance(error, OptionError):
        return str(error)
    where = extract_tb(error.__traceback__)[-1]
    # Not what it says: that may be a part of what was read.
    what = f"{type(error).__name__} in {Path(where.filename).name}, line {where.lineno}"
    return f"gatehouse.istio itself has an error here ({what}). Please report it."


def _changes_what_was_there(writes: list[Write]) -> bool:
    return any(
        write.step.action in (UPDATED, DELETED) and write.step.ref.kind in ("Gateway", "VirtualService")
        for write in writes
    )


def _write(cluster: Cluster, shared: SharedWrites, write: Write) -> tuple[str, Manifest | None]:
    """What was done in the end (other runs may have changed a shared Gateway meanwhile), and the object."""
    step = write.step
    if not step.changes:
        return UNCHANGED, step.live
    if write.change is not None:
        return shared.change(write.change)
    if write.desired is not None:
        return step.action, cluster.apply(write.desired)
    if step.live is not None:
        cluster.delete(step.live)
    return DELETED, step.live


def step_result(step: Step, live: Manifest | None) -> Result:
    """What a task returns of one object."""
    at = step.ref
    definition = without_managed_fields(live) if live else None
    if at.kind == "Secret":  # of ours it holds only what is public; of others it may hold anything
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
