# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cert-manager: a real controller, webhook and cainjector for the pods of its Deployments."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from cluster.agent import pods
from cluster.agent.deployed import Part
from cluster.api import Object
from cluster.processes import Program

PODS = "app.kubernetes.io/component in (controller, webhook, cainjector)"


def cert_manager(binary: Path, ports: dict[str, int]) -> tuple[Part, ...]:
    """All parts. The chart uses these names for the containers, whatever the name of the release."""
    parts = []
    for kind in ("controller", "webhook", "cainjector"):
        name = f"cert-manager-{kind}"
        url = f"http://127.0.0.1:{ports[f'{name}-health']}/healthz"
        parts.append(Part(name, name, url, partial(program, kind, binary, ports)))
    return tuple(parts)


def program(kind: str, binary: Path, ports: dict[str, int], pod: Object, kubeconfig: Path) -> Program:
    """cert-manager's program as in its container, with this host's ports (the last of repeated flags wins)."""
    name = f"cert-manager-{kind}"
    health = ports[f"{name}-health"]
    arguments: tuple[str, ...] = (f"--internal-healthz-listen-address=127.0.0.1:{health}",)
    if kind == "webhook":
        # The API server uses this name, because the chart gets a URL: there is no kube-proxy.
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
