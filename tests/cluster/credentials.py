# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All keys, certificates and kubeconfigs of one cluster."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import yaml

from cluster import pki
from cluster.errors import ClusterError
from cluster.layout import Layout, write_private
from cluster.pki import KeyPair

SERVICE_RANGE = "10.96.0.0/16"
_SERVICE_ADDRESS = "10.96.0.1"

# Kubernetes' own names of its components, to which its built-in roles are bound.
CLIENTS = {
    "admin": ("gatehouse-admin", "system:masters"),
    "agent": ("gatehouse-node-agent", "system:masters"),
    "kwok": ("gatehouse-kwok", "system:masters"),
    "kube-controller-manager": ("system:kube-controller-manager", ""),
    "kube-scheduler": ("system:kube-scheduler", ""),
}


def pair(layout: Layout, name: str) -> KeyPair:
    return KeyPair(layout.pki / f"{name}.crt", layout.pki / f"{name}.key")


def test_ca(layout: Layout) -> KeyPair:
    """The CA of the gateways' and back ends' certificates. Its certificate is in DIR/ca.crt."""
    return KeyPair(layout.ca_certificate, layout.pki / "test-ca.key")


_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|[0-9a-f:]+", re.IGNORECASE)


def ensure_credentials(layout: Layout, api_port: int) -> None:
    """Create missing credentials, and replace those that expire soon."""
    ca = pair(layout, "ca")
    pki.ensure_ca(ca, "gatehouse embedded cluster")
    pki.ensure_ca(test_ca(layout), "gatehouse test CA")
    pki.ensure_signing_key(layout.pki / "service-account.key", layout.pki / "service-account.pub")
    api_names = [
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "127.0.0.1",
        _SERVICE_ADDRESS,
    ]
    pki.ensure_certificate(pair(layout, "kube-apiserver"), ca, "kube-apiserver", api_names)
    pki.ensure_certificate(pair(layout, "etcd"), ca, "etcd", ["localhost", "127.0.0.1"])
    pki.ensure_certificate(pair(layout, "etcd-client"), ca, "kube-apiserver")
    for name, (common_name, organization) in CLIENTS.items():
        client = pair(layout, name)
        pki.ensure_certificate(client, ca, common_name, organization=organization)
        file = layout.kubeconfig if name == "admin" else kubeconfig_of(layout, name)
        write_private(file, kubeconfig(api_port, ca.certificate, client))


def kubeconfig_of(layout: Layout, client: str) -> Path:
    return layout.pki / f"{client}.kubeconfig"


def kubeconfig(api_port: int, ca: Path, client: KeyPair | Path) -> str:
    """A kubeconfig with a client's certificate, or with the path of its token."""
    user: dict[str, str]
    if isinstance(client, KeyPair):
        user = {"client-certificate-data": _base64(client.certificate), "client-key-data": _base64(client.key)}
    else:
        user = {"tokenFile": str(client)}
    server = {"server": f"https://127.0.0.1:{api_port}", "certificate-authority-data": _base64(ca)}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "embedded", "cluster": server}],
        "users": [{"name": "embedded", "user": user}],
        "contexts": [{"name": "embedded", "context": {"cluster": "embedded", "user": "embedded"}}],
        "current-context": "embedded",
    }
    return yaml.safe_dump(document, sort_keys=False)


def issue(layout: Layout, file: Path, hosts: list[str]) -> KeyPair:
    """A certificate of the test CA for these hosts, in file.crt and file.key."""
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise ClusterError(f"{host!r} is no host name, wildcard (*.example.com) or IP address.")
    issued = KeyPair(file.with_name(f"{file.name}.crt"), file.with_name(f"{file.name}.key"))
    pki.ensure_certificate(issued, test_ca(layout), hosts[0], hosts)
    return issued


def _base64(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
