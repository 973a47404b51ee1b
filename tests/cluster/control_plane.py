# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control plane's programs and their arguments."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from cluster.credentials import SERVICE_RANGE, kubeconfig_of
from cluster.layout import PACKAGE, Layout
from cluster.processes import Program
from cluster.tools import Tools

STAGES = PACKAGE / "stages.yml"
NODE = "node-1"
NODE_ANNOTATION = "embedded.gatehouse.istio/node"
# Ports of each program. etcd comes first and so reserves the block of ports, see ports.free_block.
PORTS = {
    "etcd": ("etcd", "etcd-peer"),
    "kube-apiserver": ("api",),
    "istiod": (
        "istiod-https",
        "istiod-grpc",
        "istiod-secure-grpc",
        "istiod-monitoring",
        "istiod-http",
        "istiod-ctrlz",
    ),
    "cert-manager-controller": ("cert-manager-controller-health",),
    "cert-manager-webhook": ("cert-manager-webhook", "cert-manager-webhook-health"),
    "cert-manager-cainjector": ("cert-manager-cainjector-health",),
    "named": ("dns",),
    "pebble": ("acme", "acme-management"),
}
PORT_NAMES = tuple(name for names in PORTS.values() for name in names)
# In the order of their start. All others are started by the node agent or by tests (named, pebble).
PARTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "node-agent")


@dataclass(frozen=True)
class Settings:
    """What must stay the same after a restart, and facts of the host."""

    ports: dict[str, int]
    host_address: str
    # kwok does not keep its pods' addresses over a restart, so each of its runs assigns other ones.
    kwok_run: int = 0

    @property
    def api(self) -> str:
        return f"https://127.0.0.1:{self.ports['api']}"


def programs(layout: Layout, settings: Settings, tools: Tools) -> dict[str, Program]:
    """Every part of the control plane, by name."""
    made = (
        _etcd(layout, settings, tools),
        _api_server(layout, settings, tools),
        _controller_manager(layout, tools),
        _scheduler(layout, tools),
        _kwok(layout, settings, tools),
        _node_agent(layout, tools),
    )
    return {program.name: program for program in made}


def _etcd(layout: Layout, settings: Settings, tools: Tools) -> Program:
    client = f"https://127.0.0.1:{settings.ports['etcd']}"
    peer = f"https://127.0.0.1:{settings.ports['etcd-peer']}"
    pki = layout.pki
    command = (
        str(tools.etcd),
        "--name=embedded",
        f"--data-dir={layout.etcd_data}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=embedded={peer}",
        # etcd stores every Secret, so other users of a shared host must not have access.
        "--client-cert-auth",
        f"--trusted-ca-file={pki / 'ca.crt'}",
        f"--cert-file={pki / 'etcd.crt'}",
        f"--key-file={pki / 'etcd.key'}",
        "--peer-client-cert-auth",
        f"--peer-trusted-ca-file={pki / 'ca.crt'}",
        f"--peer-cert-file={pki / 'etcd.crt'}",
        f"--peer-key-file={pki / 'etcd.key'}",
        # The data still survive a killed process; only a crash of the host could lose them.
        "--unsafe-no-fsync",
        "--log-level=warn",
    )
    return Program("etcd", command, where=f"127.0.0.1:{settings.ports['etcd']}")


def _api_server(layout: Layout, settings: Settings, tools: Tools) -> Program:
    pki = layout.pki
    command = (
        str(tools.kube_apiserver),
        "--bind-address=127.0.0.1",
        f"--secure-port={settings.ports['api']}",
        f"--advertise-address={settings.host_address}",
        f"--etcd-servers=https://127.0.0.1:{settings.ports['etcd']}",
        f"--etcd-cafile={pki / 'ca.crt'}",
        f"--etcd-certfile={pki / 'etcd-client.crt'}",
        f"--etcd-keyfile={pki / 'etcd-client.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--tls-cert-file={pki / 'kube-apiserver.crt'}",
        f"--tls-private-key-file={pki / 'kube-apiserver.key'}",
        "--authorization-mode=RBAC",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--service-node-port-range=30000-32767",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki / 'service-account.pub'}",
        f"--service-account-signing-key-file={pki / 'service-account.key'}",
        # Istio's proxies request the second audience, and istiod verifies it.
        "--api-audiences=https://kubernetes.default.svc.cluster.local,kubernetes,istio-ca",
        *_audit(layout),
    )
    return Program("kube-apiserver", command, where=f"127.0.0.1:{settings.ports['api']}")


def _audit(layout: Layout) -> tuple[str, ...]:
    if not layout.audit_policy.exists():
        return ()
    # Without rotation, so that one file has all requests to count.
    return (
        f"--audit-policy-file={layout.audit_policy}",
        f"--audit-log-path={layout.audit_log}",
        "--audit-log-maxsize=0",
    )


def _controller_manager(layout: Layout, tools: Tools) -> Program:
    command = (
        str(tools.kube_controller_manager),
        f"--kubeconfig={kubeconfig_of(layout, 'kube-controller-manager')}",
        "--use-service-account-credentials",
        f"--service-account-private-key-file={layout.pki / 'service-account.key'}",
        f"--root-ca-file={layout.pki / 'ca.crt'}",
        "--leader-elect=false",
        # Autoscaling would only log errors without metrics; the simulated nodes need no address ranges.
        "--controllers=*,bootstrapsigner,tokencleaner,-horizontal-pod-autoscaler-controller,-node-ipam-controller",
        # Nothing requests its health or metrics, and a port could conflict with another program.
        "--secure-port=0",
        # Tests roll out many Deployments in a row. The client's default of 20 requests a second would slow them down.
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    )
    return Program("kube-controller-manager", command)


def _scheduler(layout: Layout, tools: Tools) -> Program:
    command = (
        str(tools.kube_scheduler),
        f"--kubeconfig={kubeconfig_of(layout, 'kube-scheduler')}",
        "--leader-elect=false",
        "--secure-port=0",
    )
    return Program("kube-scheduler", command)


def _kwok(layout: Layout, settings: Settings, tools: Tools) -> Program:
    command = (
        str(tools.kwok),
        f"--kubeconfig={kubeconfig_of(layout, 'kwok')}",
        f"--config={STAGES}",
        "--manage-all-nodes=false",
        f"--manage-nodes-with-annotation-selector={NODE_ANNOTATION}=kwok",
        f"--cidr=10.{128 + settings.kwok_run % 100}.0.1/16",
        "--node-ip=10.127.0.1",
        "--node-lease-duration-seconds=40",
    )
    # kwok reads a configuration in the home directory; the user's must not change this cluster.
    return Program("kwok", command, environment={"KWOK_WORKDIR": str(layout.root / "kwok")})


def _node_agent(layout: Layout, tools: Tools) -> Program:
    command = (
        *(sys.executable, "-m", "cluster.agent"),
        f"--dir={layout.root}",
        f"--pilot-discovery={tools.pilot_discovery}",
        f"--envoy={tools.envoy}",
        f"--cert-manager={tools.cert_manager}",
    )
    return Program("node-agent", command, environment={"PYTHONPATH": str(PACKAGE.parent), "PYTHONUNBUFFERED": "1"})


def node_lease() -> str:
    """The Lease of the node. kwok creates it, and would wait until the Lease of an earlier kwok expires."""
    return f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{NODE}"


def node() -> dict[str, object]:
    """The one simulated node, whose kubelet kwok simulates."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": NODE,
            "annotations": {NODE_ANNOTATION: "kwok"},
            "labels": {
                "kubernetes.io/hostname": NODE,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "node-role.kubernetes.io/worker": "",
            },
        },
    }
