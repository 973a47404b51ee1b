# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps → writes in an order in which the exposure stays served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import ExposureKey, Manifest, ref
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.contribution import (
    Contribution,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.exposure import manifests
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.shared_gateway import (
    Change,
    contribution_of,
    shared_gateway,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure import parse
from ansible_collections.gatehouse.istio.plugins.module_utils._plan.live import LiveObjects
from ansible_collections.gatehouse.istio.plugins.module_utils._plan.order import Write, write_order
from ansible_collections.gatehouse.istio.plugins.module_utils._plan.steps import plan_steps

KEY = ExposureKey("shop", "shop")
SELECTOR = {"istio": "public"}
OWN, OTHER_OWN = {"selector": SELECTOR}, {"selector": SELECTOR, "name": "other"}
SHARED, OTHER_SHARED = {"selector": SELECTOR, "shared": "infra/front"}, {"selector": SELECTOR, "shared": "infra/back"}
EXISTING = {"existing": "infra/theirs"}


def desired(gateway: dict[str, Any] | None, **changes: Any) -> list[Manifest]:
    tls = None if gateway == EXISTING else {"credential_name": "cert"}
    options = {"name": "shop", "namespace": "shop", "hosts": ["shop.example.com"], "service": "web", "tls": tls}
    return manifests(parse({**options, "gateway": gateway, **changes})) if gateway else []


def live(manifest: Manifest) -> Manifest:
    """As it is in the cluster; on a shared Gateway is somebody else, too."""
    fields_v1: dict[str, Any] = {"f:metadata": {"f:labels": {}}, "f:spec": {"f:selector": {}, "f:servers": {}}}
    applied = {"manager": "gatehouse.istio", "operation": "Apply", "fieldsV1": fields_v1}
    known = {"uid": "1", "resourceVersion": "1", "managedFields": [applied]}
    content = {**manifest, "metadata": {**manifest["metadata"], **known}}
    mine = contribution_of(content, KEY)
    if mine is None:
        return content
    both = Change(ref(content), KEY, mine).applied_to(
        shared_gateway(ref(content), Contribution(ExposureKey("blog", "blog"), SELECTOR, mine.servers))
    )
    assert both is not None
    return {**both, "metadata": {**content["metadata"], "annotations": both["metadata"]["annotations"]}}


def said(write: Write) -> str:
    name = f"{write.step.ref.kind} {write.step.ref.name}"
    if write.change:
        return f"{name}: " + (
            "leave" if write.change.contribution is None else "alone" if write.change.contribution.separate else "join"
        )
    if write.desired is None:
        return f"delete {name}"
    gateways = write.desired["spec"].get("gateways")
    return f"{name} at {' and '.join(gateways)}" if gateways else name


def writes(
    before: dict[str, Any] | None, after: dict[str, Any] | None, *extra: Manifest, same_pods: bool = True
) -> list[list[str]]:
    """What is written before the exposure is served where it is wanted, and then."""
    objects = [live(manifest) for manifest in desired(before)] + list(extra)
    steps = plan_steps(KEY, desired(after), LiveObjects({ref(result): result for result in objects}))
    return [[said(write) for write in stage] for stage in write_order(steps, lambda _gateway: same_pods)]


VS = "VirtualService shop at"


@dataclass(frozen=True, kw_only=True)
class Move:
    """An exposure that moves from one gateway to another; None is an exposure that does not exist."""

    before: dict[str, Any] | None  # options
    after: dict[str, Any] | None
    writes: list[list[str]]  # of each stage


ORDERS: dict[str, Move] = {
    "nothing to own": Move(before=None, after=OWN, writes=[["Gateway shop", f"{VS} shop/shop"], []]),
    "nothing to shared": Move(before=None, after=SHARED, writes=[["Gateway front: join", f"{VS} infra/front"], []]),
    "own to nothing": Move(before=OWN, after=None, writes=[[], ["delete VirtualService shop", "delete Gateway shop"]]),
    "shared to nothing": Move(
        before=SHARED, after=None, writes=[[], ["delete VirtualService shop", "Gateway front: leave"]]
    ),
    "own to own": Move(
        before=OWN,
        after=OTHER_OWN,
        writes=[[f"{VS} shop/other and shop/shop", "Gateway other", "delete Gateway shop"], [f"{VS} shop/other"]],
    ),
    "own to shared": Move(
        before=OWN,
        after=SHARED,
        writes=[
            [f"{VS} infra/front and shop/shop", "Gateway front: alone", "delete Gateway shop"],
            ["Gateway front: join", f"{VS} infra/front"],
        ],
    ),
    "shared to own": Move(
        before=SHARED,
        after=OWN,
        writes=[
            ["Gateway front: alone", f"{VS} shop/shop and infra/front", "Gateway shop", "Gateway front: leave"],
            [f"{VS} shop/shop"],
        ],
    ),
    "shared to shared": Move(
        before=SHARED,
        after=OTHER_SHARED,
        writes=[
            ["Gateway front: alone", f"{VS} infra/back and infra/front", "Gateway back: alone", "Gateway front: leave"],
            ["Gateway back: join", f"{VS} infra/back"],
        ],
    ),
    "own to existing": Move(
        before=OWN,
        after=EXISTING,
        writes=[[f"{VS} infra/theirs and shop/shop", "delete Gateway shop"], [f"{VS} infra/theirs"]],
    ),
    "existing to own": Move(
        before=EXISTING,
        after=OWN,
        writes=[[f"{VS} shop/shop and infra/theirs", "Gateway shop"], [f"{VS} shop/shop"]],
    ),
}


@pytest.mark.parametrize("move", ORDERS.values(), ids=ORDERS)
def test_order(move: Move) -> None:
    assert writes(move.before, move.after) == move.writes


def test_between_other_pods_the_old_gateway_stays_until_the_new_one_serves() -> None:
    assert writes(OWN, OTHER_OWN, same_pods=False) == [
        [f"{VS} shop/other and shop/shop", "Gateway other"],
        ["delete Gateway shop", f"{VS} shop/other"],
    ]
    assert writes(SHARED, OWN, same_pods=False) == [
        ["Gateway front: alone", f"{VS} shop/shop and infra/front", "Gateway shop"],
        ["Gateway front: leave", f"{VS} shop/shop"],
    ]


def test_of_a_shared_gateway_only_the_servers_of_the_exposure_count() -> None:
    asked: list[Manifest] = []
    objects = [live(manifest) for manifest in desired(SHARED)]
    steps = plan_steps(KEY, desired(OWN), LiveObjects({ref(result): result for result in objects}))

    def keeps_out(gateway: Manifest) -> bool:
        asked.append(gateway)
        return True

    write_order(steps, keeps_out)
    assert [server["hosts"] for gateway in asked for server in gateway["spec"]["servers"]] == [["shop.example.com"]]


def test_an_interrupted_move_is_finished_in_order() -> None:
    """The VirtualService is bound to both; the new Gateway is there; the old one is, too."""
    virtual_service = live(desired(OTHER_OWN)[1])
    virtual_service["spec"] = {**virtual_service["spec"], "gateways": ["shop/other", "shop/shop"]}
    first, last = writes(OWN, OTHER_OWN, live(desired(OTHER_OWN)[0]), virtual_service, same_pods=False)
    assert first == [f"{VS} shop/other and shop/shop", "Gateway other"]
    assert last == ["delete Gateway shop", f"{VS} shop/other"]


def test_an_old_gateway_that_nothing_is_bound_to_goes_last() -> None:
    first, last = writes(OTHER_OWN, OTHER_OWN, live(desired(OWN)[0]), same_pods=False)
    assert last == ["delete Gateway shop"]
    assert "delete Gateway shop" not in first
