# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What becomes of one exposure of a task."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .._analysis.finding import Finding
from .._apply.apply import Result, Wait, step_result
from .._kubernetes.objects import Manifest, Ref
from .._options.exposure_list import Entry
from .._plan.exposure import ExposurePlan
from .._plan.steps import UNCHANGED, Step
from .._task import Task

DONE, FAILED, NOT_TRIED = "done", "failed", "not_tried"


@dataclass
class Outcome:
    """One exposure on its way through a task; state is DONE, FAILED or NOT_TRIED.

    predicted are objects as a dry run says that they will be. objects are the results of its objects; of a failed one,
    those that were changed. was_begun: its writes were begun.
    """

    entry: Entry
    task: Task
    plan: ExposurePlan | None = None
    findings: list[Finding] = field(default_factory=list)
    wait: Wait | None = None
    predicted: dict[Ref, Manifest | None] = field(default_factory=dict)
    state: str = NOT_TRIED
    objects: list[Result] = field(default_factory=list)
    problem: str = ""
    was_begun: bool = False

    @property
    def steps(self) -> list[Step]:
        return self.plan.steps if self.plan else []

    @property
    def changed(self) -> bool:
        return any(entry["action"] != UNCHANGED for entry in self.objects)

    @property
    def is_removal(self) -> bool:
        return self.entry.is_removal

    @property
    def brings_client_ca(self) -> bool:
        return self.entry.exposure is not None and self.entry.exposure.tls.client_ca is not None

    @property
    def has_work(self) -> bool:
        """Whether anything must be asked of the cluster for it."""
        return self.wait is not None or any(step.changes for step in self.steps)

    def finish_as_planned(self) -> None:
        self.state = DONE
        self.objects = [step_result(step, self.predicted.get(step.ref, step.live)) for step in self.steps]

    def fail(self, problem: str, objects: Iterable[Result] = ()) -> None:
        self.state, self.problem, self.objects = FAILED, problem, list(objects)
