# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role cert_manager: live issuers and certificates -> one sentence for each that is not ready."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.plugin_utils._cert_manager_role.readiness import (
    cert_manager_not_ready,
)

ISSUER = {"id": "ClusterIssuer le", "kind": "ClusterIssuer", "namespace": "", "name": "le"}
CERTIFICATE = {"id": "Certificate edge/shop", "kind": "Certificate", "namespace": "edge", "name": "shop"}


def condition(kind: str, status: str, message: str = "", reason: str = "", generation: int = 2) -> dict[str, Any]:
    return {"type": kind, "status": status, "message": message, "reason": reason, "observedGeneration": generation}


def issuer(*conditions: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "ClusterIssuer",
        "metadata": {"name": "le", "generation": 2},
        "status": {"conditions": list(conditions)},
    }


def certificate(*conditions: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": "shop", "namespace": "edge", "generation": 2}
    spec = {"issuerRef": {"kind": "ClusterIssuer", "name": "le"}}
    return {"kind": "Certificate", "metadata": metadata, "spec": spec, "status": {"conditions": list(conditions)}}


def owned(kind: str, name: str, owner: str, namespace: str = "edge", **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "uid": name, "ownerReferences": [{"uid": owner}]}
    return {"kind": kind, "metadata": metadata, **fields}


def request(name: str = "shop-1", namespace: str = "edge") -> dict[str, Any]:
    result = owned("CertificateRequest", name, "shop", namespace)
    result["metadata"]["annotations"] = {"cert-manager.io/certificate-name": "shop"}
    result["status"] = {"conditions": [condition("Ready", "False", f"Waiting for {name}")]}
    return result


@pytest.mark.parametrize(
    ("live", "sentences"),
    [
        (issuer(condition("Ready", "True")), []),
        (
            issuer(condition("Ready", "False", "no such account.")),
            ["The ClusterIssuer le is not ready: no such account."],
        ),
        (issuer(), ["The ClusterIssuer le is not ready: cert-manager has not looked at it yet."]),
        (
            issuer(condition("Ready", "True", "was fine", generation=1)),
            ["The ClusterIssuer le is not ready: was fine."],
        ),
        (certificate(), ["The ClusterIssuer le does not exist any more; somebody else has removed it."]),
    ],
)
def test_an_issuer(live: dict[str, Any], sentences: list[str]) -> None:
    assert cert_manager_not_ready([ISSUER], [live]) == sentences


def test_a_certificate_with_all_that_was_done_for_it_and_nothing_else() -> None:
    trail = [
        request(),
        request("elsewhere-1", namespace="elsewhere"),
        owned("Order", "shop-1-1", "shop-1", status={"state": "pending"}),
        owned(
            "Challenge",
            "shop-1-1-1",
            "shop-1-1",
            spec={"type": "DNS-01", "dnsName": "example.com"},
            status={"reason": "NXDOMAIN\nfor example.com."},
        ),
    ]
    live = [certificate(condition("Ready", "False", "Issuing.")), issuer(condition("Ready", "False", "no account"))]
    assert cert_manager_not_ready([CERTIFICATE], live, trail) == [
        (
            "The Certificate edge/shop is not ready: Certificate: Issuing; ClusterIssuer le: no account; "
            "CertificateRequest shop-1: Waiting for shop-1; Order shop-1-1: it is pending; Challenge DNS-01 for "
            "example.com: NXDOMAIN for example.com."
        ),
    ]
    assert cert_manager_not_ready([CERTIFICATE], [certificate(condition("Ready", "True"))]) == []


def test_no_hope_for_a_certificate_that_cert_manager_has_given_up() -> None:
    live = certificate(condition("Ready", "False", "missing"), condition("Issuing", "False", "refused", "Failed"))
    assert cert_manager_not_ready([CERTIFICATE], [live]) == [
        (
            "The Certificate edge/shop is not ready: Certificate: refused; cert-manager tries again in an hour or "
            "later, or at once after 'cmctl renew -n edge shop'."
        ),
    ]
    assert cert_manager_not_ready([CERTIFICATE], [live], hopeful=True) == []
    assert len(cert_manager_not_ready([CERTIFICATE, ISSUER], [live, issuer()], hopeful=True)) == 1
