# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Role cert_manager, step 3: live issuers and certificates → a sentence for each that is not ready. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.certificate import explain, has_failed, is_ready

Object = dict[str, Any]
ISSUERS = ("ClusterIssuer", "Issuer")


def _issuer_of(certificate: Object, live: Iterable[Object]) -> Object | None:
    wanted = certificate["spec"]["issuerRef"]
    for item in live:
        near = item["kind"] == "ClusterIssuer" or item["metadata"]["namespace"] == certificate["metadata"]["namespace"]
        if near and (item["kind"], item["metadata"]["name"]) == (wanted["kind"], wanted["name"]):
            return item
    return None


def _reason(at: Object, live: list[Object], trail: list[Object]) -> str:
    if at["kind"] in ISSUERS:
        conditions = (at.get("status") or {}).get("conditions") or []
        messages = [condition.get("message") for condition in conditions if condition["type"] == "Ready"]
        return str(next(filter(None, messages), "cert-manager has not looked at it yet"))
    near = [item for item in trail if item["metadata"].get("namespace") == at["metadata"]["namespace"]]
    requests, orders, challenges = (
        [item for item in near if item["kind"] == kind] for kind in ("CertificateRequest", "Order", "Challenge")
    )
    issuers = [item for item in live if item["kind"] in ISSUERS]
    why = explain(at, requests, orders, challenges, _issuer_of(at, issuers)).rstrip(".")
    name = f"-n {at['metadata']['namespace']} {at['metadata']['name']}"
    again = f"; cert-manager tries again in an hour or later, or at once after 'cmctl renew {name}'"
    return why + (again if has_failed(at) else "")


def cert_manager_not_ready(
    items: Iterable[Object], live: list[Object], trail: list[Object] | None = None, hopeful: bool = False
) -> list[str]:
    """A sentence for each of `items` (entries of the plan) that is not ready or missing in `live`.

    `trail` has the live CertificateRequests, Orders and Challenges, from which the reasons come. With `hopeful`,
    certificates whose issuance has failed are left out.
    """
    by_key = {(item["kind"], item["metadata"].get("namespace") or "", item["metadata"]["name"]): item for item in live}
    pairs = [(item, by_key.get((item["kind"], item["namespace"], item["name"]))) for item in items]
    return [
        f"The {item['id']} is not ready: {' '.join(_reason(at, live, trail or []).split()).rstrip('.')}."
        if at
        else f"The {item['id']} does not exist any more; somebody else has removed it."
        for item, at in pairs
        if at is None or not (is_ready(at) or (hopeful and at["kind"] not in ISSUERS and has_failed(at)))
    ]
