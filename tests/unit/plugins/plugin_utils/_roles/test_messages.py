# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of kubernetes.core -> what the API server said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.plugin_utils._roles.messages import (
    cluster_problem,
    kubernetes_message,
)

MESSAGE = """Issuer "it's" is invalid: spec.acme.server: Invalid value: "": don't"""
STATUS = json.dumps({"kind": "Status", "message": MESSAGE, "details": {"causes": [{"field": "spec"}]}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"Failed to apply object: {STATUS.encode()!r}", MESSAGE),
        (f"Failed to apply object: {(STATUS + chr(10)).encode()!r}", MESSAGE),
        (f"Failed to apply object: {STATUS}{chr(10)}", MESSAGE),
        ("Failed to apply object: {not json}", "Failed to apply object: {not json}"),
        ("Failed to delete object: timed out", "Failed to delete object: timed out"),
        ("Failed to apply object: b'{not json}'", "Failed to apply object: b'{not json}'"),
        ("""Failed to apply object: b'{"kind": "Status"}'""", """Failed to apply object: b'{"kind": "Status"}'"""),
    ],
)
def test_messages(text: str, message: str) -> None:
    assert kubernetes_message(text) == message


def failed(code: int, message: str) -> dict[str, str]:
    """As kubernetes.core.k8s_info fails."""
    body = json.dumps({"kind": "Status", "apiVersion": "v1", "metadata": {}, "message": message, "code": code})
    headers = "HTTPHeaderDict({'Audit-Id': 'a60144e9', 'Content-Type': 'application/json'})"
    return {"msg": f"Exception '{code}\nHTTP response headers: {headers}\nHTTP response body: {body}\n\nTraceback: "}


READ: dict[str, list[str]] = {"resources": []}
PODS, NODES = ('pods is forbidden: User "a" cannot list resource "pods"', 'nodes is forbidden: User "a" cannot ...')


@pytest.mark.parametrize(
    ("results", "sentence"),
    [
        ([READ, {"skipped": True}], ""),
        (
            [failed(401, "Unauthorized"), failed(401, "Unauthorized")],
            (
                "The cluster does not accept the credentials (401 Unauthorized): they have expired, were revoked, or "
                "belong to another cluster; renew them, and check the kubeconfig."
            ),
        ),
        (
            [failed(403, PODS), READ, failed(403, NODES), failed(403, PODS)],
            (
                f"The credentials lack rights that role istio needs: {PODS}; {NODES}. Grant them, or check the "
                "kubeconfig. As Helm charts create cluster roles, the role usually runs with those of cluster-admin."
            ),
        ),
        (
            [{"msg": "Failed: no route\nTraceback"}],
            "The cluster cannot be read; check the kubeconfig. kubernetes.core says: Failed: no route",
        ),
        ([{}], "The cluster cannot be read; check the kubeconfig. kubernetes.core says: nothing"),
    ],
)
def test_why_a_cluster_cannot_be_read(results: list[dict[str, Any]], sentence: str) -> None:
    assert cluster_problem(results, "istio", "the kubeconfig") == sentence
