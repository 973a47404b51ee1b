# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS Secrets in a cluster, and what is in them."""

from __future__ import annotations

import base64

from cluster.pki import KeyPair
from cluster.testing import CertificateFiles, Cluster

# Where the gateways' pods are.
PODS = "istio-ingress"


def put_secret(istio: Cluster, name: str, files: CertificateFiles) -> None:
    """A Secret with certificate and key, where the gateways look for it."""
    encoded = {
        key: base64.b64encode(path.read_bytes()).decode()
        for key, path in (("tls.crt", files.crt), ("tls.key", files.key))
    }
    metadata = {"name": name, "namespace": PODS}
    istio.apply(
        {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": metadata, "data": encoded}
    )


def serial_of(files: CertificateFiles) -> int:
    """The serial number of a certificate."""
    certificate, _key = KeyPair(files.crt, files.key).load()
    return certificate.serial_number
