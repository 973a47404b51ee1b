# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Writes of a shared Gateway, which other runs may write at the same time: no change is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from .._kubernetes.client import KubernetesClient
from .._kubernetes.errors import CONFLICT, ClusterError
from .._kubernetes.fields import was_created
from .._kubernetes.objects import ExposureKey, Manifest, Ref, ref
from .._kubernetes.retry import conflict_pauses
from .._manifests.contribution import SharedGatewayError
from .._manifests.shared_gateway import Change
from .._plan.steps import (
    CREATED,
    DELETED,
    UNCHANGED,
    UPDATED,
    write_step,
)

_CONFLICT_SECONDS = 60.0

# The action, and the Gateway as it is now (None: deleted, or never created).
Written = tuple[str, "Manifest | None"]


def change_shared(client: KubernetesClient, changes: Sequence[Change]) -> Written:
    """Applies changes to one Gateway; returns what was done (created, updated, deleted, unchanged) and the Gateway.

    Every write names the version that it was worked out from. If that is outdated, it is worked out anew after a pause.
    Raises ClusterError or SharedGatewayError.
    """
    perhaps_done = False
    for pause in conflict_pauses(_CONFLICT_SECONDS):
        try:
            action, live = _change_once(client, changes)
            return UPDATED if perhaps_done and action == UNCHANGED else action, live
        except ClusterError as error:
            if error.status != CONFLICT:
                raise
            # The conflict may be with our own write, whose answer was lost.
            perhaps_done = perhaps_done or error.perhaps_done
        time.sleep(pause)
    raise ClusterError(f"other runs kept changing it for {_CONFLICT_SECONDS:g} s while this one tried to", CONFLICT)


def _change_once(client: KubernetesClient, changes: Sequence[Change]) -> Written:
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
        return client.get(ref(live))  # the run that has changed it meanwhile has done this, too


@dataclass(eq=False)
class _PendingChange:
    """A change that a thread wants, and its result."""

    change: Change
    written: Written | None = None
    error: Exception | None = None

    @property
    def is_done(self) -> bool:
        return self.written is not None or self.error is not None


@dataclass
class _Queue:
    """The changes to one Gateway that are not written yet, and the lock of the thread that writes them."""

    pending: list[_PendingChange] = field(default_factory=list)
    writing: threading.Lock = field(default_factory=threading.Lock)


class SharedWrites:
    """Writes of shared Gateways by the threads of a task: changes that arrive during a write go into the next one
    together, so that threads neither wait for each other one by one nor conflict.
    """

    def __init__(self, client: KubernetesClient) -> None:
        self._client = client
        self._queues: dict[Ref, _Queue] = {}
        self._written_with_others: dict[tuple[Ref, ExposureKey], Written] = {}
        self._guard = threading.Lock()

    def change(self, change: Change) -> Written:
        """As change_shared(), with one change."""
        mine = _PendingChange(change)
        with self._guard:
            queue = self._queues.setdefault(change.at, _Queue())
            queue.pending.append(mine)
        with queue.writing:
            if not mine.is_done:
                with self._guard:
                    together, queue.pending = queue.pending, []
                self._write(together)
        if mine.error is not None:
            raise mine.error
        return mine.written or (UNCHANGED, None)

    def _write(self, together: list[_PendingChange]) -> None:
        for pending in together:
            pending.written = self._written_with_others.pop((pending.change.at, pending.change.exposure), None)
        together = [pending for pending in together if not pending.is_done]
        if not together:
            return
        try:
            written = change_shared(self._client, [pending.change for pending in together])
            for pending in together:
                pending.written = written
                others = ((other.at, other.exposure) for other in pending.change.together)
                self._written_with_others.update(dict.fromkeys(others, written))
        except SharedGatewayError as error:
            if len(together) == 1:
                together[0].error = error
                return
            for pending in together:  # one of them cannot be on the Gateway: the others can
                self._write([pending])
        except Exception as error:  # noqa: BLE001  (every thread that waits for this write gets the error)
            for pending in together:
                pending.error = error
