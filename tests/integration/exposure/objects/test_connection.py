# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections that fail, few rights, and credentials that nobody may read."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.testing import Cluster
from support.run_module import Outcome

Expose = Callable[..., Outcome]


@pytest.mark.parametrize(
    ("connection", "sentence"),
    [
        ({"kubeconfig": "/does/not/exist"}, "There is no usable connection to a cluster"),
        ({"kubeconfig": None, "host": "https://127.0.0.1:1", "api_key": "x"}, "cannot be reached"),
    ],
    ids=["no kubeconfig", "nobody listens"],
)
def test_no_connection(expose: Expose, connection: dict[str, Any], sentence: str) -> None:
    outcome = expose(**connection)
    assert outcome.failed
    assert sentence in outcome.message
    assert "Traceback" not in outcome.text


@pytest.fixture
def api_server(istio: Cluster, tmp_path: Path) -> dict[str, Any]:
    """The connection of the cluster's kubeconfig without its credentials."""
    cluster = yaml.safe_load(istio.kubeconfig.read_text())["clusters"][0]["cluster"]
    authority = tmp_path / "ca.crt"
    authority.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    return {"kubeconfig": None, "host": cluster["server"], "ca_cert": str(authority)}


def test_wrong_credentials(expose: Expose, api_server: dict[str, Any]) -> None:
    outcome = expose(**api_server, api_key="no-such-token")
    assert "does not accept the credentials" in outcome.message
    assert "no-such-token" not in outcome.text


@pytest.fixture
def team(istio: Cluster, api_server: dict[str, Any], namespace: str) -> dict[str, Any]:
    """The connection of a team that may only touch its own namespace, with a service account's token, as in AWX."""
    rules = [{"apiGroups": ["networking.istio.io"], "resources": ["*"], "verbs": ["*"]}]
    rbac = "rbac.authorization.k8s.io"
    istio.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "team", "namespace": namespace}},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "Role",
            "metadata": {"name": "team", "namespace": namespace},
            "rules": rules,
        },
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "team", "namespace": namespace},
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "team"},
            "subjects": [{"kind": "ServiceAccount", "name": "team", "namespace": namespace}],
        },
    )
    token = istio.kubectl("create", "token", "team", "-n", namespace).strip()
    return {**api_server, "api_key": token}


def test_rights_in_one_namespace_are_enough(expose: Expose, team: dict[str, Any], namespace: str) -> None:
    made = expose(**team)
    assert made.changed
    assert "so not checked: Gateways of other namespaces (whether they conflict with the exposure);" in str(
        made.result["warnings"]
    )
    assert not expose(**team).changed
    refused = expose(**team, gateway={"selector": {"istio": "public"}, "namespace": "istio-ingress"})
    assert refused.failed
    assert "is forbidden" in refused.message
    assert team["api_key"] not in refused.text
    attached = expose(**team, gateway={"existing": "istio-ingress/not-mine-to-read"})
    assert attached.actions == [f"updated VirtualService {namespace}/shop", f"deleted Gateway {namespace}/shop"]
    assert attached.result["urls"] == []
    assert any("These credentials may not read" in str(warning) for warning in attached.result["warnings"])
    assert expose(**team, state="absent").changed


def test_a_gateway_that_may_not_be_read_is_not_left_behind_silently(
    expose: Expose, team: dict[str, Any], namespace: str
) -> None:
    """An administrator has created it in the namespace of the gateway's pods."""
    elsewhere = {"selector": {"istio": "public"}, "namespace": "istio-ingress", "name": namespace}
    assert expose(gateway=elsewhere).changed
    removed = expose(**team, state="absent")
    assert removed.actions == [f"deleted VirtualService {namespace}/shop"]
    warning = f"These credentials may not read Gateway istio-ingress/{namespace}, which the exposure no longer uses."
    assert warning in str(removed.result["warnings"])
    assert expose(state="absent").actions == [f"deleted Gateway istio-ingress/{namespace}"]


def test_a_kubeconfigs_secrets_are_not_printed(expose: Expose, istio: Cluster) -> None:
    kubeconfig = yaml.safe_load(istio.kubeconfig.read_text())
    user = kubeconfig["users"][0]["user"]
    assert user, "the kubeconfig has credentials to hide"
    outcome = expose(kubeconfig=copy.deepcopy(kubeconfig))
    assert outcome.changed
    for secret in user.values():
        assert secret not in outcome.text
