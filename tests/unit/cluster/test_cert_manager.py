# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the node agent makes of cert-manager's pods and its solvers'."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cluster.agent import solvers
from cluster.agent.cert_manager import cert_manager

PORTS = {
    "cert-manager-controller-health": 1,
    "cert-manager-webhook": 2,
    "cert-manager-webhook-health": 3,
    "cert-manager-cainjector-health": 4,
}


def pod(container: str, *arguments: str) -> dict[str, Any]:
    return {
        "metadata": {"name": "x-abc", "namespace": "certs", "uid": "7"},
        "spec": {
            "containers": [
                {
                    "name": container,
                    "args": list(arguments),
                    "env": [{"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}],
                }
            ]
        },
    }


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("controller", ("--internal-healthz-listen-address=127.0.0.1:1",)),
        (
            "webhook",
            (
                "--secure-port=2",
                "--healthz-port=3",
                "--dynamic-serving-dns-names=localhost",
                "--metrics-listen-address=0",
            ),
        ),
        ("cainjector", ("--internal-healthz-listen-address=127.0.0.1:4",)),
    ],
)
def test_it_runs_as_its_container_says_at_this_hosts_ports(kind: str, own: tuple[str, ...]) -> None:
    part = next(part for part in cert_manager(Path("/bin/cert-manager"), PORTS) if part.container.endswith(kind))
    item = pod(part.container, "--secure-port=10250", "--ns=$(POD_NAMESPACE)")
    program = part.program(item, Path("/k"))
    # Of a flag that is given twice, the last one counts.
    given = ("--secure-port=10250", "--ns=certs")
    assert program.command == ("/bin/cert-manager", kind, *given, *own, "--kubeconfig=/k")
    assert (program.name, program.key) == (f"cert-manager-{kind}", "7")


def test_a_solver_listens_on_a_port_of_its_own() -> None:
    item = pod("acmesolver", "--listen-port=8089", "--domain=a.example.com")
    assert solvers.is_solver(item)
    assert not solvers.is_solver(pod("cert-manager-controller"))
    program = solvers.program(item, Path("/bin/cert-manager"), "192.0.2.9", 5)
    assert program.command == (
        *("/bin/cert-manager", "acmesolver"),
        *("--listen-port=8089", "--domain=a.example.com", "--listen-port=5"),
    )
    assert (program.name, program.where, program.key) == ("acmesolver.certs.x-abc", "192.0.2.9:5", "7")
