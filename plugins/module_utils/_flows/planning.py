# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Plans the exposures of a task, so that each sees what the ones before it do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .._apply.apply import prepare_wait
from .._kubernetes.errors import ClusterError
from .._kubernetes.fields import as_applied
from .._kubernetes.objects import Manifest, Ref, ref
from .._kubernetes.overlay import Overlay
from .._kubernetes.reader import Reader
from .._options.exposure_list import Entry
from .._options.values import OptionError
from .._plan.exposure import ExposurePlan, plan_exposure
from .._plan.steps import OwnershipError, name_option
from .outcome import NOT_TRIED, Outcome
from .warnings import EntryTask, GroupedMessages

# What is wrong with one exposure, and does not concern the others.
_MISTAKES = (OptionError, OwnershipError, ClusterError)


def plan_entries(
    entries: Sequence[Entry], reader: Reader, check_mode: bool, warnings: GroupedMessages
) -> list[Outcome]:
    """An outcome for each entry, with its plan, or failed.

    First come those of exposures that stay: what is to be removed may have been replaced by them.
    """
    outcomes = [Outcome(entry, EntryTask(str(entry), check_mode, warnings)) for entry in entries]
    outcomes.sort(key=lambda outcome: outcome.is_removal)
    overlay = Overlay(reader)
    shared: dict[Ref, Manifest | None] = {}
    claimed: dict[Ref, Entry] = {}
    for outcome in outcomes:
        if outcome.entry.mistake:
            outcome.fail(outcome.entry.mistake)
            continue
        try:
            outcome.plan = _plan(outcome, overlay, shared, claimed)
        except _MISTAKES as error:
            outcome.fail(str(error))
    for outcome in outcomes:
        if outcome.plan:
            outcome.plan = _with_shared_gateways(outcome.plan, shared)
    return outcomes


def _plan(
    outcome: Outcome, overlay: Overlay, shared: dict[Ref, Manifest | None], claimed: dict[Ref, Entry]
) -> ExposurePlan:
    """shared: shared Gateways as the exposures before this one leave them. claimed: the objects that they want."""
    entry = outcome.entry
    plan = plan_exposure(outcome.task, overlay, entry.key, entry.exposure, entry.adopt)
    for step in plan.steps:
        if not step.shared_change and step.desired is not None and claimed.setdefault(step.ref, entry) is not entry:
            raise OwnershipError(
                f"{step.ref} belongs to {claimed[step.ref]}, too; choose another {name_option(step.ref)}."
            )
    for step in plan.steps:
        if step.shared_change and step.changes:
            shared[step.ref] = step.desired
            overlay.put(step.ref, as_applied(step.desired, step.live) if step.desired else None)
    return plan


def _with_shared_gateways(plan: ExposurePlan, shared: Mapping[Ref, Manifest | None]) -> ExposurePlan:
    """The plan with shared Gateways as all exposures of the task leave them: so they are checked and dry-run."""
    if not shared:
        return plan
    steps = [replace(step, desired=shared.get(step.ref, step.desired)) for step in plan.steps]
    desired = [shared.get(ref(manifest)) or manifest for manifest in plan.desired]
    return replace(plan, desired=desired, steps=steps)


def prepare_waits(outcomes: Sequence[Outcome], reader: Reader, seconds: float) -> None:
    """Finds what would make waiting pointless before anything is written."""
    for outcome in outcomes:
        if outcome.entry.wait and outcome.plan and outcome.state == NOT_TRIED:
            try:
                outcome.wait = prepare_wait(outcome.task, reader, outcome.plan, outcome.entry.probe, seconds)
            except _MISTAKES as error:
                outcome.fail(str(error))
