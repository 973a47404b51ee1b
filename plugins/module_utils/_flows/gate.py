# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Runs the checks over everything that a task wants; warns, and stops what would break something."""

from __future__ import annotations

from collections.abc import Sequence

from .._analysis.finding import ERROR, IGNORE, refusal
from .._checks.registry import find_all, with_levels
from .._istio.cluster_state import read_cluster_state
from .._kubernetes.objects import ExposureKey, Manifest, Ref
from .._kubernetes.reader import Reader
from .outcome import NOT_TRIED, Outcome
from .warnings import GroupedMessages


def check(outcomes: Sequence[Outcome], reader: Reader, cluster_domain: str, warnings: GroupedMessages) -> None:
    """Sets the findings of each planned exposure, and fails those that would write and have one of level error."""
    desired: dict[ExposureKey, list[Manifest]] = {}
    removals: dict[Ref, Manifest | None] = {}
    for outcome in outcomes:
        removals.update({step.ref: step.desired for step in outcome.steps if step.removes})
        manifests = [step.desired for step in outcome.steps if step.desired and not step.removes]
        if manifests:
            desired[outcome.entry.key] = manifests
    levels = [outcome.entry.levels for outcome in outcomes if outcome.entry.key in desired]
    if all(set(by_code.values()) == {IGNORE} for by_code in levels):
        return
    # A shared Gateway is in the manifests of each exposure on it.
    manifests = list({id(manifest): manifest for mine in desired.values() for manifest in mine}.values())
    state = read_cluster_state(reader, manifests, cluster_domain)
    if state.unknown:
        warnings.add("", f"Not known, and so not checked: {'; '.join(state.unknown)}.")
    findings = find_all(desired, state, cluster_domain, removals)
    for outcome in outcomes:
        if outcome.plan:
            mine = findings.get(outcome.entry.key, [])
            outcome.findings = with_levels(mine, outcome.entry.levels, outcome.task.check_mode)
            _judge(outcome)


def _judge(outcome: Outcome) -> None:
    """Failing an exposure that changes nothing would not revert what is already applied: then all are warnings."""
    changes = any(step.changes for step in outcome.steps)
    errors = [finding for finding in outcome.findings if changes and finding.level == ERROR]
    for finding in outcome.findings:
        if finding not in errors:
            outcome.task.warn(str(finding))
    if errors and outcome.state == NOT_TRIED:
        outcome.fail(refusal(errors))
