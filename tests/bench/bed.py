# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster of the benchmark, in which only istiod runs, with its webhook that validates every write.

Its gateway is a pod of the simulated node, without an Envoy: serving is not measured, and would slow the cluster down.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.audit import AuditLog, policy
from bench.exposures import DEFAULTS, NAMESPACES, SERVICE
from bench.peers import RELEASE_NAMESPACE
from cluster import credentials, lifecycle, pki, tools
from cluster.api import Api
from cluster.layout import Layout, cache_directory, write_private
from cluster.processes import processes_of
from cluster.testing import Cluster, eventually

_USER = "gatehouse-bench"
_KINDS = ("gateways", "virtualservices")
_ISTIO = "/apis/networking.istio.io/v1"
_IDLE_CORES = 0.2
_SETTLE_SECONDS = 120.0
State = dict[tuple[str, str, str], Any]


def key(manifest: Mapping[str, Any]) -> tuple[str, str, str]:
    return manifest["kind"], manifest["metadata"]["namespace"], manifest["metadata"]["name"]


class Bed:
    """The running cluster of the benchmark."""

    def __init__(self, cluster: Cluster) -> None:
        layout = cluster.layout
        settings = lifecycle.load_settings(layout)
        self._cluster = cluster
        self._api = Api(layout, settings.api, "agent")
        self.audit = AuditLog(layout.audit_log, _USER)
        self.kubeconfig = write_private(layout.pki / "bench.kubeconfig", _kubeconfig(layout, settings.ports["api"]))

    def state(self) -> State:
        """The spec of every Istio object in the cluster."""
        result = {}
        for plural in _KINDS:
            query = {"limit": "500"}
            while True:
                page = self._api.list(f"{_ISTIO}/{plural}", query)
                # Objects in a list do not have a kind.
                kind = page["kind"].removesuffix("List")
                result.update({key({**entry, "kind": kind}): entry["spec"] for entry in page["items"]})
                if not page["metadata"].get("continue"):
                    break
                query = {"limit": "500", "continue": page["metadata"]["continue"]}
        return result

    def clear(self) -> None:
        """Delete all Istio objects, and all Helm releases."""
        for namespace in NAMESPACES:
            for plural in _KINDS:
                self._api.delete(f"{_ISTIO}/namespaces/{namespace}/{plural}")
        self._api.delete(f"/api/v1/namespaces/{RELEASE_NAMESPACE}/secrets")

    def settle(self) -> bool:
        """Wait until the cluster has processed the changes of the last run. Returns whether it is idle."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        before, began = self._cpu_seconds(), time.monotonic()
        while time.monotonic() < deadline:
            time.sleep(0.5)
            now, ended = self._cpu_seconds(), time.monotonic()
            if now - before < _IDLE_CORES * (ended - began):
                return True
            before, began = now, ended
        return False

    def _cpu_seconds(self) -> float:
        """CPU seconds that all processes of the cluster have used."""
        ticks = 0
        for process in processes_of(self._cluster.layout):
            if record := process.running():
                # The 12th and 13th fields after the program's name are user and system time.
                fields = Path(f"/proc/{record.pid}/stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def started(directory: Path, say: Callable[[str], None]) -> Iterator[Bed]:
    """A new cluster, which is deleted at the end."""
    cluster = Cluster(directory)
    layout = cluster.layout
    if layout.settings.exists():
        cluster.stop()  # what a killed run has left
    layout.make()
    write_private(layout.audit_policy, policy(_USER))
    try:
        say("Starting a cluster with Istio ...")
        cluster.start()
        _install_istio(cluster)
        cluster.apply(*_surroundings())
        eventually(lambda: _assert_that_the_webhook_judges(cluster))
        yield Bed(cluster)
    finally:
        if layout.settings.exists():  # it may not have begun to start
            cluster.stop()


def _install_istio(cluster: Cluster) -> None:
    charts, values = tools.located(cache_directory()).charts, cluster.layout.values
    for release, name in (("istio-base", "base"), ("istiod", "istiod")):
        where = ["--namespace", "istio-system", "--create-namespace"]
        options = ["--values", str(values / f"{name}.yml"), "--wait", "--timeout", "120s"]
        cluster.helm("upgrade", "--install", release, str(charts / name), *where, *options)


def _kubeconfig(layout: Layout, api_port: int) -> str:
    """Kubeconfig of the user whose requests are counted, with rights from RBAC; requests of admins may skip queues."""
    client, ca = credentials.pair(layout, "bench"), credentials.pair(layout, "ca")
    pki.ensure_certificate(client, ca, _USER)
    return credentials.kubeconfig(api_port, ca.certificate, client)


def _surroundings() -> list[dict[str, Any]]:
    """Namespaces, the Services of the exposures, the gateway, and the rights of the benchmark's user."""
    rights = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "bench"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": _USER}],
    }
    namespaces = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        for name in (*NAMESPACES, RELEASE_NAMESPACE, "istio-ingress")
    ]
    services = [_service(namespace, SERVICE, {"app": SERVICE}) for namespace in NAMESPACES]
    selector = DEFAULTS["gateway"]["selector"]
    return [rights, *namespaces, *services, _service("istio-ingress", "ingressgateway", selector), _gateway(selector)]


def _service(namespace: str, name: str, selector: Mapping[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": dict(selector), "ports": [{"name": "http", "port": 80}]},
    }


def _gateway(labels: Mapping[str, str]) -> dict[str, Any]:
    proxy = {"name": "istio-proxy", "image": "proxyv2", "args": ["proxy", "router"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "ingressgateway", "namespace": "istio-ingress"},
        "spec": {
            "selector": {"matchLabels": dict(labels)},
            "template": {"metadata": {"labels": dict(labels)}, "spec": {"containers": [proxy]}},
        },
    }


def _assert_that_the_webhook_judges(cluster: Cluster) -> None:
    """Assert that istiod's webhook refuses an object that only the CRD accepts: a route without a destination."""
    wrong = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "wrong", "namespace": NAMESPACES[0]},
        "spec": {"hosts": ["wrong.example.com"], "http": [{}]},
    }
    refusal = ""
    try:
        cluster.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(wrong))
    except AssertionError as error:
        refusal = str(error)
    assert "validation.istio.io" in refusal, f"istiod's webhook does not judge what is written: {refusal}"
