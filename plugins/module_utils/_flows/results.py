# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What modules return of the exposures of a task. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from .._apply.apply import Result
from .._kubernetes.objects import Ref
from .._options.exposure_list import MOST_MESSAGES
from .._plan.steps import UNCHANGED, Step, diff
from .outcome import DONE, FAILED, NOT_TRIED, Outcome
from .warnings import GroupedMessages


def exposure_result(outcome: Outcome) -> Result:
    """The result of istio_exposure."""
    result: Result = {
        "changed": outcome.changed,
        "objects": outcome.objects,
        "diff": diff(outcome.steps),
        "findings": [finding.result() for finding in outcome.findings],
    }
    if outcome.plan:
        result.update(urls=outcome.plan.urls(), **outcome.plan.certificate())
    if outcome.wait:
        result["served"] = outcome.wait.served
    return result


def exposure_failure(outcome: Outcome) -> Result:
    """The result of a failed istio_exposure, with its message."""
    result: Result = {"msg": outcome.problem}
    if outcome.was_begun:
        result.update(changed=outcome.changed, objects=outcome.objects)
    elif outcome.plan:
        result["msg"] = f"{outcome.problem.rstrip('.')}. Nothing was changed."
    if outcome.findings:
        result["findings"] = [finding.result() for finding in outcome.findings]
    return result


def list_result(outcomes: Sequence[Outcome], with_diff: bool) -> Result:
    """The result of istio_exposures, failed or not."""
    fates = Counter(_fate(outcome) for outcome in outcomes)
    actions = Counter(entry["action"] for outcome in outcomes for entry in outcome.objects)
    result: Result = {
        "changed": any(outcome.changed for outcome in outcomes),
        "exposures": [_list_entry(outcome) for outcome in outcomes],
        "summary": {
            "exposures": {key: fates[key] for key in ("unchanged", "changed", FAILED, NOT_TRIED)},
            "objects": {key: actions[key] for key in ("created", "updated", "deleted", UNCHANGED)},
        },
    }
    if with_diff:
        result["diff"] = diff([step for outcome in outcomes for step in _done_steps(outcome)])
    return result


def list_failure(outcomes: Sequence[Outcome]) -> str:
    """How many exposures failed, what became of the others, and the first reasons."""
    failed = [outcome for outcome in outcomes if outcome.state == FAILED]
    fates = Counter(_fate(outcome) for outcome in outcomes)
    others = {"changed": "done and changed", "unchanged": "as they should be", NOT_TRIED: "not tried"}
    rest = ", ".join(f"{fates[key]} {text}" for key, text in others.items() if fates[key])
    nothing = "" if any(outcome.changed for outcome in outcomes) else "Nothing was changed. "
    reasons = GroupedMessages()
    for outcome in failed:
        reasons.add(str(outcome.entry), outcome.problem)
    return (
        f"{len(failed)} of {len(outcomes)} exposures failed{f'; of the others {rest}' if rest else ''}. "
        f"{nothing}{' '.join(reasons.sentences(MOST_MESSAGES))}"
    )


def _done_steps(outcome: Outcome) -> list[Step]:
    done = {Ref(entry["kind"], entry["namespace"], entry["name"]) for entry in outcome.objects}
    return [step for step in outcome.steps if step.ref in done]


def _fate(outcome: Outcome) -> str:
    return ("changed" if outcome.changed else "unchanged") if outcome.state == DONE else outcome.state


def _list_entry(outcome: Outcome) -> dict[str, Any]:
    """The result of one exposure of a list; of its objects only those that changed, as there may be thousands."""
    result: dict[str, Any] = {
        "namespace": outcome.entry.key.namespace,
        "name": outcome.entry.key.name,
        "outcome": _fate(outcome),
        "changed": outcome.changed,
        "objects": [
            {key: entry[key] for key in ("action", "kind", "namespace", "name")}
            for entry in outcome.objects
            if entry["action"] != UNCHANGED
        ],
    }
    if outcome.plan and not outcome.is_removal:
        result.update(urls=outcome.plan.urls(), **outcome.plan.certificate())
    if outcome.problem:
        result["msg"] = outcome.problem
    if outcome.findings:
        result["findings"] = [finding.result() for finding in outcome.findings]
    if outcome.wait and outcome.state == DONE:
        result["served"] = outcome.wait.served
    return result
