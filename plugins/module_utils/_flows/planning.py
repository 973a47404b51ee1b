# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Plans the exposures of a task, so that each sees what the ones before it do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from .._apply.apply import prepare_wait
from .._kubernetes.errors import ClusterError
from .._kubernetes.fields import as_applied
from .._kubernetes.objects import ExposureKey, Manifest, Ref, ref
from .._kubernetes.overlay import Overlay
from .._kubernetes.reader import Reader
from .._manifests.shared_gateway import Change
from .._options.exposure_list import Entry
from .._options.values import OptionError
from .._plan.exposure import ExposurePlan, plan_exposure
from .._plan.sharing import refusals, written_together
from .._plan.steps import OwnershipError, Step, name_option
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
    refused: dict[ExposureKey, str] = {}
    while True:
        outcomes = [Outcome(entry, EntryTask(str(entry), check_mode, warnings)) for entry in entries]
        outcomes.sort(key=lambda outcome: outcome.is_removal)
        refusals_now = _plan_all(outcomes, reader, refused)
        if not refusals_now:
            return outcomes
        refused.update(refusals_now)  # and the others are planned without them


def _plan_all(
    outcomes: Sequence[Outcome], reader: Reader, refused: Mapping[ExposureKey, str]
) -> dict[ExposureKey, str]:
    """Plans all but those refused before; returns those that cannot be on the shared Gateway that they want."""
    overlay = Overlay(reader)
    shared: dict[Ref, Manifest | None] = {}
    before: dict[Ref, Manifest | None] = {}
    claimed: dict[Ref, Entry] = {}
    # Those that bring the Secret of a clients' CA come first, as others may use it.
    for outcome in sorted(outcomes, key=lambda outcome: not outcome.brings_client_ca):
        problem = outcome.entry.mistake or refused.get(outcome.entry.key)
        if problem:
            outcome.fail(problem)
            continue
        try:
            outcome.plan = _plan(outcome, overlay, claimed)
        except _MISTAKES as error:
            outcome.fail(str(error))
            continue
        for step in outcome.plan.steps:
            if step.shared_change and step.changes:
                before.setdefault(step.ref, step.live)
                shared[step.ref] = step.desired
    found: dict[ExposureKey, str] = {}
    for at, changes in _shared_changes(outcomes).items():
        reasons = refusals(at, before[at], [one.change for one in changes])
        found.update({key: str(reason) for key, reason in reasons.items()})
    for outcome in outcomes:
        if outcome.plan:
            outcome.plan = _with_shared_gateways(outcome.plan, shared)
    return found


class _SharedChange(NamedTuple):
    outcome: Outcome
    plan: ExposurePlan
    step: Step
    change: Change


def _shared_changes(outcomes: Iterable[Outcome]) -> dict[Ref, list[_SharedChange]]:
    """What changes on each shared Gateway, in the order of the task."""
    by_gateway: dict[Ref, list[_SharedChange]] = {}
    for outcome in outcomes:
        for step in outcome.steps:
            if outcome.plan and step.shared_change and step.changes:
                changed = _SharedChange(outcome, outcome.plan, step, step.shared_change)
                by_gateway.setdefault(step.ref, []).append(changed)
    return by_gateway


def write_together(outcomes: Sequence[Outcome]) -> None:
    """Binds the changes of shared Gateways that only one write can make, see _plan/sharing.py.

    Exposures that are removed need none of the others, but these may need that they are gone.
    """
    for at, changes in _shared_changes(outcomes).items():
        together = written_together(at, [one.change for one in changes])
        for one in [one for one in changes if one.change in together and not one.outcome.is_removal]:
            change = replace(one.change, together=tuple(other for other in together if other != one.change))
            one.outcome.plan = one.plan.with_step(replace(one.step, shared_change=change))


def _plan(outcome: Outcome, overlay: Overlay, claimed: dict[Ref, Entry]) -> ExposurePlan:
    """claimed: the objects that the exposures before this one want."""
    entry = outcome.entry
    plan = plan_exposure(outcome.task, overlay, entry.key, entry.exposure, entry.adopt)
    for step in plan.steps:
        if not step.shared_change and step.desired is not None and claimed.setdefault(step.ref, entry) is not entry:
            raise OwnershipError(
                f"{step.ref} belongs to {claimed[step.ref]}, too; choose another {name_option(step.ref)}."
            )
    for step in plan.steps:
        if step.changes and (step.shared_change or step.ref.kind == "Secret"):
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
