# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role cert_manager: what is wanted beside what is there -> what to write, to remove, to predict and to refuse."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.plugin_utils._cert_manager_role.plan import cert_manager_plan

OURS = {"app.kubernetes.io/managed-by": "gatehouse.istio"}


def item(kind: str, name: str, namespace: str = "", state: str = "present") -> dict[str, Any]:
    at = f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"
    return {"id": at, "kind": kind, "namespace": namespace, "name": name, "state": state}


TOKEN = item("Secret", "token", "cert-manager")
ISSUER = item("ClusterIssuer", "le")
CERTIFICATE = item("Certificate", "shop", "edge")
BY_CLUSTER_ISSUER = {"name": "le", "kind": "ClusterIssuer", "group": "cert-manager.io"}
NEED = {"namespace": "cert-manager", "name": "token", "key": "k", "by": "ClusterIssuer le"}


def desired(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    issuer = changes.pop("issuer", BY_CLUSTER_ISSUER)
    defaults: dict[str, Any] = {
        "values": {"crds": {"enabled": True}},
        "objects": list(items),
        "manifests": {entry["id"]: {"spec": {"issuerRef": issuer}} for entry in items},
        "needs": [],
    }
    return {**defaults, **changes}


def live(kind: str, name: str, namespace: str = "", labels: dict[str, str] | None = None) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "labels": labels}
    return {"kind": kind, "metadata": {**metadata, **({"namespace": namespace} if namespace else {})}}


def crd(name: str | None = "cert-manager", namespace: str = "cert-manager") -> dict[str, Any]:
    helm = {"meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": namespace} if name else None
    return {"metadata": {"name": "certificates.cert-manager.io", "annotations": helm}}


def cluster(*objects: dict[str, Any], namespaces: tuple[str, ...] = ("cert-manager", "edge"), **changes: Any) -> Any:
    return {
        "namespaces": [{"metadata": {"name": name}, "status": {"phase": "Active"}} for name in namespaces],
        "crds": [crd()],
        "objects": [entry for entry in objects if entry["kind"] != "Secret"],
        "secrets": [entry for entry in objects if entry["kind"] == "Secret"],
        **changes,
    }


def plan(wanted: dict[str, Any], there: Any, **options: Any) -> dict[str, Any]:
    return cert_manager_plan(wanted, there, namespace="cert-manager", **options)


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [entry["id"] for entry in items]


def test_write_secrets_apart_and_create_only_missing_namespaces() -> None:
    result = plan(desired(TOKEN, ISSUER, CERTIFICATE), cluster(namespaces=("edge",), crds=[]))
    assert result["namespaces"] == ["cert-manager"]
    assert ids(result["secrets"]) == [TOKEN["id"]]
    assert ids(result["objects"]) == [ISSUER["id"], CERTIFICATE["id"]]
    assert (result["remove"], result["predict"], result["problems"]) == ([], [], [])


@pytest.mark.parametrize(
    ("there", "predicted"),
    [
        (cluster(), []),
        (cluster(crds=[]), [ISSUER["id"], CERTIFICATE["id"]]),
        (cluster(namespaces=("cert-manager",)), [CERTIFICATE["id"]]),
        (cluster(crds=[], namespaces=()), [TOKEN["id"], ISSUER["id"], CERTIFICATE["id"]]),
    ],
)
def test_check_mode_predicts_what_no_dry_run_can_tell(there: Any, predicted: list[str]) -> None:
    result = plan(desired(TOKEN, ISSUER, CERTIFICATE), there, check_mode=True)
    assert ids(result["predict"]) == predicted
    assert sorted(ids([*result["secrets"], *result["objects"], *result["predict"]])) == sorted(
        [TOKEN["id"], ISSUER["id"], CERTIFICATE["id"]]
    )


def test_remove_what_is_there_certificates_first_secrets_last() -> None:
    gone = [
        item("Secret", "token", "cert-manager", "absent"),
        item("ClusterIssuer", "le", state="absent"),
        item("Certificate", "never", "edge", "absent"),
        item("Certificate", "shop", "edge", "absent"),
    ]
    there = cluster(
        live("Secret", "token", "cert-manager", OURS),
        live("ClusterIssuer", "le", labels=OURS),
        live("Certificate", "shop", "edge", OURS),
    )
    result = plan(desired(*gone), there)
    assert ids(result["remove"]) == ["Certificate edge/shop", "ClusterIssuer le", "Secret cert-manager/token"]
    assert result["problems"] == []


