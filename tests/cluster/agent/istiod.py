# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""istiod: a real pilot-discovery for the pods of istiod's Deployment."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from cluster.agent import pods
from cluster.agent.deployed import Part
from cluster.api import Object
from cluster.processes import Program

PODS = "app=istiod"
_CONTAINER = "discovery"


def istiod(binary: Path, ports: dict[str, int]) -> Part:
    ready_url = f"http://127.0.0.1:{ports['istiod-http']}/ready"
    return Part("istiod", _CONTAINER, ready_url, partial(program, binary, ports))


def program(binary: Path, ports: dict[str, int], pod: Object, kubeconfig: Path) -> Program:
    """pilot-discovery as in its container, with this host's addresses (the last of repeated flags wins)."""
    arguments = (
        f"--kubeconfig={kubeconfig}",
        f"--httpsAddr=127.0.0.1:{ports['istiod-https']}",
        f"--grpcAddr=127.0.0.1:{ports['istiod-grpc']}",
        f"--secureGRPCAddr=127.0.0.1:{ports['istiod-secure-grpc']}",
        f"--monitoringAddr=127.0.0.1:{ports['istiod-monitoring']}",
        f"--httpAddr=127.0.0.1:{ports['istiod-http']}",
        "--ctrlz_address=127.0.0.1",
        f"--ctrlz_port={ports['istiod-ctrlz']}",
    )
    environment = pods.environment(pod, _CONTAINER) | {
        "KUBECONFIG": str(kubeconfig),
        # The name in its serving certificate, with which the API server connects to its webhooks.
        "ISTIOD_CUSTOM_HOST": "localhost",
        # The gateways' Envoys connect to the plaintext port on loopback, with their pod's token.
        "XDS_AUTH_PLAINTEXT": "true",
    }
    return Program(
        name="istiod",
        command=(str(binary), *pods.arguments(pod, _CONTAINER), *arguments),
        environment=environment,
        where=f"xds 127.0.0.1:{ports['istiod-grpc']}, webhooks 127.0.0.1:{ports['istiod-https']}",
        key=pod["metadata"]["uid"],
    )
