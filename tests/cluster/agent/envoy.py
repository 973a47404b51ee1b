# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Envoy's bootstrap: the file that pilot-agent would write for an ingress gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cluster.api import Object

STATUS_PORT = 15021


@dataclass(frozen=True)
class Proxy:
    """One Envoy: its pod, and how it connects to istiod."""

    pod: Object
    address: str
    xds_port: int
    istio_version: str
    token: str


def node_id(pod: Object) -> str:
    """istiod finds the pod's Services, and their target ports, by the pod's address."""
    metadata = pod["metadata"]
    namespace = metadata["namespace"]
    return f"router~{pod['status']['podIP']}~{metadata['name']}.{namespace}~{namespace}.svc.cluster.local"


def bootstrap(proxy: Proxy) -> dict[str, Any]:
    """The whole bootstrap; listeners, routes, clusters and certificates come from istiod."""
    return {
        "node": _node(proxy),
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
        "dynamic_resources": {
            "lds_config": _from_ads(),
            "cds_config": _from_ads(),
            "ads_config": {
                "api_type": "GRPC",
                "transport_api_version": "V3",
                "set_node_on_first_message_only": True,
                "grpc_services": [
                    {
                        "envoy_grpc": {"cluster_name": "xds-grpc"},
                        "initial_metadata": [{"key": "authorization", "value": f"Bearer {proxy.token}"}],
                    }
                ],
            },
        },
        "static_resources": {"clusters": [_istiod(proxy.xds_port)], "listeners": [_status_listener(proxy.address)]},
    }


def _node(proxy: Proxy) -> dict[str, Any]:
    metadata = proxy.pod["metadata"]
    labels = metadata.get("labels", {})
    return {
        "id": node_id(proxy.pod),
        "cluster": f"{labels.get('app', metadata['name'])}.{metadata['namespace']}",
        "metadata": {
            "NAME": metadata["name"],
            "NAMESPACE": metadata["namespace"],
            "SERVICE_ACCOUNT": proxy.pod["spec"].get("serviceAccountName", "default"),
            "LABELS": labels,
            "CLUSTER_ID": "Kubernetes",
            "ISTIO_VERSION": proxy.istio_version,
            "INSTANCE_IPS": proxy.pod["status"]["podIP"],
        },
    }


def _from_ads() -> dict[str, Any]:
    # Without a timeout, Envoy only becomes LIVE with its first configuration.
    return {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}


def _istiod(port: int) -> dict[str, Any]:
    options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    endpoint = {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}
    return {
        "name": "xds-grpc",
        "type": "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {
            options: {
                "@type": f"type.googleapis.com/{options}",
                "explicit_http_config": {
                    "http2_protocol_options": {"connection_keepalive": {"interval": "30s", "timeout": "10s"}}
                },
            }
        },
        "load_assignment": {
            "cluster_name": "xds-grpc",
            "endpoints": [{"lb_endpoints": [{"endpoint": endpoint}]}],
        },
    }


def _status_listener(address: str) -> dict[str, Any]:
    """The gateway chart's status-port, which cloud load balancers use for health checks."""
    manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    route = {"match": {"path": "/healthz/ready"}, "direct_response": {"status": 200}}
    router = {
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
    }
    config = {
        "@type": f"type.googleapis.com/{manager}",
        "stat_prefix": "status",
        "route_config": {"virtual_hosts": [{"name": "status", "domains": ["*"], "routes": [route]}]},
        "http_filters": [router],
    }
    return {
        "name": "status",
        "address": {"socket_address": {"address": address, "port_value": STATUS_PORT}},
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": config}]}
        ],
    }
