# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Ansible variables with which the roles install Istio and cert-manager on this cluster."""

from __future__ import annotations

from typing import Any

import yaml

from cluster.control_plane import Settings
from cluster.layout import Layout, write_private
from cluster.tools import Tools


def write(layout: Layout, settings: Settings, tools: Tools) -> None:
    base, istiod = layout.values / "base.yml", layout.values / "istiod.yml"
    write_private(base, _document(base_values(settings.ports)))
    write_private(istiod, _document(istiod_values(settings.ports)))
    cert_manager = write_private(layout.values / "cert-manager.yml", _document(cert_manager_values(settings.ports)))
    variables = {
        "istio_kubeconfig": str(layout.kubeconfig),
        "istio_helm_binary": str(tools.helm),
        "istio_chart_source": str(tools.charts),
        "istio_base_values_files": [str(base)],
        "istio_istiod_values_files": [str(istiod)],
        "cert_manager_chart_source": str(tools.charts),
        "cert_manager_values_files": [str(cert_manager)],
        "cluster_dir": str(layout.root),
        "cluster_host_ip": settings.host_address,
        "cluster_ca": str(layout.ca_certificate),
        "cluster_kubectl": str(tools.kubectl),
    }
    write_private(layout.vars_file, _document(variables))


def base_values(ports: dict[str, int]) -> dict[str, Any]:
    """Values of chart `base`: without kube-proxy, the API server calls webhooks by URL, not by Service."""
    return {"base": {"validationURL": _url(ports, "validate")}}


def istiod_values(ports: dict[str, int]) -> dict[str, Any]:
    """Values of chart `istiod`: URLs of its webhooks, without features of Istio's own build of Envoy."""
    return {
        "base": {"validationURL": _url(ports, "validate")},
        "istiodRemote": {"injectionURL": _url(ports, "inject")},
        "telemetry": {"enabled": False},
        "meshConfig": {"enableAutoMtls": False, "enableTracing": False, "accessLogFile": "/dev/stdout"},
        "pilot": {
            "autoscaleEnabled": False,
            "env": {"PILOT_ENABLE_METADATA_EXCHANGE": "false", "PILOT_ENABLE_ALPN_FILTER": "false"},
        },
    }


def cert_manager_values(ports: dict[str, int]) -> dict[str, Any]:
    """Chart `cert-manager`: where its webhook is, and that it asks the test DNS server (see dns.py) for everything."""
    nameserver = f"127.0.0.1:{ports['dns']}"
    return {
        "webhook": {"url": {"host": f"localhost:{ports['cert-manager-webhook']}"}},
        "dns01RecursiveNameservers": nameserver,
        # By default it queries authoritative servers, on port 53 only.
        "dns01RecursiveNameserversOnly": True,
        "extraArgs": [f"--acme-http01-solver-nameservers={nameserver}", "--dns01-check-retry-period=1s"],
    }


def _url(ports: dict[str, int], path: str) -> str:
    return f"https://localhost:{ports['istiod-https']}/{path}"


def _document(content: dict[str, Any]) -> str:
    return "---\n" + yaml.safe_dump(content, sort_keys=False)
