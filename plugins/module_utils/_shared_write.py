# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Writes a shared Gateway while other runs, on other machines, write it too: nobody's change is lost."""

from __future__ import annotations

import random
import time

from ansible_collections.gatehouse.istio.plugins.module_utils._cluster import CONFLICT, Cluster, ClusterError
from ansible_collections.gatehouse.istio.plugins.module_utils._objects import Manifest, ref, was_created
from ansible_collections.gatehouse.istio.plugins.module_utils._plan import (
    CREATED,
    DELETED,
    UNCHANGED,
    UPDATED,
    write_step,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._shared_gateway import Change

_PATIENCE_SECONDS = 60.0
_LONGEST_PAUSE = 2.0


def change_shared(cluster: Cluster, change: Change) -> tuple[str, Manifest | None]:
    """What was done in the end (created, updated, deleted, unchanged), and the Gateway as it is now.

    Every write names the version that it was worked out from. If that is outdated, it is worked out anew, after a pause
    of random length, so that many who begin at once do not meet again and again.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    longest = 0.05
    perhaps_done = False
    while True:
        try:
            action, live = _change_once(cluster, change)
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


def _change_once(cluster: Cluster, change: Change) -> tuple[str, Manifest | None]:
    live = cluster.get(change.at)
    wanted = change.applied_to(live)
    if wanted is None:
        if live is None:
            return UNCHANGED, None
        cluster.delete(live, as_read=True)
        return DELETED, live
    if live is None:
        return CREATED, _created(cluster, wanted)
    if was_created(live):  # by a run that was interrupted
        live = cluster.own(live)
    if not write_step(wanted, live).changes:
        return UNCHANGED, live
    version = {key: live["metadata"][key] for key in ("uid", "resourceVersion")}
    return UPDATED, cluster.apply({**wanted, "metadata": {**wanted["metadata"], **version}})


def _created(cluster: Cluster, wanted: Manifest) -> Manifest | None:
    live = cluster.create(wanted)
    try:
        return cluster.own(live)
    except ClusterError as error:
        if error.status != CONFLICT:
            raise
        return cluster.get(ref(live))  # who has changed it meanwhile has done this, too
