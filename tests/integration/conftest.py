# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Embedded clusters for the integration tests: one for all of them, and more for tests that need their own."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from cluster import lifecycle, tools
from cluster.acme import Acme
from cluster.dns import Dns
from cluster.layout import Layout, cache_directory, private_directory
from cluster.processes import start_time
from cluster.testing import Cluster, eventually

__all__ = ["Cluster", "eventually"]

_PLAYBOOK = """
- name: Install Istio
  hosts: localhost
  gather_facts: false
  roles:
    - role: gatehouse.istio.istio
      vars:
        istio_gateways:
          - name: public
            namespace: istio-ingress
          - name: internal
            namespace: istio-ingress
            visibility: internal
"""
_OWNER = "owner.json"
_running: list[Cluster] = []
_kept: list[Path] = []


@pytest.fixture(scope="session")
def cluster_root() -> Iterator[Path]:
    """The directory of this run's clusters. What a killed run left behind is ended and removed first."""
    clusters = private_directory(cache_directory() / "clusters")
    for left in clusters.glob("pytest-*"):
        _remove_if_abandoned(left)
    root = private_directory(clusters / f"pytest-{os.getpid()}")
    (root / _OWNER).write_text(json.dumps({"pid": os.getpid(), "start_time": start_time(os.getpid())}))
    yield root
    if _keep():
        (root / _OWNER).unlink()
    else:
        shutil.rmtree(root)


@pytest.fixture(scope="session")
def cluster(cluster_root: Path) -> Iterator[Cluster]:
    """The cluster that the tests share; without Istio unless a test uses `istio`."""
    yield from _cluster(cluster_root / "shared")


@pytest.fixture(scope="session")
def istio(cluster: Cluster) -> Cluster:
    """The shared cluster with Istio and the gateways `public` and `internal`, put there by the role."""
    cluster.playbook(_PLAYBOOK)
    return cluster


@pytest.fixture(scope="session")
def cert_manager(cluster: Cluster) -> Cluster:
    """The shared cluster with cert-manager, put there by plain Helm."""
    chart = str(tools.located(cache_directory()).charts / "cert-manager")
    values = str(cluster.layout.values / "cert-manager.yml")
    options = ["--create-namespace", "--values", values, "--set", "crds.enabled=true", "--wait", "--timeout", "60s"]
    cluster.helm("upgrade", "--install", "cert-manager", chart, "--namespace", "cert-manager", *options)
    issuer = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Issuer",
        "metadata": {"name": "probe"},
        "spec": {"selfSigned": {}},
    }
    # The API server trusts the webhook a moment after it is up.
    eventually(lambda: cluster.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(issuer)))
    return cluster


@pytest.fixture(scope="session")
def dns(cluster: Cluster) -> Dns:
    """A DNS server that the shared cluster's cert-manager asks; tests point their hosts to gateways."""
    return Dns.start(cluster.layout)


@pytest.fixture(scope="session")
def acme(cluster: Cluster, dns: Dns) -> Acme:
    """An ACME server, which asks that DNS server."""
    assert dns.address
    return Acme.start(cluster.layout)


@pytest.fixture(scope="module")
def new_cluster(cluster_root: Path) -> Iterator[Callable[[], Cluster]]:
    """Starts a cluster of the test module's own, as often as it is called."""
    made: list[Generator[Cluster]] = []

    def start() -> Cluster:
        generator = _cluster(cluster_root / uuid.uuid4().hex[:6])
        cluster = next(generator)
        made.append(generator)
        return cluster

    yield start
    for generator in made:
        next(generator, None)


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace of the test's own."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    yield name
    # On a busy machine namespaces go slowly, and what is still in them is in the way of the next test.
    for plural in ("virtualservices", "gateways"):
        cluster.delete_all(plural, name)
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows which part of which cluster died, if one did."""
    report = yield
    if report.failed:
        for cluster in _running:
            if deaths := cluster.deaths():
                report.sections.append((f"Embedded cluster {cluster.dir}", deaths))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for directory in _kept:
        terminalreporter.write_line(
            f"Kept: {directory}; look around with `python tests/cluster status --dir {directory}`."
        )


def _cluster(directory: Path) -> Generator[Cluster]:
    cluster = Cluster(directory)
    try:
        cluster.start()
        _running.append(cluster)
        yield cluster
    finally:
        if cluster in _running:
            _running.remove(cluster)
        if _keep():
            _kept.append(directory)
        else:
            cluster.stop()


def _keep() -> bool:
    """GATEHOUSE_KEEP=1 leaves the clusters running, to look around."""
    return os.environ.get("GATEHOUSE_KEEP") == "1"


def _remove_if_abandoned(directory: Path) -> None:
    owner = directory / _OWNER
    if not owner.exists():
        return  # kept for somebody to look around
    content = json.loads(owner.read_text())
    if start_time(content["pid"]) == content["start_time"]:
        return  # another run of pytest, side by side with this one
    for child in directory.iterdir():
        if (child / "cluster.json").exists():
            lifecycle.stop_cluster(Layout(child), print, delete=True)
    shutil.rmtree(directory)
