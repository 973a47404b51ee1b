# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Writes a shared Gateway while other runs, on other machines, write it too: nobody's change is lost."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from .._kubernetes.client import KubernetesClient
from .._kubernetes.errors import CONFLICT, ClusterError
from .._kubernetes.fields import was_created
from .._kubernetes.objects import Manifest, Ref, ref
from .._manifests.shared_gateway import Change, SharedGatewayError
from .._plan.steps import (
    CREATED,
    DELETED,
    UNCHANGED,
    UPDATED,
    write_step,
)

_PATIENCE_SECONDS = 60.0
_LONGEST_PAUSE = 2.0

Outcome = tuple[str, "Manifest | None"]


def change_shared(client: KubernetesClient, changes: Sequence[Change]) -> Outcome:
    """What was done in the end (created, updated, deleted, unchanged), and the Gateway as it is now.

    The changes are all to one Gateway. Every write names the version that it was worked out from. If that is outdated,
    it is worked out anew, after a pause of random length, so that many who begin at once do not meet again and again.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    longest = 0.05
    perhaps_done = False
    while True:
        try:
            action, live = _change_once(client, changes)
            return UPDATED if perhaps_done and action == UNCHANGED else action, live
        except ClusterError as error:
            if error.status != CONFLICT:
                raise
            # The conflict may be with our own write, whose answer was lost.
            perhaps_done = perhaps_done or error.perhaps_done
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"other runs kept changing it for {_PATIENCE_SECONDS:g} s while this one tried to", CONFLICT
                ) from error
        time.sleep(random.uniform(0, longest))  # noqa: S311  (nothing secret depends on it)
        longest = min(2 * longest, _LONGEST_PAUSE)


def _change_once(client: KubernetesClient, changes: Sequence[Change]) -> Outcome:
    live = client.get(changes[0].at)
    wanted = live
    for change in changes:
        wanted = change.applied_to(wanted)
    if wanted is None:
        if live is None:
            return UNCHANGED, None
        client.delete(live, as_read=True)
        return DELETED, live
    if live is None:
        return CREATED, _created(client, wanted)
    if was_created(live):  # by a run that was interrupted
        live = client.own(live)
    if not write_step(wanted, live).changes:
        return UNCHANGED, live
    version = {key: live["metadata"][key] for key in ("uid", "resourceVersion")}
    return UPDATED, client.apply({**wanted, "metadata": {**wanted["metadata"], **version}})


def _created(client: KubernetesClient, wanted: Manifest) -> Manifest | None:
    live = client.create(wanted)
    try:
        return client.own(live)
    except ClusterError as error:
        if error.status != CONFLICT:
            raise
        return client.get(ref(live))  # who has changed it meanwhile has done this, too


@dataclass(eq=False)
class _PendingChange:
    """A change that a thread wants, and what came of it."""

    change: Change
    outcome: Outcome | None = None
    error: Exception | None = None

    @property
    def is_done(self) -> bool:
        return self.outcome is not None or self.error is not None


@dataclass
class _Queue:
    """The changes to one Gateway that are not carried out yet, and the lock of who carries them out."""

    asked: list[_PendingChange] = field(default_factory=list)
    writing: threading.Lock = field(default_factory=threading.Lock)


class SharedWrites:
    """The threads of one task write shared Gateways by this: what comes while one is written goes together into the
    next write, so that they neither wait for each other one by one nor meet in conflicts.
    """

    def __init__(self, client: KubernetesClient) -> None:
        self._client = client
        self._queues: dict[Ref, _Queue] = {}
        self._guard = threading.Lock()

    def change(self, change: Change) -> Outcome:
        """As change_shared() does, raising what it raises."""
        mine = _PendingChange(change)
        with self._guard:
            queue = self._queues.setdefault(change.at, _Queue())
            queue.asked.append(mine)
        with queue.writing:
            if not mine.is_done:
                with self._guard:
                    together, queue.asked = queue.asked, []
                self._carry_out(together)
        if mine.error is not None:
            raise mine.error
        return mine.outcome or (UNCHANGED, None)

    def _carry_out(self, together: list[_PendingChange]) -> None:
        try:
            outcome = change_shared(self._client, [asked.change for asked in together])
            for asked in together:
                asked.outcome = outcome
        except SharedGatewayError as error:
            if len(together) == 1:
                together[0].error = error
                return
            for asked in together:  # one of them cannot be on the Gateway: the others can
                self._carry_out([asked])
        except Exception as error:  # noqa: BLE001  (every thread that waits for this write must hear of it)
            for asked in together:
                asked.error = error
