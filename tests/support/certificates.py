# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of exposures' certificates share."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import ProbeResult
from cluster.testing import Cluster
from support.run_module import Outcome

# Where the gateways' pods are.
PODS = "istio-ingress"
PUBLIC = {"selector": {"istio": "public"}}
Expose = Callable[..., Outcome]
Answers = Callable[..., ProbeResult]


@dataclass(frozen=True)
class Authorities:
    """ClusterIssuers by name, and a file with the root that clients trust for both."""

    first: str
    second: str
    root: Path


@dataclass(frozen=True)
class AcmeIssuer:
    """A ClusterIssuer of the ACME server, and a file with the root of what that issues."""

    name: str
    root: Path


def cert_manager_object(kind: str, name: str, spec: dict[str, Any], namespace: str | None = None) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "cert-manager.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


def by(issuer: str, **more: Any) -> dict[str, Any]:
    """Option tls with a certificate of this issuer."""
    return {"certificate": {"issuer": {"name": issuer}}, **more}


def done(outcome: Outcome) -> Outcome:
    assert not outcome.failed, outcome.message
    return outcome


def secret_of(cluster: Cluster, name: str) -> list[x509.Certificate]:
    data = cluster.kubectl("get", "secret", name, "-n", PODS)["data"]
    return x509.load_pem_x509_certificates(base64.b64decode(data["tls.crt"]))


def there(cluster: Cluster, kind: str, namespace: str) -> list[str]:
    """The names of the exposures' objects of a kind that belong to the namespace's exposures."""
    selector = f"--selector=gatehouse.istio/exposure-namespace={namespace}"
    return [item["metadata"]["name"] for item in cluster.kubectl("get", kind, "-n", PODS, selector)["items"]]


def versions(cluster: Cluster, namespace: str) -> list[tuple[str, str]]:
    kinds = "gateways.networking.istio.io,virtualservices.networking.istio.io"
    items = cluster.kubectl("get", kinds, "-n", namespace)["items"]
    return [(item["metadata"]["uid"], item["metadata"]["resourceVersion"]) for item in items]
