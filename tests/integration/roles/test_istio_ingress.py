# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role istio without values for it: the real Envoy of the first public gateway serves plain Ingress objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from cluster.testing import Cluster, eventually

ROLE = """
- name: Install Istio
  hosts: localhost
  gather_facts: false
  roles:
    - gatehouse.istio.istio
"""


@pytest.fixture
def ingress_host(istio: Cluster, namespace: str) -> Iterator[str]:
    """The host of an Ingress of class istio, with a real server behind it."""
    host = f"{namespace}.example.com"
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rule = {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "web",
            "namespace": namespace,
            "annotations": {"embedded.gatehouse.istio/backend": "true"},
        },
        "spec": {"ports": [{"name": "http", "port": 80}]},
    }
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": "web",
            "namespace": namespace,
            "annotations": {"kubernetes.io/ingress.class": "istio"},
        },
        "spec": {"rules": [rule]},
    }
    istio.apply(service, ingress)
    yield host
    istio.delete(ingress)


def mesh(cluster: Cluster) -> Any:
    return yaml.safe_load(cluster.kubectl("get", "configmap", "istio", "-n", "istio-system")["data"]["mesh"])


def test_an_ingress_is_served_by_the_first_public_gateway_only(istio: Cluster, ingress_host: str) -> None:
    def served() -> None:
        assert istio.request(f"http://{ingress_host}/").status == 200

    eventually(served)
    assert istio.request(f"http://{ingress_host}/", gateway="internal").status != 200
    assert mesh(istio)["ingressSelector"] == "public"
    assert mesh(istio)["ingressService"] == "public"


def test_a_run_with_another_list_leaves_ingresses_at_their_gateway(istio: Cluster) -> None:
    for gateways in ([], [{"name": "internal", "visibility": "internal"}]):
        assert istio.playbook(ROLE, {"istio_gateways": gateways}, check=True).changed == 0


@pytest.mark.parametrize("name", ["ingressSelector", "ingressService"])
def test_the_users_values_win(istio: Cluster, name: str) -> None:
    variables = {
        "istio_gateways": [{"name": "public"}, {"name": "internal", "visibility": "internal"}],
        "istio_istiod_values": {"meshConfig": {name: "internal"}},
    }
    changed = istio.playbook(ROLE, variables, check=True).task("Install or upgrade each Helm release in order")
    releases = {item["istio__release"]["chart"]: item["changed"] for item in changed.result["results"]}
    assert releases == {"base": False, "istiod": True, "gateway": False}
