# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Role cert_manager, step 2: desired and live state → what to apply, to remove and to refuse. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import FIELD_MANAGER, MANAGED_BY

Object = Mapping[str, Any]

RELEASE = "cert-manager"


def _at(kind: str, metadata: Object) -> str:
    namespace = metadata.get("namespace")
    return f"{kind} {namespace}/{metadata['name']}" if namespace else f"{kind} {metadata['name']}"


def _crd_problems(desired: Object, crds: list[Object], namespace: str) -> list[str]:
    """Helm refuses CRDs that are not its own, but with a long sentence, and after it has begun."""
    problems = []
    for crd in crds:
        annotations = crd["metadata"].get("annotations") or {}
        owner = [annotations.get(f"meta.helm.sh/release-{what}") for what in ("namespace", "name")]
        if desired["values"]["crds"]["enabled"] and owner != [namespace, RELEASE]:
            whose = f"of the Helm release {'/'.join(map(str, owner))}" if all(owner) else "not installed by Helm"
            problems.append(
                f"The cluster has cert-manager's CRDs already, {whose}, but this role would install them as "
                f"{namespace}/{RELEASE}; set cert_manager_namespace to where cert-manager is, or uninstall that one "
                "first (its CRDs too, if they are left), or keep its CRDs with the value crds.enabled=false."
            )
    return problems


def _namespace_problems(wanted: list[str], namespaces: list[Object]) -> list[str]:
    phases = {item["metadata"]["name"]: (item.get("status") or {}).get("phase") for item in namespaces}
    return [
        f"The namespace '{name}' is being deleted; run the role again once it is gone."
        for name in wanted
        if phases.get(name) == "Terminating"
    ]


def _ownership_problems(items: list[Object], live: Mapping[str, Object]) -> list[str]:
    return [
        f"The {item['id']} exists and was not created by this role; choose another name, or set cert_manager_adopt to "
        f"true to {'remove it' if item['state'] == 'absent' else 'manage it from now on'}."
        for item in items
        if item["id"] in live and (live[item["id"]]["metadata"].get("labels") or {}).get(MANAGED_BY) != FIELD_MANAGER
    ]


def _need_problems(needs: list[Object], live: Mapping[str, Object]) -> list[str]:
    return [
        f"The {need['by']} reads the Secret {need['namespace']}/{need['name']}, which does not exist; add it to "
        f"cert_manager_secrets{' with the key ' + repr(need['key']) if need['key'] else ''}, or create it first."
        for need in needs
        if _at("Secret", need) not in live
    ]


def _issuer_problems(desired: Object, live: Mapping[str, Object]) -> list[str]:
    """A Certificate whose issuer is missing would wait for it forever."""
    states = {item["id"]: item["state"] for item in desired["objects"]}
    problems = []
    for item in desired["objects"]:
        if item["kind"] != "Certificate" or item["state"] == "absent":
            continue
        issuer = desired["manifests"][item["id"]]["spec"]["issuerRef"]
        if issuer["group"] != "cert-manager.io":
            continue
        namespace = item["namespace"] if issuer["kind"] == "Issuer" else None
        at = _at(issuer["kind"], {"namespace": namespace, "name": issuer["name"]})
        if states.get(at) == "absent":
            problems.append(f"The {item['id']} is issued by the {at}, which has state absent.")
        elif at not in states and at not in live:
            problems.append(
                f"The {item['id']} is issued by the {at}, which does not exist; add it to cert_manager_issuers, or "
                "correct issuer.name and issuer.kind."
            )
    return problems


def cert_manager_plan(
    desired: Object,
    cluster: Object,
    namespace: str,
    state: str = "present",
    adopt: bool = False,
    check_mode: bool = False,
) -> dict[str, Any]:
    """The plan for what cert_manager_objects() returned. Nothing is raised: `problems` has a sentence for each reason.

    `cluster` has live objects, as the filter of this name documents it. With state absent, objects stay as they are, as
    their CRDs do.
    """
    if state == "absent":
        return {"namespaces": [], "secrets": [], "objects": [], "remove": [], "predict": [], "problems": []}
    live = {
        _at(item["kind"], item["metadata"]) if item.get("kind") else _at("Secret", item["metadata"]): item
        for item in [*cluster["objects"], *cluster["secrets"]]
    }
    items = list(desired["objects"])
    present = [item for item in items if item["state"] == "present"]
    wanted = list(dict.fromkeys([namespace, *(item["namespace"] for item in present if item["namespace"])]))
    existing = {item["metadata"]["name"] for item in cluster["namespaces"]}
    missing = [name for name in wanted if name not in existing]

    def must_be_predicted(item: Object) -> bool:
        lacks_api = item["kind"] != "Secret" and not cluster["crds"]
        return check_mode and (lacks_api or item["namespace"] in missing)

    write = [item for item in present if not must_be_predicted(item)]
    return {
        "namespaces": missing,
        "secrets": [item for item in write if item["kind"] == "Secret"],
        "objects": [item for item in write if item["kind"] != "Secret"],
        "remove": [item for item in items if item["state"] == "absent" and item["id"] in live][::-1],
        "predict": [item for item in present if must_be_predicted(item)],
        "problems": [
            *_crd_problems(desired, cluster["crds"], namespace),
            *_namespace_problems(wanted, cluster["namespaces"]),
            *([] if adopt else _ownership_problems(items, live)),
            *_need_problems(desired["needs"], live),
            *_issuer_problems(desired, live),
        ],
    }
