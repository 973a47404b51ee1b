# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kind clusters: they are complete, and leave nothing behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import tools
from cluster.kind import engine as engines
from cluster.kind import lifecycle
from cluster.layout import Layout, cache_directory
from cluster.processes import Process


@pytest.fixture
def directory() -> Iterator[Path]:
    """A cluster's directory. The cluster is removed afterwards, in whatever state it is."""
    path = cache_directory() / "kind" / "clusters" / f"test-{uuid.uuid4().hex[:6]}"
    yield path
    lifecycle.stop(path, print)


def host() -> dict[str, str]:
    """Everything that Docker and kind could leave on this host."""
    commands = {
        "interfaces": ["ip", "-brief", "link"],
        "addresses": ["ip", "-brief", "address"],
        "routes": ["ip", "route"],
        "rules": ["iptables-save"],
        "mounts": ["findmnt", "--list", "--noheadings", "--output=TARGET"],
        "cgroups": ["find", "/sys/fs/cgroup", "-type", "d", "-name", "*gatehouse*"],
        "runtime files": ["ls", "/run"],
        "processes": ["ps", "-e", "-o", "stat=,comm="],
    }
    found = {name: _output(command) for name, command in commands.items() if shutil.which(command[0])}
    # Only names of interfaces, mounts and rules matter, not counters of packets and lifetimes.
    found["rules"] = re.sub(r"\[\d+:\d+\]|^#.*$", "", found.get("rules", ""), flags=re.MULTILINE)
    # A zombie is not a running process any more; its parent has not read its exit code.
    programs = [line for line in found["processes"].splitlines() if not line.startswith("Z")]
    found["processes"] = "\n".join(
        line for line in programs if re.search("dockerd|containerd|docker-proxy|kubelet|kube-proxy|runc", line)
    )
    found["forwarding"] = Path("/proc/sys/net/ipv4/ip_forward").read_text()
    return found


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def kubectl(directory: Path, *arguments: str) -> str:
    program = tools.bin_directory(cache_directory()) / "kubectl"
    command = [str(program), f"--kubeconfig={directory / 'kubeconfig'}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_cluster_runs_pods_and_leaves_nothing(directory: Path) -> None:
    before = host()
    lifecycle.start(directory, print)
    kubectl(directory, "run", "web", "--image=localhost/backend:1", "--env=BACKEND=web")
    kubectl(directory, "wait", "pod/web", "--for=condition=Ready", "--timeout=60s")
    assert kubectl(directory, "get", "--raw=/api/v1/namespaces/default/pods/web:8080/proxy/x") == "web answers GET /x\n"
    lifecycle.stop(directory, print)
    assert host() == before
    assert not directory.exists()


def test_a_killed_docker_takes_everything_with_it(directory: Path) -> None:
    if (engine := engines.existing(cache_directory())) is not None and not engine.is_ours:
        pytest.skip("The Docker that runs is not ours to kill.")
    before = host()
    lifecycle.start(directory, print)
    record = Process(Layout(cache_directory() / "kind" / "engine"), "dockerd").running()
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    lifecycle.stop(directory, print)
    assert host() == before
    lifecycle.start(directory, print)  # the next one is not affected by the data of the killed one
    assert "Ready" in kubectl(directory, "get", "nodes")
