# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.
"""What becomes of each exposure of a list, and what is wrong with it, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .._apply.apply import Waiting, prepare_waiting
from .._checks.finding import ERROR, IGNORE, PAGE, Finding, with_levels
from .._checks.registry import findings_of_all
from .._istio.cluster_state import look_around
from .._kubernetes.client import ClusterError
from .._kubernetes.objects import Manifest, Ref, as_applied, ref
from .._kubernetes.snapshot import Snapshot
from .._options.exposure_list import Asked, Entry
from .._options.values import OptionError
from .._plan.exposure import Decision, decide
from .._plan.steps import OwnershipError, name_option
from .warnings import Gathered, Voice

# What is wrong with one exposure, and leaves the others alone.
WRONG = (OptionError, OwnershipError, ClusterError)


@dataclass
class Job:
    """One exposure of the task: what is wanted, what is to be done, and what keeps it from being done."""

    entry: Entry
    voice: Voice
    decision: Decision | None = None
    waiting: Waiting | None = None
    findings: list[Finding] = field(default_factory=list)
    problem: str = ""

    @property
    def leaves(self) -> bool:
        return self.entry.exposure is None


def decide_all(
    entries: Sequence[Entry], asked: Asked, snapshot: Snapshot, check_mode: bool, told: Gathered
) -> list[Job]:
    """A job for each entry; first those of exposures that stay, as what goes may have been replaced by them."""
    jobs = [Job(entry, Voice(str(entry), check_mode, told)) for entry in entries]
    jobs.sort(key=lambda job: job.leaves)
    shared: dict[Ref, Manifest | None] = {}
    taken: dict[Ref, Entry] = {}
    for job in jobs:
        try:
            job.decision = _decide(job, snapshot, shared, taken)
        except WRONG as error:  # noqa: PERF203  (each one's own mistake)
            job.problem = str(error)
    if shared:
        _share(jobs, shared)
    _check(jobs, asked, snapshot, told)
    for job in jobs:
        if job.entry.wait and job.decision and not job.problem and not check_mode:
            try:
                job.waiting = prepare_waiting(job.voice, snapshot, job.decision, job.entry.probe, asked.wait_timeout)
            except WRONG as error:
                job.problem = str(error)
    return jobs


def _decide(job: Job, snapshot: Snapshot, shared: dict[Ref, Manifest | None], taken: dict[Ref, Entry]) -> Decision:
    """shared and taken are what the exposures before this one do to shared Gateways, and want for themselves."""
    entry = job.entry
    decision = decide(job.voice, snapshot, entry.key, entry.exposure, entry.adopt)
    for step in decision.steps:
        if not step.shared and step.desired is not None and taken.setdefault(step.ref, entry) is not entry:
            raise OwnershipError(f"{step.ref} is {taken[step.ref]}'s, too; choose another {name_option(step.ref)}.")
    for step in decision.steps:
        if step.shared and step.changes:
            shared[step.ref] = step.desired
            # The next exposure finds this one on it.
            snapshot.put(step.ref, as_applied(step.desired, step.live) if step.desired else None)
    return decision


def _share(jobs: list[Job], shared: Mapping[Ref, Manifest | None]) -> None:
    """Shared Gateways as they are with all exposures of the list on them: so they are rehearsed and checked."""
    for job in jobs:
        if job.decision:
            steps = [replace(step, desired=shared.get(step.ref, step.desired)) for step in job.decision.steps]
            desired = [shared.get(ref(manifest)) or manifest for manifest in job.decision.desired]
            job.decision = replace(job.decision, desired=desired, steps=steps)


def _check(jobs: list[Job], asked: Asked, snapshot: Snapshot, told: Gathered) -> None:
    """All checks over the whole list and what there is."""
    desired: dict[tuple[str, str], list[Manifest]] = {}
    left: dict[Ref, Manifest | None] = {}
    for job in jobs:
        steps = job.decision.steps if job.decision else []
        left.update({step.ref: step.desired for step in steps if step.takes_away})
        kept = [step.desired for step in steps if step.desired and not step.takes_away]
        if kept:
            desired[job.entry.key] = kept
    if not any(set(job.entry.levels.values()) != {IGNORE} for job in jobs if job.entry.key in desired):
        return
    every = {id(manifest): manifest for manifests in desired.values() for manifest in manifests}
    around = look_around(snapshot, every.values(), asked.cluster_domain)
    if around.unknown:
        told.add("exposures", f"Not known, and so not checked: {'; '.join(around.unknown)}.")
    found = findings_of_all(desired, around, asked.cluster_domain, left)
    for job in jobs:
        if job.decision:
            job.findings = with_levels(found.get(job.entry.key, []), job.entry.levels, job.voice.check_mode)
            _judge(job, job.decision.changes)


def _judge(job: Job, changes: bool) -> None:
    errors = [finding for finding in job.findings if finding.level == ERROR and changes]
    for finding in job.findings:
        # What is there already is not undone by stopping.
        if finding not in errors:
            job.voice.warn(f"{finding} [{finding.code}]")
    if errors:
        reasons = " ".join(f"{finding} [{finding.code}]" for finding in errors)
        job.problem = (
            f"{reasons} This would break what is served (see {PAGE}, which also says how to switch a check off)."
        )
