# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cert-manager's objects → whether a certificate is there, and why not."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.certificate import (
    explain,
    has_failed,
    is_ready,
)

Object = dict[str, Any]


def condition(kind: str, status: str, message: str = "", reason: str = "", generation: int = 2) -> Object:
    return {"type": kind, "status": status, "message": message, "reason": reason, "observedGeneration": generation}


def entry(kind: str, name: str, *conditions: Object, owner: str = "", **more: Any) -> Object:
    metadata: Object = {"name": name, "uid": f"uid-{name}", "generation": 2}
    if owner:
        metadata["ownerReferences"] = [{"uid": f"uid-{owner}"}]
    return {"kind": kind, "metadata": metadata, "status": {"conditions": list(conditions)}, **more}


def request(name: str, revision: int, *conditions: Object, certificate: str = "shop") -> Object:
    result = entry("CertificateRequest", name, *conditions)
    result["metadata"]["annotations"] = {
        "cert-manager.io/certificate-name": certificate,
        "cert-manager.io/certificate-revision": str(revision),
    }
    return result


def order(owner: str, **status: str) -> Object:
    return entry("Order", f"{owner}-7", owner=owner) | {"status": status}


def challenge(owner: str, host: str, **status: str) -> Object:
    spec = {"type": "HTTP-01", "dnsName": host}
    return entry("Challenge", f"{owner}-{host}", owner=owner, spec=spec) | {"status": status}


NOT_YET = "Issuing certificate as Secret does not exist"


def certificate(*conditions: Object) -> Object:
    return entry("Certificate", "shop", *conditions)


@pytest.mark.parametrize(
    ("conditions", "ready"),
    [
        ([], False),
        ([condition("Ready", "False")], False),
        ([condition("Ready", "True")], True),
        ([condition("Ready", "True", generation=1)], False),
        ([condition("Ready", "True"), condition("Issuing", "True")], True),
    ],
    ids=["new", "not ready", "ready", "ready before the last change", "renewing"],
)
def test_is_ready(conditions: list[Object], ready: bool) -> None:
    assert is_ready(certificate(*conditions)) is ready


@pytest.mark.parametrize(
    ("conditions", "failed"),
    [
        ([], False),
        ([condition("Issuing", "True")], False),
        ([condition("Issuing", "False", reason="Failed")], True),
        ([condition("Issuing", "False", reason="Denied")], True),
        ([condition("Issuing", "False", reason="Failed", generation=1)], False),
        ([condition("Issuing", "False", reason="Issued")], False),
    ],
    ids=["new", "issuing", "failed", "denied", "failed before the last change", "issued"],
)
def test_has_failed(conditions: list[Object], failed: bool) -> None:
    assert has_failed(certificate(*conditions)) is failed


def test_a_missing_issuer() -> None:
    missing = 'Referenced "ClusterIssuer" not found: clusterissuer.cert-manager.io "nobody" not found'
    result = explain(
        certificate(condition("Ready", "False", NOT_YET)),
        [request("shop-1", 1, condition("Ready", "False", missing, "Pending"), condition("Approved", "True", "yes"))],
        [],
        [],
    )
    assert result == f"Certificate: {NOT_YET}; CertificateRequest shop-1: {missing}"


def test_an_issuer_that_is_not_ready() -> None:
    issuer = entry("ClusterIssuer", "ca", condition("Ready", "False", 'secret "ca" not found'))
    result = explain(certificate(condition("Ready", "False", NOT_YET)), [], [], [], issuer)
    assert result == f'Certificate: {NOT_YET}; ClusterIssuer ca: secret "ca" not found'
    issuer["status"]["conditions"][0]["status"] = "True"
    assert "ClusterIssuer" not in explain(certificate(), [], [], [], issuer)


def test_a_challenge_on_its_way_and_only_what_belongs_to_the_certificate() -> None:
    waiting = "Waiting on certificate issuance from order shop-2-7: pending"
    result = explain(
        certificate(condition("Ready", "False", NOT_YET)),
        [
            request("shop-1", 1, condition("Ready", "False", "an old one")),
            request("shop-2", 2, condition("Ready", "False", waiting)),
            request("blog-9", 9, condition("Ready", "False", "another one"), certificate="blog"),
        ],
        [order("shop-2", state="pending"), order("blog-9", state="errored", reason="not mine")],
        [
            challenge(
                "shop-2-7", "shop.example.com", state="pending", reason="wrong status code '404',\n expected '200'"
            ),
            challenge("shop-2-7", "www.example.com", state="valid"),
            challenge("shop-2-7", "new.example.com"),
            challenge("blog-9-7", "blog.example.com", state="pending", reason="not mine"),
        ],
    )
    assert result == (
        f"Certificate: {NOT_YET}; CertificateRequest shop-2: {waiting}; Order shop-2-7: it is pending; "
        "Challenge HTTP-01 for shop.example.com: wrong status code '404', expected '200'; "
        "Challenge HTTP-01 for www.example.com: it is valid; Challenge HTTP-01 for new.example.com: it has not started"
    )


def test_a_message_that_is_handed_on_is_said_once() -> None:
    refused = "acme: authorization error for shop.example.com: 403 unauthorized"
    failed = f"The certificate request has failed to complete and will be retried: {refused}"
    result = explain(
        certificate(condition("Ready", "False", NOT_YET), condition("Issuing", "False", failed, "Failed")),
        [request("shop-1", 1, condition("Ready", "False", refused, "Failed"))],
        [order("shop-1", state="invalid", reason=refused)],
        [],
    )
    assert result == f"Certificate: {failed}"


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ([], "no issuer has answered"),
        ([condition("Denied", "True", "no wildcards")], "no wildcards"),
        ([condition("InvalidRequest", "True", "", "BadName")], "BadName"),
        ([condition("Denied", "False", "fine")], "no issuer has answered"),
    ],
)
def test_requests(conditions: list[Object], message: str) -> None:
    result = explain(certificate(condition("Ready", "False", NOT_YET)), [request("shop-1", 1, *conditions)], [], [])
    assert result == f"Certificate: {NOT_YET}; CertificateRequest shop-1: {message}"


def test_a_certificate_that_nobody_looks_at() -> None:
    assert explain(certificate(), [], [], []) == (
        "Certificate: cert-manager has not said anything (is its controller running?)"
    )
    assert explain(None, [], [], []) == "it does not exist"
