# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where an exposure's certificate belongs: found by the gateway's pods, within the rights that the caller has."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.testing import Cluster, eventually
from support.certificates import PODS, Authorities, Expose, by, done, there


@pytest.fixture
def pods(istio: Cluster, namespace: str) -> Iterator[Callable[[str], None]]:
    """Makes a pod of a gateway `namespace`, in a namespace."""

    def pod(at: str) -> dict[str, Any]:
        metadata = {"name": namespace, "namespace": at, "labels": {"gateway": namespace}}
        spec = {"containers": [{"name": "istio-proxy", "image": "auto"}]}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}

    made: list[dict[str, Any]] = []

    def make(at: str) -> None:
        made.append(pod(at))
        istio.apply(made[-1])

    yield make
    istio.delete(*made)


def test_the_certificate_follows_the_pods(
    istio: Cluster, expose: Expose, authorities: Authorities, namespace: str, pods: Callable[[str], None]
) -> None:
    unserved = {"enabled": False}  # the pods are behind no Service
    options = {"tls": by(authorities.first), "gateway": {"selector": {"gateway": namespace}}, "probe": unserved}
    unknown = f"gateway.selector: no pod has the labels gateway={namespace}, so it is not known in which namespace"
    assert expose(**options).message.startswith(unknown)
    # A role that runs before it may install the gateway, which in check mode it does not.
    predicted = done(expose(check=True, **options))
    assert predicted.actions == [f"created Gateway {namespace}/shop", f"created VirtualService {namespace}/shop"]
    assert any(unknown in str(warning) for warning in predicted.result["warnings"])

    pods(PODS)
    assert done(expose(**options)).result["certificate"]["namespace"] == PODS
    istio.kubectl("delete", "pod", namespace, "-n", PODS, "--wait=true")
    assert not done(expose(**options)).changed, "a gateway that is scaled to zero keeps its certificate"

    pods(namespace)
    assert done(expose(**options)).result["certificate"]["namespace"] == namespace
    assert there(istio, "certificates.cert-manager.io", namespace) == []
    pods(PODS)
    both = expose(**options)
    assert f"it matches pods in the namespaces {PODS} and {namespace}, and a certificate is in one" in both.message
    chosen = {**options["gateway"], "pods_namespace": namespace}
    assert not done(expose(**{**options, "gateway": chosen})).changed


@pytest.fixture
def team(istio: Cluster, namespace: str, tmp_path: Path) -> dict[str, Any]:
    """The connection of a service account that may do everything of Istio and cert-manager in its own namespace."""
    cluster = yaml.safe_load(istio.kubeconfig.read_text())["clusters"][0]["cluster"]
    authority = tmp_path / "ca.crt"
    authority.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    istio.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "team", "namespace": namespace}})
    allow(istio, namespace, namespace, "networking.istio.io", "*")
    token = istio.kubectl("create", "token", "team", "-n", namespace).strip()
    return {"kubeconfig": None, "host": cluster["server"], "ca_cert": str(authority), "api_key": token}


def allow(cluster: Cluster, team: str, namespace: str, group: str, resource: str) -> None:
    """Lets the team's service account do everything with a resource in a namespace."""
    name, rbac = f"{team}-{group or 'core'}", "rbac.authorization.k8s.io"
    metadata = {"name": name, "namespace": namespace}
    rules = [{"apiGroups": [group], "resources": [resource], "verbs": ["get", "create", "patch", "delete", "list"]}]
    subject = {"kind": "ServiceAccount", "name": "team", "namespace": team}
    cluster.apply(
        {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": metadata, "rules": rules},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": name},
            "subjects": [subject],
        },
    )


def test_missing_rights_are_named(
    istio: Cluster, expose: Expose, authorities: Authorities, team: dict[str, Any], namespace: str
) -> None:
    options = {**team, "tls": by(authorities.first)}
    blind = expose(**options)
    assert blind.message.startswith("gateway.pods_namespace: these credentials may not list pods in all namespaces,")
    options["gateway"] = {"selector": {"istio": "public"}, "pods_namespace": PODS}
    refused = expose(**options)
    assert (
        f"these credentials lack rights in namespace {PODS}, where the gateway's pods are and Istio looks up Secrets: "
        "they need get, create, patch and delete on certificates.cert-manager.io there"
    ) in refused.message
    assert team["api_key"] not in refused.text
    assert "\n" not in refused.message

    allow(istio, namespace, PODS, "cert-manager.io", "certificates")

    def allowed() -> None:
        told = expose(**options).message
        assert told.startswith(f"wait: these credentials may not list pods in the namespace {PODS}, and Services")

    eventually(allowed, seconds=10)
    options["probe"] = {"addresses": [istio.gateway_address()]}
    first = done(expose(**options))
    assert first.changed
    assert [entry["status"] for entry in first.result["served"]] == [200]
    assert any("was not compared with the one in its Secret" in str(warning) for warning in first.result["warnings"])
    assert not done(expose(**options)).changed
    # Nothing but the Gateway tells such a caller where the certificate is.
    removed = done(expose(**team, state="absent"))
    assert removed.actions[-1] == f"deleted Certificate {PODS}/shop.{namespace}"


def test_secrets_are_not_touched_for_a_certificate(
    istio: Cluster, expose: Expose, authorities: Authorities, team: dict[str, Any], namespace: str
) -> None:
    """The team has no right on Secrets at all; it is told what is not known therefore."""
    allow(istio, namespace, PODS, "cert-manager.io", "certificates")
    gateway = {"selector": {"istio": "public"}, "pods_namespace": PODS}
    addresses = {"addresses": [istio.gateway_address()]}
    options = {**team, "tls": by(authorities.first), "gateway": gateway, "probe": addresses}

    def allowed() -> None:
        assert done(expose(**options)).changed

    eventually(allowed, seconds=10)
    given = done(expose(**{**options, "tls": by(authorities.first, mode="mutual")}))
    assert any("-cacert (whether its certificate" in str(warning) for warning in given.result["warnings"])
    pem = authorities.root.read_text()
    own = expose(**{**options, "tls": by(authorities.first, mode="mutual", client_ca={"pem": pem})})
    assert "they need get, create, patch and delete on secrets there" in own.message
