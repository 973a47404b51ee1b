# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The order in which a task manages exposures, one or thousands, and when it stops.

    read and plan → check → prepare waits → dry run → apply, with waits → remove

Nothing is written before `apply`. If an exposure fails before that, the task stops there, unless it goes on with the
others (`on_error: continue`). Check mode ends after the dry run.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._kubernetes.client import KubernetesClient
from .._kubernetes.reader import Reader
from .._options.exposure_list import Entry, ListRequest
from .._plan.prune import to_prune
from .executor import Executor
from .gate import check
from .outcome import FAILED, NOT_TRIED, Outcome
from .planning import plan_entries, prepare_waits, write_together
from .warnings import GroupedMessages

PRUNED = "prune"


def decide(request: ListRequest, reader: Reader, check_mode: bool, warnings: GroupedMessages) -> list[Outcome]:
    """Everything before the first write: an outcome for each exposure, failed or with a plan.

    Raises OptionError or ClusterError if the exposures to prune cannot be found.
    """
    outcomes = plan_entries([*request.entries, *_pruned(request, reader)], reader, check_mode, warnings)
    check(outcomes, reader, request.cluster_domain, warnings)
    if not check_mode:
        prepare_waits(outcomes, reader, request.wait_timeout)
    for outcome in outcomes:
        if outcome.state == NOT_TRIED and not outcome.has_work:
            outcome.finish_as_planned()
    return outcomes


def execute(
    request: ListRequest, client: KubernetesClient, outcomes: Sequence[Outcome], check_mode: bool, every_write: bool
) -> None:
    """Dry-runs what was decided (every write, or one of each shape) and, outside check mode, applies it."""
    executor = Executor(client, request.goes_on, request.concurrency)
    if _must_stop(request, outcomes):
        return
    executor.dry_run(outcomes, check_mode, every_write or check_mode)
    if _must_stop(request, outcomes):
        return
    if check_mode:
        for outcome in outcomes:
            if outcome.state == NOT_TRIED and _may_remove(outcome, outcomes):
                outcome.finish_as_planned()
        return
    write_together([outcome for outcome in outcomes if outcome.state == NOT_TRIED and _may_remove(outcome, outcomes)])
    executor.apply([outcome for outcome in outcomes if not outcome.is_removal])
    executor.apply([outcome for outcome in outcomes if outcome.is_removal and _may_remove(outcome, outcomes)])


def _pruned(request: ListRequest, reader: Reader) -> list[Entry]:
    if request.prune is None:
        return []
    keep = {entry.key for entry in request.entries}
    return [Entry(PRUNED, key, None) for key in to_prune(reader, request.prune, keep)]


def _must_stop(request: ListRequest, outcomes: Sequence[Outcome]) -> bool:
    return not request.goes_on and any(outcome.state == FAILED for outcome in outcomes)


def _may_remove(outcome: Outcome, outcomes: Sequence[Outcome]) -> bool:
    """A failed exposure may have been meant to replace one that the list no longer holds: then that stays for now."""
    return outcome.entry.place != PRUNED or not any(other.state == FAILED for other in outcomes)
