# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role cert_manager as the tests run it, and entries of its lists."""

from __future__ import annotations

import base64
from typing import Any

from cluster.testing import Cluster

PLAY = """
- name: Manage certificates
  hosts: localhost
  gather_facts: false
  {keywords}
  roles:
    - gatehouse.istio.cert_manager
"""
ROLE = PLAY.format(keywords="")
ABSENT = {"state": "absent"}
TOKEN = "a-token-that-nobody-may-see"  # noqa: S105  (made up)
COMPANY_CA = {
    "name": "company-ca",
    "namespace": "cert-manager",
    "issuer": {"name": "root"},
    "is_ca": True,
    "common_name": "Company CA",
    "private_key": {"algorithm": "ECDSA", "size": 256},
}


def secret(cluster: Cluster, name: str, namespace: str) -> dict[str, str]:
    data = cluster.kubectl("get", "secret", name, "-n", namespace)["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def issuer(name: str, namespace: str, **content: Any) -> dict[str, Any]:
    return {"name": name, "kind": "Issuer", "namespace": namespace, **content}


def certificate(name: str, namespace: str, issued_by: str, *hosts: str, **more: Any) -> dict[str, Any]:
    by = {"name": issued_by, "kind": "Issuer"}
    return {"name": name, "namespace": namespace, "issuer": by, "dns_names": list(hosts), **more}
