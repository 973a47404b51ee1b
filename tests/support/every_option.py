# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exposures that together use every option of istio_exposure that becomes a field of the cluster's objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# These say what to do with the objects, and not what is in them.
NOT_IN_OBJECTS = {"state", "adopt", "checks", "wait", "wait_timeout", "probe", "cluster_domain"}

_HEADERS = {
    "request": {"set": {"x-a": "1"}, "add": {"x-b": "2"}, "remove": ["x-c"]},
    "response": {"set": {"x-d": "3"}, "add": {"x-e": "4"}, "remove": ["x-f"]},
}
_MATCHES: list[dict[str, Any]] = [
    {
        "uri": {"prefix": "/a"},
        "ignore_uri_case": True,
        "method": {"exact": "GET"},
        "headers": {"x-a": {"present": True}, "x-b": {"exact": "1"}},
        "without_headers": {"x-c": {"prefix": "2"}},
        "query_params": {"q": {"regex": "3+"}},
        "scheme": {"exact": "http"},
        "authority": {"prefix": "requests."},
        "port": 80,
        "source_namespace": "istio-ingress",
        "source_labels": {"istio": "public"},
    },
    {
        "uri": {"exact": "/b"},
        "method": {"prefix": "P"},
        "scheme": {"prefix": "h"},
        "authority": {"exact": "b"},
    },
    {
        "uri": {"regex": "/c+"},
        "method": {"regex": "GET|PUT"},
        "scheme": {"regex": "https?"},
        "authority": {"regex": ".*"},
    },
]


def exposures(namespace: str, ca: str) -> list[dict[str, Any]]:
    """The exposures' options; ca is a CA's certificate."""
    always = {"namespace": namespace, "gateway": {"selector": {"istio": "public"}}}
    return [
        {
            **always,
            "name": "requests",
            "hosts": [f"requests.{namespace}.example.com"],
            "routes": _requests(),
            "subsets": [{"service": "web", "name": name, "labels": {"version": name}} for name in ("v1", "v2")],
        },
        {**always, "name": "answers", "hosts": [f"answers.{namespace}.example.com"], "routes": _answers(namespace)},
        {**always, "name": "secure", **_secure(namespace, ca)},
        {
            "name": "connections",
            "namespace": namespace,
            "hosts": [f"connections.{namespace}.example.com"],
            "protocol": "mongo",
            "service": "db",
            "port": 27017,
            "gateway": {"selector": {"istio": "public"}, "tcp_port": 27017},
        },
        {**always, "name": "attached", **_attached(namespace)},
        {**always, "name": "sharing", **_sharing(namespace)},
    ]


def _requests() -> list[dict[str, Any]]:
    """Routes to destinations."""
    return [
        {
            "name": "all",
            "match": _MATCHES,
            "destinations": [
                {"service": "web", "port": 80, "subset": "v1", "weight": 1, "headers": _HEADERS},
                {"host": "web.partner.example.com", "port": 80, "weight": 99},
            ],
            "rewrite": {"uri": "/new", "authority": "web"},
            "headers": _HEADERS,
            "timeout": "1.5s",
            "retries": {
                "attempts": 3,
                "per_try_timeout": "500ms",
                "retry_on": "connect-failure,503",
                "retry_remote_localities": True,
                "retry_ignore_previous_hosts": False,
                "backoff": "50ms",
            },
            "cors_policy": {
                "allow_origins": [{"exact": "https://a.example.com"}, {"prefix": "https://b"}, {"regex": "https://.*"}],
                "allow_methods": ["GET", "POST"],
                "allow_headers": ["x-a"],
                "expose_headers": ["x-b"],
                "max_age": "24h",
                "allow_credentials": True,
                "unmatched_preflights": "IGNORE",
            },
            "fault": {
                "delay": {"fixed_delay": "10ms", "percentage": 0.5},
                "abort": {"http_status": 503, "percentage": 50.0},
            },
            "mirrors": [
                {"service": "web", "port": 80, "subset": "v2", "percentage": 12.5},
                {"host": "log.example.com", "port": 80},
            ],
            "spec": {"retries": {"retryOn": "5xx"}},
        },
        {
            "match": [{"uri": {"prefix": "/grpc.Service/"}}],
            "destinations": [{"service": "grpc"}],
            "rewrite": {"uri_regex_rewrite": {"match": "^/(.*)$", "rewrite": "/v1/\\1"}},
            "fault": {"abort": {"grpc_status": "UNAVAILABLE", "percentage": 100}},
        },
    ]


def _answers(namespace: str) -> list[dict[str, Any]]:
    """Routes without destinations."""
    return [
        {
            "match": [{"uri": {"prefix": "/a"}}],
            "redirect": {
                "uri": "/b",
                "authority": "x.example.com",
                "scheme": "https",
                "port": 8443,
                "redirect_code": 308,
            },
        },
        {
            "match": [{"uri": {"prefix": "/c"}}],
            "redirect": {"prefix_rewrite": "/d", "derive_port": "FROM_REQUEST_PORT"},
        },
        {"match": [{"uri": {"prefix": "/e"}}], "direct_response": {"status": 503, "body": "later"}},
        {"delegate": {"name": "team", "namespace": namespace}},
    ]


def _secure(namespace: str, ca: str) -> dict[str, Any]:
    """TLS, labels, and what the options do not name."""
    certificate = {
        "issuer": {"name": "nobody", "kind": "ClusterIssuer", "group": "cert-manager.io"},
        "dns_names": [f"secure.{namespace}.example.com"],
        "duration": "2160h",
        "renew_before": "360h",
        "private_key": {"algorithm": "ECDSA", "size": 256, "rotation_policy": "Always"},
        "usages": ["server auth"],
        "spec": {"revisionHistoryLimit": 2},
    }
    return {
        "hosts": [f"secure.{namespace}.example.com"],
        "service": "web",
        "port": 80,
        "gateway": {
            "selector": {"istio": "public"},
            "name": "front",
            "namespace": namespace,
            "http_port": 8080,
            "https_port": 8443,
            "pods_namespace": "istio-ingress",
            "server_spec": {"tls": {"cipherSuites": ["ECDHE-ECDSA-AES128-GCM-SHA256"]}},
        },
        "tls": {
            "mode": "mutual",
            "credential_name": f"secure-{namespace}",
            "certificate": certificate,
            "client_ca": {"pem": ca},
            "redirect": True,
            "min_protocol_version": "TLSV1_2",
        },
        "export_to": [".", "istio-ingress"],
        "labels": {"team": "shop"},
        "annotations": {"note": "x"},
    }


def _attached(namespace: str) -> dict[str, Any]:
    return {"hosts": [f"attached.{namespace}.example.com"], "service": "web", "gateway": {"existing": "front"}}


def _sharing(namespace: str) -> dict[str, Any]:
    gateway = {"selector": {"istio": "public"}, "shared": f"{namespace}/everybody"}
    return {"hosts": [f"shared.{namespace}.example.com"], "service": "web", "gateway": gateway}


def unused(spec: Mapping[str, Any], examples: list[Any], path: str = "") -> Iterator[str]:
    """The options of an argument spec that no example gives, as paths."""
    for option, definition in spec.items():
        values = [example[option] for example in examples if example.get(option) is not None]
        if not values:
            yield f"{path}{option}"
        elif "options" in definition:
            inner = [entry for value in values for entry in (value if isinstance(value, list) else [value])]
            yield from unused(definition["options"], inner, f"{path}{option}.")
