# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The argument spec of istio_exposure; the other modules validate nested exposures with it, see typed.py."""

from __future__ import annotations

from typing import Any

from .._argspec import ArgumentSpec
from .route_spec import ROUTES, SUBSETS

GATEWAY: dict[str, Any] = {
    "type": "dict",
    "options": {
        "selector": {"type": "dict"},
        "name": {"type": "str"},
        "namespace": {"type": "str"},
        "http_port": {"type": "int", "default": 80},
        "https_port": {"type": "int", "default": 443},
        "tcp_port": {"type": "int"},
        "server_spec": {"type": "dict"},
        "pods_namespace": {"type": "str"},
        "existing": {"type": "str"},
        "shared": {"type": "str"},
    },
    "mutually_exclusive": [
        ("shared", "existing"),
        ("shared", "name"),
        ("shared", "namespace"),
        ("existing", "selector"),
        ("existing", "name"),
        ("existing", "namespace"),
        ("existing", "pods_namespace"),
        ("existing", "server_spec"),
    ],
    "required_one_of": [("selector", "existing")],
}

CERTIFICATE: dict[str, Any] = {
    "type": "dict",
    "options": {
        "issuer": {
            "type": "dict",
            "required": True,
            "options": {
                "name": {"type": "str", "required": True},
                "kind": {"type": "str", "default": "ClusterIssuer"},
                "group": {"type": "str", "default": "cert-manager.io"},
            },
        },
        "dns_names": {"type": "list", "elements": "str"},
        "duration": {"type": "str"},
        "renew_before": {"type": "str"},
        "private_key": {
            "type": "dict",
            "no_log": False,  # the kind of key, not the key itself
            "options": {
                "algorithm": {"type": "str", "choices": ["RSA", "ECDSA", "Ed25519"]},
                "size": {"type": "int"},
                "rotation_policy": {"type": "str", "choices": ["Always", "Never"]},
            },
        },
        "usages": {"type": "list", "elements": "str"},
        "spec": {"type": "dict"},
    },
}

TLS: dict[str, Any] = {
    "type": "dict",
    "options": {
        "mode": {
            "type": "str",
            "choices": ["none", "simple", "mutual", "optional_mutual", "passthrough"],
            "default": "simple",
        },
        "credential_name": {"type": "str"},
        "certificate": CERTIFICATE,
        "client_ca": {"type": "dict", "options": {"pem": {"type": "str", "required": True}}},
        "redirect": {"type": "bool", "default": False},
        "min_protocol_version": {"type": "str", "choices": ["TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3"]},
    },
}

PROBE: dict[str, Any] = {
    "type": "dict",
    "options": {
        "enabled": {"type": "bool", "default": True},
        "path": {"type": "str"},
        "method": {"type": "str", "default": "GET"},
        "headers": {"type": "dict"},
        "status": {"type": "list", "elements": "int"},
        "location": {"type": "str"},
        "addresses": {"type": "list", "elements": "str"},
        "http_port": {"type": "int"},
        "https_port": {"type": "int"},
        "ca_cert": {"type": "path"},
        "client_cert": {"type": "path"},
        "client_key": {"type": "path", "no_log": False},  # the path of the key, not the key itself
    },
    "required_by": {"client_key": ("client_cert",)},
}

EXPOSURE = ArgumentSpec(
    argument_spec={
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "hosts": {"type": "list", "elements": "str"},
        "protocol": {"type": "str", "choices": ["http", "tcp", "mongo", "redis"], "default": "http"},
        "service": {"type": "str"},
        "port": {"type": "int"},
        "routes": ROUTES,
        "subsets": SUBSETS,
        "gateway": GATEWAY,
        "tls": TLS,
        "export_to": {"type": "list", "elements": "str"},
        "labels": {"type": "dict"},
        "annotations": {"type": "dict"},
        "adopt": {"type": "bool", "default": False},
        "checks": {"type": "dict"},
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 300},
        "probe": PROBE,
        "cluster_domain": {"type": "str", "default": "cluster.local"},
    },
    mutually_exclusive=[("service", "routes")],
    required_if=[("state", "present", ("hosts", "gateway"))],
    required_by={"port": ("service",)},
)
