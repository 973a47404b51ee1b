# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role istio: what is wanted beside what is there -> what to remove, to install and to refuse."""

from __future__ import annotations

from typing import Any

from ansible_collections.gatehouse.istio.plugins.plugin_utils._istio_role.plan import istio_release_plan

BASE = {"name": "istio-base", "namespace": "istio-system", "chart": "base", "state": "present"}
CNI = {"name": "istio-cni", "namespace": "istio-system", "chart": "cni", "state": "present"}
ISTIOD = {"name": "istiod", "namespace": "istio-system", "chart": "istiod", "state": "present"}


def desired(*gateways: dict[str, Any], **changes: Any) -> dict[str, Any]:
    releases = [{key: gateway[key] for key in BASE} for gateway in gateways]
    planned = [BASE, CNI, {**ISTIOD, **changes}, *releases]
    values: dict[str, dict[str, Any]] = {f"{release['namespace']}/{release['name']}": {} for release in planned}
    return {"releases": planned, "release_values": values, "gateways": list(gateways)}


def gateway(name: str, state: str = "present") -> dict[str, Any]:
    return {
        "name": name,
        "namespace": "istio-ingress",
        "chart": "gateway",
        "state": state,
        "workload": name,
        "kind": "Deployment",
        "visibility": "public",
        "selector": {"app": name, "istio": name},
        "ports": [{"port": 80}],
    }


def namespace(name: str, phase: str = "Active", **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}, "status": {"phase": phase}}


def workload(name: str, revision: str = "", istio: str = "") -> dict[str, Any]:
    labels = {"app": name, "istio": istio or name}
    template = {
        "labels": {**labels, **({"istio.io/rev": revision} if revision else {})},
        "annotations": {"inject.istio.io/templates": "gateway"},
    }
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "istio-ingress", "labels": labels},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": template}},
    }


def istiod(name: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "istio-system", "labels": {"app": "istiod", "istio": "pilot"}}
    return {"kind": "Deployment", "metadata": metadata, "spec": {"template": {"metadata": {}}}}


def names(releases: list[dict[str, Any]]) -> list[str]:
    return [release["name"] for release in releases]


def test_install_in_order_and_create_only_missing_namespaces() -> None:
    plan = istio_release_plan(desired(gateway("public"), gateway("old", "absent")), [namespace("istio-system")], [])
    assert names(plan["install"]) == ["istio-base", "istio-cni", "istiod", "public"]
    assert names(plan["remove"]) == ["old"]
    assert plan["namespaces"] == ["istio-ingress"]
    assert plan["chart_values"] == {"istiod": {"meshConfig": {"ingressSelector": "public", "ingressService": "public"}}}
    assert plan["problems"] == []


def test_removing_is_the_reverse_of_installing() -> None:
    plan = istio_release_plan(desired(gateway("a"), gateway("b", "absent")), [], [workload("a")], state="absent")
    assert names(plan["remove"]) == ["b", "a", "istiod", "istio-cni", "istio-base"]
    assert (plan["install"], plan["namespaces"], plan["problems"]) == ([], [], [])


def test_removing_refuses_to_pull_istiod_from_under_another_gateway() -> None:
    plan = istio_release_plan(desired(gateway("a")), [], [istiod("istiod"), workload("forgotten")], state="absent")
    assert plan["problems"] == [
        (
            "Istio is not removed, because istio_gateways does not list gateways that need it: "
            "istio-ingress/forgotten. List them to have them removed, too, or uninstall them first."
        )
    ]


def test_removing_one_of_two_control_planes_keeps_what_the_other_needs() -> None:
    live = [istiod("istiod"), istiod("istiod-old"), workload("other"), workload("mine", revision="old")]
    plan = istio_release_plan(desired(gateway("mine"), name="istiod-old"), [], live, state="absent", revision="old")
    assert names(plan["remove"]) == ["mine", "istiod-old"]
    assert plan["kept"] == ["istio-base", "istio-cni"]
    assert plan["problems"] == []


def test_a_gateway_of_the_same_revision_still_holds_the_removal() -> None:
    live = [istiod("istiod"), istiod("istiod-old"), workload("other", revision="old")]
    plan = istio_release_plan(desired(name="istiod-old"), [], live, state="absent", revision="old")
    assert len(plan["problems"]) == 1


def test_a_namespace_without_injection_is_refused() -> None:
    live = [namespace("istio-ingress", **{"istio-injection": "disabled"})]
    assert istio_release_plan(desired(gateway("public")), live, [])["problems"] == [
        (
            "The namespace 'istio-ingress' of gateway 'public' has the label istio-injection=disabled, so Istio would "
            "never put the proxy's image into its pods; remove the label or choose another namespace."
        )
    ]


def test_a_namespace_that_goes_away_is_refused() -> None:
    live = [namespace("istio-system", "Terminating")]
    assert istio_release_plan(desired(), live, [])["problems"] == [
        "The namespace 'istio-system' is being deleted; run the role again once it is gone."
    ]


def test_a_selector_cannot_change() -> None:
    plan = istio_release_plan(desired(gateway("public")), [], [workload("public", istio="edge")])
    assert plan["problems"] == [
        (
            "The labels of gateway 'public' cannot change from app=public,istio=edge to app=public,istio=public, "
            "because the selector of a Deployment is fixed; give the gateway a new name, or remove it first "
            "(state: absent)."
        )
    ]
    assert istio_release_plan(desired(gateway("public")), [], [workload("public")])["problems"] == []
