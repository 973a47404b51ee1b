# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The order of writes, and what is written on the way so that an exposure that moves stays served. Pure.

Of two Gateways with the same TLS host on one port, istiod serves the older one, and drops the other one's whole server,
with all its hosts. As long as both exist, it is not for us to say which one serves. So

- the VirtualService is bound to both, before the new Gateway has the hosts and until the old one does not have them;
- on a shared Gateway the hosts are in a server of their own meanwhile: if that is dropped, nobody else's hosts are;
- what keeps the new Gateway from being served is removed before the wait for that, everything else after it.

Each server that ends TLS has a route table of its own in Envoy. istiod empties it with the server, a moment before
Envoy switches to the other server: requests for a moving host get 404 at that moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from .._kubernetes.objects import Manifest
from .._manifests.shared_gateway import Change, contribution_of
from .steps import Step


@dataclass(frozen=True)
class Write:
    """One write of a step: desired (None: it is deleted), or for a shared Gateway the change to what is there."""

    step: Step
    desired: Manifest | None
    change: Change | None = None

    @property
    def is_with_others(self) -> bool:
        """Whether it writes what other exposures change, too."""
        return self.change is not None and bool(self.change.together)


def write_order(
    steps: list[Step], blocks: Callable[[Manifest], bool] = lambda _gateway: False
) -> tuple[list[Write], list[Write]]:
    """All writes: those after which the exposure is served where it is wanted, and those that come after that.

    blocks says of a Gateway that the exposure leaves whether nothing new is served before it is deleted.
    """
    kept = [step for step in steps if not step.removes]
    leaving = [step for step in steps if step.removes]
    moves = any(map(_left_behind, kept)) or any(step.ref.kind == "Gateway" for step in leaving)
    if not kept or not moves:
        return [_final(step) for step in kept], [_final(step) for step in leaving]
    routes = [write for step in leaving for write in _alone(step, step.live)]
    listeners: list[Write] = []
    then: list[Write] = []
    for step in kept:
        interim = _bound_to_both(step) or _alone(step, step.desired)
        stage = listeners if step.ref.kind == "Gateway" else routes
        stage += interim or [_final(step)]
        then += [_final(step)] if interim else []
    blocking = [step for step in leaving if step.ref.kind == "Gateway" and blocks(_of_the_exposure(step))]
    last = [step for step in leaving if step not in blocking]
    return [*routes, *listeners, *map(_final, blocking)], [*map(_final, last), *then]


def _final(step: Step) -> Write:
    return Write(step, step.desired, step.shared_change)


def _left_behind(step: Step) -> set[str]:
    """The Gateways that a VirtualService is bound to now, and will not be after the step."""
    if step.ref.kind != "VirtualService" or step.live is None or step.desired is None:
        return set()
    return set(step.live["spec"].get("gateways") or []) - set(step.desired["spec"]["gateways"])


def _bound_to_both(step: Step) -> list[Write]:
    old = sorted(_left_behind(step))
    if not old or step.desired is None:
        return []
    spec = step.desired["spec"]
    return [Write(step, {**step.desired, "spec": {**spec, "gateways": [*spec["gateways"], *old]}})]


def _alone(step: Step, gateway: Manifest | None) -> list[Write]:
    """The write that puts the exposure's hosts on a shared Gateway into a server of their own."""
    if step.shared_change is None or gateway is None or not step.changes or step.shared_change.together:
        return []
    contribution = step.shared_change.contribution or contribution_of(gateway, step.shared_change.exposure)
    if contribution is None:
        return []
    change = replace(step.shared_change, contribution=replace(contribution, separate=True))
    return [Write(step, gateway, change)]


def _of_the_exposure(step: Step) -> Manifest:
    """A live Gateway; of a shared one only what the exposure has there."""
    live = step.live or {}
    mine = contribution_of(live, step.shared_change.exposure) if step.shared_change and live else None
    return {**live, "spec": {"selector": mine.selector, "servers": list(mine.servers)}} if mine else live
