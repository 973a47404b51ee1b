# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cert-manager: its real controller, webhook and cainjector behind the pods of its Deployments."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from cluster.agent import pods
from cluster.agent.deployed import Part
from cluster.api import Object
from cluster.processes import Program

PODS = "app.kubernetes.io/component in (controller, webhook, cainjector)"


def cert_manager(binary: Path, ports: dict[str, int]) -> tuple[Part, ...]:
    """All parts. The chart gives the containers these names whatever the release is called."""
    parts = []
    for kind in ("controller", "webhook", "cainjector"):
        name = f"cert-manager-{kind}"
        url = f"http://127.0.0.1:{ports[f'{name}-health']}/healthz"
        parts.append(Part(name, name, url, partial(program, kind, binary, ports)))
    return tuple(parts)


def program(kind: str, binary: Path, ports: dict[str, int], pod: Object, kubeconfig: Path) -> Program:
    """cert-manager's program as its container says, with this host's ports (of a flag given twice, the last counts)."""
    name = f"cert-manager-{kind}"
    health = ports[f"{name}-health"]
    arguments: tuple[str, ...] = (f"--internal-healthz-listen-address=127.0.0.1:{health}",)
    if kind == "webhook":
        # The API server knows it by this name: there is no kube-proxy, so the chart is given a URL.
        arguments = (
            f"--secure-port={ports[name]}",
            f"--healthz-port={health}",
            "--dynamic-serving-dns-names=localhost",
            "--metrics-listen-address=0",
        )
    return Program(
        name=name,
        command=(str(binary), kind, *pods.arguments(pod, name), *arguments, f"--kubeconfig={kubeconfig}"),
        environment=pods.environment(pod, name),
        where=f"127.0.0.1:{ports[name]}" if kind == "webhook" else "",
        key=pod["metadata"]["uid"],
    )
