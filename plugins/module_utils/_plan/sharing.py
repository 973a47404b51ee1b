# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The changes of a task's exposures to one shared Gateway: which cannot be, and which must be written together. Pure.

Each exposure is compared with what the others will have, and not with what they had. But the Gateway is what exposures
have at the moment: those that change something in common, such as the selector or the Secret of a host that several
have, cannot change one after the other. One write then changes all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._kubernetes.objects import ExposureKey, Manifest, Ref
from .._manifests.conflicts import Conflicts
from .._manifests.contribution import Contribution, SharedGatewayError
from .._manifests.shared_gateway import Change, contributions_on


def refusals(at: Ref, live: Manifest | None, changes: Sequence[Change]) -> dict[ExposureKey, SharedGatewayError]:
    """The exposures that cannot have what they want, each with the reason: of two in conflict the later one.

    live is the Gateway before the task. The changes are in the order of the task.
    """
    on_gateway = contributions_on(live) if live else []
    refused: dict[ExposureKey, SharedGatewayError] = {}
    while True:
        changed = {change.exposure for change in changes} - refused.keys()
        conflicts = Conflicts(at, (theirs for theirs in on_gateway if theirs.exposure not in changed))
        newly = _first_refusal(conflicts, [change for change in changes if change.exposure in changed])
        if newly is None:
            return refused
        refused.update([newly])  # it keeps what it had, with which others may now conflict


def _first_refusal(conflicts: Conflicts, changes: Sequence[Change]) -> tuple[ExposureKey, SharedGatewayError] | None:
    for wanted in [change.contribution for change in changes if change.contribution]:
        reason = conflicts.reason(wanted)
        if reason:
            return wanted.exposure, reason
        conflicts.add(wanted)
    return None


def written_together(at: Ref, changes: Sequence[Change]) -> list[Change]:
    """The changes that one write must make, because one of them conflicts with what another exposure had there.

    A removal belongs to them only if something conflicts with what it removes.
    """
    news = [change.contribution for change in changes if change.contribution]

    def is_in_the_way(olds: Sequence[Contribution | None]) -> bool:
        conflicts = Conflicts(at, filter(None, olds))
        return any(conflicts.reason(new) for new in news)

    if not is_in_the_way([change.old for change in changes]):
        return []
    return [change for change in changes if change.contribution or is_in_the_way([change.old])]
