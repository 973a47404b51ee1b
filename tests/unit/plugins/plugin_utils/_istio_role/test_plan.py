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


def of_helm(live: dict[str, Any], release: str) -> dict[str, Any]:
    """As a release of the object's namespace leaves it."""
    metadata = live["metadata"]
    labels = {**(metadata.get("labels") or {}), "app.kubernetes.io/managed-by": "Helm"}
    annotations = {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": metadata["namespace"]}
    return {**live, "metadata": {**metadata, "labels": labels, "annotations": annotations}}


def workload(name: str, revision: str = "", istio: str = "") -> dict[str, Any]:
    labels = {"app": name, "istio": istio or name}
    template = {
        "labels": {**labels, **({"istio.io/rev": revision} if revision else {})},
        "annotations": {"inject.istio.io/templates": "gateway"},
    }
    live = {
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "istio-ingress", "labels": labels},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": template}},
    }
    return of_helm(live, name)


def istiod(name: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "istio-system", "labels": {"app": "istiod", "istio": "pilot"}}
    return of_helm({"kind": "Deployment", "metadata": metadata, "spec": {"template": {"metadata": {}}}}, name)


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


def of_istioctl(kind: str, name: str, namespace: str = "") -> dict[str, Any]:
    """As istioctl leaves it: its manifests come from the same charts."""
    metadata = {"name": name, "labels": {"app.kubernetes.io/managed-by": "Helm"}}
    return {"kind": kind, "metadata": {**metadata, **({"namespace": namespace} if namespace else {})}}


CRD = of_istioctl("CustomResourceDefinition", "gateways.networking.istio.io")
ROLE = of_istioctl("ClusterRole", "istiod-clusterrole-istio-system")
VALIDATOR = of_istioctl("ValidatingWebhookConfiguration", "istio-validator-istio-system")
WITHOUT_HELM = "Istio was installed here without Helm (by istioctl or kubectl): "


def refused(wanted: dict[str, Any], *live: dict[str, Any], **options: Any) -> list[str]:
    problems: list[str] = istio_release_plan(wanted, [], [], others=live, **options)["problems"]
    return problems


def test_what_istioctl_has_installed_is_refused() -> None:
    (problem,) = refused(desired(), CRD, ROLE, VALIDATOR, of_istioctl("Deployment", "istiod", "istio-system"))
    assert problem == (
        f"{WITHOUT_HELM}CustomResourceDefinition gateways.networking.istio.io, Deployment istio-system/istiod, "
        "ClusterRole istiod-clusterrole-istio-system and 1 more lack Helm's label and annotations, so that Helm would "
        "refuse its release; let the role take them over with istio_adopt: true, or uninstall them first with what "
        "installed them."
    )
    assert refused(desired(), CRD, ROLE, adopt=True) == []
    assert refused(desired(), CRD, ROLE, state="absent") == []


def test_a_gateway_of_istioctl_is_refused() -> None:
    live = of_istioctl("Deployment", "public", "istio-ingress")
    (problem,) = refused(desired(gateway("public")), live)
    assert problem.startswith(f"{WITHOUT_HELM}Deployment istio-ingress/public lacks Helm's label")
    assert refused(desired(gateway("other")), live) == []
    assert refused(desired(gateway("public", "absent")), live) == []


def test_crds_that_the_chart_leaves_out_may_be_anybodys() -> None:
    without = desired()
    without["release_values"]["istio-system/istio-base"] = {"base": {"enableCRDTemplates": False}}
    assert refused(without, CRD) == []


def test_what_our_own_releases_have_installed_is_not_refused() -> None:
    crd = of_helm({**CRD, "metadata": {**CRD["metadata"], "namespace": "istio-system"}}, "istio-base")
    del crd["metadata"]["namespace"]
    assert refused(desired(), crd, istiod("istiod"), istiod("istiod-old")) == []


def test_a_revision_beside_what_istioctl_has_installed_needs_the_crds_only() -> None:
    (problem,) = refused(desired(name="istiod-new"), CRD, ROLE, VALIDATOR, revision="new")
    assert problem.startswith(f"{WITHOUT_HELM}CustomResourceDefinition gateways.networking.istio.io lacks Helm's label")


def test_what_another_release_has_installed_is_refused() -> None:
    other = of_helm({"kind": "ConfigMap", "metadata": {"name": "istio", "namespace": "istio-system"}}, "mesh")
    (problem,) = refused(desired(), other)
    assert problem == (
        "Helm's release istio-system/mesh has installed ConfigMap istio-system/istio, so that Helm would refuse this "
        "role's release; uninstall that one first, or let the role take them over with istio_adopt: true."
    )
