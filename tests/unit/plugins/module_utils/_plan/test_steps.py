# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Desired and live → steps and diff."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.fields import (
    created_as_applied,
    fields,
    owned_fields,
    pick,
    was_created,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import (
    FIELD_MANAGER,
    ExposureKey,
    Manifest,
    Ref,
    owner,
    ref,
    without_managed_fields,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.exposure import manifests
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure import parse
from ansible_collections.gatehouse.istio.plugins.module_utils._plan.live import LiveObjects
from ansible_collections.gatehouse.istio.plugins.module_utils._plan.steps import OwnershipError, diff, plan_steps

KEY = ExposureKey("shop", "shop")
OPTIONS: dict[str, Any] = {
    "name": "shop",
    "namespace": "shop",
    "hosts": ["shop.example.com"],
    "service": "web",
    "gateway": {"selector": {"istio": "public"}},
}


def desired(**changes: Any) -> list[Manifest]:
    return manifests(parse({**OPTIONS, **changes}))


def applied(manifest: Manifest, manager: str = FIELD_MANAGER, operation: str = "Apply") -> Manifest:
    """The manifest as the API server returns it after a server-side apply."""
    tree: dict[str, Any] = {}
    for path in fields(manifest):
        inner = tree
        for key in path:
            inner = inner.setdefault(f"f:{key}", {})
    live = copy.deepcopy(manifest)
    live["metadata"].update(
        uid=f"uid-{manifest['kind']}",
        resourceVersion="1",
        managedFields=[{"manager": manager, "operation": operation, "fieldsType": "FieldsV1", "fieldsV1": tree}],
    )
    return live


def picture(*live: Manifest) -> LiveObjects:
    return LiveObjects({ref(entry): entry for entry in live})


def actions(steps: list[Any]) -> list[str]:
    return [f"{step.action} {step.ref.kind}" for step in steps]


def test_everything_is_created_gateway_first() -> None:
    steps = plan_steps(KEY, desired(), picture())
    assert actions(steps) == ["created Gateway", "created VirtualService"]


def test_nothing_is_done_when_all_is_as_wanted() -> None:
    steps = plan_steps(KEY, desired(), picture(*map(applied, desired())))
    assert actions(steps) == ["unchanged Gateway", "unchanged VirtualService"]
    assert diff(steps) == []


def test_a_changed_field_updates_only_its_object() -> None:
    steps = plan_steps(KEY, desired(service="other"), picture(*map(applied, desired())))
    assert actions(steps) == ["unchanged Gateway", "updated VirtualService"]


def test_a_removed_option_is_an_update() -> None:
    live = [applied(manifest) for manifest in desired(labels={"team": "a"}, annotations={"note": "b"})]
    steps = plan_steps(KEY, desired(), picture(*live))
    assert actions(steps) == ["updated Gateway", "updated VirtualService"]
    assert "team: a" in diff(steps)[0]["before"]
    assert "team: a" not in diff(steps)[0]["after"]


def test_fields_of_others_do_not_matter() -> None:
    live = [applied(manifest) for manifest in desired()]
    live[1]["spec"]["exportTo"] = ["."]
    live[1]["metadata"]["labels"]["argocd"] = "x"
    live[1]["metadata"]["managedFields"].append(
        {"manager": "argocd", "operation": "Update", "fieldsV1": {"f:spec": {"f:exportTo": {}}}}
    )
    steps = plan_steps(KEY, desired(), picture(*live))
    assert actions(steps) == ["unchanged Gateway", "unchanged VirtualService"]


def test_a_value_changed_by_hand_is_put_back_and_the_diff_shows_it() -> None:
    live = [applied(manifest) for manifest in desired()]
    live[0]["spec"]["servers"][0]["hosts"] = ["by-hand.example.com"]
    del live[0]["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:servers"]
    steps = plan_steps(KEY, desired(), picture(*live))
    assert actions(steps) == ["updated Gateway", "unchanged VirtualService"]
    (only,) = diff(steps)
    assert "by-hand.example.com" in only["before"]
    assert "by-hand.example.com" not in only["after"]


def test_a_field_deleted_by_hand_comes_back() -> None:
    live = [applied(manifest) for manifest in desired()]
    del live[0]["spec"]["selector"]
    del live[0]["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:selector"]
    assert actions(plan_steps(KEY, desired(), picture(*live)))[0] == "updated Gateway"


def test_our_value_under_another_owner_is_taken_over_so_that_it_can_be_removed_later() -> None:
    live = [applied(manifest) for manifest in desired()]
    del live[1]["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:http"]
    steps = plan_steps(KEY, desired(), picture(*live))
    assert actions(steps) == ["unchanged Gateway", "updated VirtualService"]
    assert "# not managed by this module yet: spec.http" in diff(steps)[0]["before"]


def test_the_diff_has_only_our_fields() -> None:
    live = [applied(manifest) for manifest in desired()]
    live[1]["spec"]["exportTo"] = ["."]
    (only,) = diff(plan_steps(KEY, desired(service="other"), picture(*live)))
    assert only["before_header"] == "VirtualService shop/shop"
    assert "exportTo" not in only["before"] + only["after"]
    assert "uid" not in only["before"]


def test_a_move_makes_the_new_gateway_first_and_removes_the_old_one_last() -> None:
    gateway = {"selector": {"istio": "public"}, "name": "new", "namespace": "infra"}
    steps = plan_steps(KEY, desired(gateway=gateway), picture(*map(applied, desired())))
    assert [f"{step.action} {step.ref}" for step in steps] == [
        "created Gateway infra/new",
        "updated VirtualService shop/shop",
        "deleted Gateway shop/shop",
    ]


def test_removal_goes_against_the_order_of_creation() -> None:
    assert actions(plan_steps(KEY, [], picture(*map(applied, desired())))) == [
        "deleted VirtualService",
        "deleted Gateway",
    ]


def test_removal_leaves_what_is_not_of_this_exposure() -> None:
    foreign = applied({"kind": "Gateway", "metadata": {"name": "shop", "namespace": "shop"}, "spec": {}})
    others = [applied(manifest) for manifest in desired(name="blog", namespace="blog")]
    assert plan_steps(KEY, [], picture(foreign, *others)) == []


CERTIFICATE = {"tls": {"certificate": {"issuer": {"name": "ca"}}}}


def with_certificate(namespace: str = "infra", **changes: Any) -> list[Manifest]:
    return manifests(parse({**OPTIONS, **CERTIFICATE, **changes}), namespace)


def test_a_certificate_comes_first_and_goes_last() -> None:
    assert actions(plan_steps(KEY, with_certificate(), picture())) == [
        "created Certificate",
        "created Gateway",
        "created VirtualService",
    ]
    assert actions(plan_steps(KEY, [], picture(*map(applied, with_certificate())))) == [
        "deleted VirtualService",
        "deleted Gateway",
        "deleted Certificate",
    ]


def test_a_certificate_moves_with_its_gateways_pods() -> None:
    steps = plan_steps(KEY, with_certificate("new"), picture(*map(applied, with_certificate("old"))))
    assert [f"{step.action} {step.ref}" for step in steps] == [
        "created Certificate new/shop.shop",
        "updated Gateway shop/shop",
        "unchanged VirtualService shop/shop",
        "deleted Certificate old/shop.shop",
    ]


def test_an_empty_field_is_a_field() -> None:
    options = {"certificate": {"issuer": {"name": "ca"}, "spec": {"subject": {}}}}
    wanted = with_certificate(tls=options)
    assert ("spec", "subject") in fields(wanted[0])
    assert actions(plan_steps(KEY, wanted, picture(*map(applied, wanted))))[0] == "unchanged Certificate"


def test_a_secrets_data_are_fields() -> None:
    secret = {"kind": "Secret", "metadata": {"name": "a", "labels": {"b": "c"}}, "data": {"ca.crt": "eA=="}}
    assert fields(secret) == {("data", "ca.crt"): "eA==", ("metadata", "labels", "b"): "c"}


def test_a_foreign_certificate_is_an_error_that_says_how_to_use_it() -> None:
    hand_made = copy.deepcopy(with_certificate()[0])
    del hand_made["metadata"]["labels"]
    with pytest.raises(OwnershipError, match=r"^Certificate infra/shop.shop exists .* another tls.credential_name, or"):
        plan_steps(KEY, with_certificate(), picture(applied(hand_made)))
    assert (
        actions(plan_steps(KEY, with_certificate(), picture(applied(hand_made)), adopt=True))[0]
        == "updated Certificate"
    )
    others = with_certificate(name="blog", tls={"credential_name": "shop.shop", **CERTIFICATE["tls"]})[0]
    with pytest.raises(OwnershipError, match=r"belongs to the exposure shop/blog; .* use its Secret"):
        plan_steps(KEY, with_certificate(), picture(applied(others)), adopt=True)


def foreign_gateway() -> Manifest:
    hand_made = copy.deepcopy(desired()[0])
    del hand_made["metadata"]["labels"]
    hand_made["spec"]["servers"][0]["hosts"] = ["old.example.com"]
    return applied(hand_made, "kubectl-client-side-apply", "Update")


def test_a_foreign_object_of_the_same_name_is_an_error_that_says_how_to_adopt_it() -> None:
    with pytest.raises(
        OwnershipError, match=r"^Gateway shop/shop exists and is not managed by this collection; .*adopt: true"
    ):
        plan_steps(KEY, desired(), picture(foreign_gateway()))


def test_a_foreign_object_is_adopted_on_demand() -> None:
    steps = plan_steps(KEY, desired(), picture(foreign_gateway()), adopt=True)
    assert actions(steps) == ["updated Gateway", "created VirtualService"]


@pytest.mark.parametrize("adopt", [False, True])
def test_the_object_of_another_exposure_is_never_taken(adopt: bool) -> None:
    others = applied(desired(name="blog", gateway={"selector": {"a": "b"}, "name": "shop"})[0])
    with pytest.raises(
        OwnershipError, match=r"^Gateway shop/shop belongs to the exposure shop/blog; .*gateway.existing"
    ):
        plan_steps(KEY, desired(), picture(others), adopt=adopt)


SHARED = {"gateway": {"selector": {"istio": "public"}, "shared": "infra/front"}}


def test_a_shared_gateway_is_joined_and_left() -> None:
    gateway, virtual_service = map(applied, desired(**SHARED))
    assert actions(plan_steps(KEY, desired(**SHARED), picture())) == ["created Gateway", "created VirtualService"]
    steps = plan_steps(KEY, desired(**SHARED), picture(gateway, virtual_service))
    assert actions(steps) == ["unchanged Gateway", "unchanged VirtualService"]
    steps = plan_steps(KEY, [], picture(gateway, virtual_service))
    assert actions(steps) == ["deleted VirtualService", "deleted Gateway"]

    blog = desired(name="blog", hosts=["blog.example.com"], **SHARED)
    steps = plan_steps(ExposureKey("shop", "blog"), blog, picture(gateway))
    assert actions(steps) == ["updated Gateway", "created VirtualService"]
    both = steps[0].desired
    assert both is not None
    assert both["spec"]["servers"][0]["hosts"] == ["blog.example.com", "shop.example.com"]
    left = plan_steps(KEY, [], picture(applied(both), virtual_service))
    assert actions(left) == ["deleted VirtualService", "updated Gateway"]
    assert left[1].removes
    assert left[1].desired == plan_steps(ExposureKey("shop", "blog"), blog, picture())[0].desired
    (_virtual_service, change) = diff(left)
    assert "exposure.gatehouse.istio/shop.shop" in change["before"]
    assert "exposure.gatehouse.istio/shop.blog" not in change["before"] + change["after"]


@pytest.mark.parametrize("adopt", [False, True])
def test_a_shared_gateway_is_no_exposures_own(adopt: bool) -> None:
    shared = applied(desired(**SHARED)[0])
    own = desired(name="blog", gateway={"selector": {"istio": "public"}, "name": "front", "namespace": "infra"})
    with pytest.raises(OwnershipError, match=r"^Gateway infra/front is shared by shop/shop; .* with gateway.shared\.$"):
        plan_steps(ExposureKey("shop", "blog"), own, picture(shared), adopt=adopt)


def test_what_a_create_has_left_is_not_owned_until_it_counts_as_applied() -> None:
    created = applied(desired(**SHARED)[0], operation="Update")
    assert was_created(created)
    assert actions(plan_steps(KEY, desired(**SHARED), picture(created)))[0] == "updated Gateway"
    created["metadata"]["managedFields"] = created_as_applied(created)
    assert not was_created(created)
    assert actions(plan_steps(KEY, desired(**SHARED), picture(created)))[0] == "unchanged Gateway"
    others = applied(desired()[0], manager="kubectl", operation="Update")
    assert not was_created(others)
    assert created_as_applied(others) == others["metadata"]["managedFields"]


def test_owner_needs_all_labels() -> None:
    live = applied(desired()[0])
    assert owner(live) == KEY
    del live["metadata"]["labels"]["app.kubernetes.io/managed-by"]
    assert owner(live) is None


def test_owned_fields_are_those_of_our_apply_only() -> None:
    ours = {"f:metadata": {"f:labels": {".": {}, "f:a.b/c": {}}}, "f:spec": {"f:list": {'k:{"x":1}': {"f:y": {}}}}}
    live: Manifest = {
        "metadata": {
            "managedFields": [
                {"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": ours},
                {"manager": FIELD_MANAGER, "operation": "Update", "fieldsV1": {"f:spec": {"f:one": {}}}},
                {"manager": FIELD_MANAGER, "operation": "Apply", "subresource": "status", "fieldsV1": {"f:status": {}}},
                {"manager": "x", "operation": "Apply", "fieldsV1": {"f:spec": {"f:two": {}}}},
            ]
        }
    }
    assert owned_fields(live) == {("metadata", "labels", "a.b/c"), ("spec", "list")}


def test_pick_leaves_out_what_is_not_there() -> None:
    live: Manifest = {"spec": {"a": {"b": 1}, "c": [1]}}
    assert pick(live, {("spec", "a", "b"), ("spec", "c"), ("spec", "x"), ("spec", "a", "b", "z")}) == live
    assert pick(live, set()) == {}


def test_managed_fields_are_not_shown() -> None:
    live = applied(desired()[0])
    assert "managedFields" not in without_managed_fields(live)["metadata"]
    assert "managedFields" in live["metadata"]


def test_a_ref_reads_well() -> None:
    assert str(Ref("Gateway", "infra", "front")) == "Gateway infra/front"