def test_absent_touches_no_object() -> None:
    there = cluster(live("ClusterIssuer", "le"), crds=[crd(None)])
    assert not any(plan(desired(ISSUER), there, state="absent").values())


@pytest.mark.parametrize("state", ["present", "absent"])
def test_what_others_have_made_is_taken_over_only_if_told(state: str) -> None:
    there = cluster(live("ClusterIssuer", "le", labels={"app.kubernetes.io/managed-by": "Helm"}))
    wanted = desired(item("ClusterIssuer", "le", state=state))
    what = {"present": "manage it from now on", "absent": "remove it"}[state]
    assert plan(wanted, there)["problems"] == [
        (
            "The ClusterIssuer le exists and was not created by this role; choose another name, or set "
            f"cert_manager_adopt to true to {what}."
        ),
    ]
    assert plan(wanted, there, adopt=True)["problems"] == []


@pytest.mark.parametrize(
    ("expected", "whose"),
    [(crd("cm", "kube-system"), "of the Helm release kube-system/cm"), (crd(None), "not installed by Helm")],
)
def test_the_crds_of_another_installation_are_refused(expected: dict[str, Any], whose: str) -> None:
    (problem,) = plan(desired(), cluster(crds=[expected]))["problems"]
    assert problem.startswith(f"The cluster has cert-manager's CRDs already, {whose}, but this role would")
    assert plan(desired(values={"crds": {"enabled": False}}), cluster(crds=[expected]))["problems"] == []


def test_a_namespace_that_goes_away_is_refused() -> None:
    going = {"metadata": {"name": "cert-manager"}, "status": {"phase": "Terminating"}}
    assert plan(desired(), cluster() | {"namespaces": [going]})["problems"] == [
        "The namespace 'cert-manager' is being deleted; run the role again once it is gone."
    ]


def test_a_secret_that_an_issuer_reads_must_exist() -> None:
    assert plan(desired(ISSUER, needs=[NEED]), cluster())["problems"] == [
        (
            "The ClusterIssuer le reads the Secret cert-manager/token, which does not exist; add it to "
            "cert_manager_secrets with the key 'k', or create it first."
        ),
    ]
    there = cluster(live("Secret", "token", "cert-manager"))
    assert plan(desired(ISSUER, needs=[NEED]), there)["problems"] == []


@pytest.mark.parametrize(
    ("items", "there", "issuer", "problem"),
    [
        ([CERTIFICATE, ISSUER], cluster(), BY_CLUSTER_ISSUER, None),
        ([CERTIFICATE], cluster(live("ClusterIssuer", "le")), BY_CLUSTER_ISSUER, None),
        ([CERTIFICATE], cluster(live("Issuer", "le", "edge")), {**BY_CLUSTER_ISSUER, "kind": "Issuer"}, None),
        ([CERTIFICATE], cluster(), {"name": "x", "kind": "AWSPCAIssuer", "group": "awspca.cert-manager.io"}, None),
        ([CERTIFICATE], cluster(live("Issuer", "le", "edge")), BY_CLUSTER_ISSUER, "ClusterIssuer le, which does not"),
        (
            [CERTIFICATE],
            cluster(live("Issuer", "le", "elsewhere")),
            {**BY_CLUSTER_ISSUER, "kind": "Issuer"},
            "Issuer edge/le, which does not exist",
        ),
        (
            [CERTIFICATE, item("ClusterIssuer", "le", state="absent")],
            cluster(),
            BY_CLUSTER_ISSUER,
            "ClusterIssuer le, which has state absent",
        ),
    ],
)
def test_the_issuer_of_a_certificate_must_exist(
    items: list[dict[str, Any]], there: Any, issuer: dict[str, str], problem: str | None
) -> None:
    problems = plan(desired(*items, issuer=issuer), there)["problems"]
    assert len(problems) == (problem is not None)
    assert (problem or "") in " ".join(problems)
