# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of routes → the routes of the VirtualService, and what goes with them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.exposure import manifests
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.routes import camel_case
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure import parse

WEB = {"destinations": [{"service": "web"}]}
TO_WEB = {"route": [{"destination": {"host": "web.shop.svc.cluster.local"}}]}


def params(*routes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    minimal = {
        "name": "shop",
        "namespace": "shop",
        "hosts": ["shop.example.com"],
        "routes": list(routes),
        "gateway": {"selector": {"istio": "public"}},
    }
    return {**minimal, **changes}


def specs(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The specs of the Gateway and of the VirtualService."""
    gateway, virtual_service = manifests(parse(options))
    return gateway["spec"], virtual_service["spec"]


@pytest.mark.parametrize(
    ("option", "field"),
    [
        ("uri", "uri"),
        ("without_headers", "withoutHeaders"),
        ("retry_ignore_previous_hosts", "retryIgnorePreviousHosts"),
        ("http_status", "httpStatus"),
    ],
)
def test_istio_fields_are_the_options_in_camel_case(option: str, field: str) -> None:
    assert camel_case(option) == field


ROUTES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "match",
        {
            "match": [
                {
                    "uri": {"prefix": "/api", "exact": None, "regex": None},
                    "ignore_uri_case": True,
                    "method": {"exact": "GET"},
                    "headers": {"x-tester": {"present": True}, "x-version": {"exact": 2}},
                    "without_headers": {"cookie": {"regex": ".*old=.*"}},
                    "query_params": {"debug": {"exact": "1"}},
                    "scheme": {"exact": "https"},
                    "authority": {"prefix": "shop."},
                    "port": 443,
                    "source_namespace": "istio-ingress",
                    "source_labels": {"zone": 1},
                },
                {"uri": None, "query_params": {"b": {"prefix": "c"}}, "headers": {}, "port": None},
            ],
            **WEB,
        },
        {
            "match": [
                {
                    "uri": {"prefix": "/api"},
                    "ignoreUriCase": True,
                    "method": {"exact": "GET"},
                    "headers": {"x-tester": {}, "x-version": {"exact": "2"}},
                    "withoutHeaders": {"cookie": {"regex": ".*old=.*"}},
                    "queryParams": {"debug": {"exact": "1"}},
                    "scheme": {"exact": "https"},
                    "authority": {"prefix": "shop."},
                    "port": 443,
                    "sourceNamespace": "istio-ingress",
                    "sourceLabels": {"zone": "1"},
                },
                {"queryParams": {"b": {"prefix": "c"}}},
            ],
            **TO_WEB,
        },
    ),
    (
        "subset and headers of a destination",
        {
            "destinations": [
                {
                    "service": "web",
                    "port": 80,
                    "subset": "v1",
                    "headers": {
                        "response": {"set": {"x-version": 1}, "remove": ["server"], "add": None},
                        "request": None,
                    },
                }
            ]
        },
        {
            "route": [
                {
                    "destination": {"host": "web.shop.svc.cluster.local", "subset": "v1", "port": {"number": 80}},
                    "headers": {"response": {"set": {"x-version": "1"}, "remove": ["server"]}},
                }
            ]
        },
    ),
    (
        "redirect",
        {"name": "moved", "redirect": {"authority": "new.example.com", "uri": None, "redirect_code": 308}},
        {"name": "moved", "redirect": {"authority": "new.example.com", "redirectCode": 308}},
    ),
    (
        "direct response",
        {
            "direct_response": {"status": 503, "body": "later"},
            "headers": {"response": {"set": {"retry-after": 60}}},
        },
        {
            "directResponse": {"status": 503, "body": {"string": "later"}},
            "headers": {"response": {"set": {"retry-after": "60"}}},
        },
    ),
    ("delegate", {"delegate": {"name": "team", "namespace": None}}, {"delegate": {"name": "team"}}),
    (
        "settings",
        {
            **WEB,
            "rewrite": {"uri_regex_rewrite": {"match": "^/a/(.*)", "rewrite": "/\\1"}, "authority": "web", "uri": None},
            "timeout": "1.5s",
            "retries": {"attempts": 2, "per_try_timeout": "500ms", "retry_on": "503", "backoff": None},
            "cors_policy": {
                "allow_origins": [{"regex": "https://.*", "exact": None}],
                "allow_methods": ["GET"],
                "max_age": "24h",
                "allow_credentials": False,
            },
            "fault": {
                "delay": {"fixed_delay": "2s", "percentage": 0.5},
                "abort": {"http_status": 500, "grpc_status": None, "percentage": 50.0},
            },
            "mirrors": [
                {"service": "next", "percentage": 10.0},
                {"host": "log.example.com", "port": 80, "subset": "a"},
            ],
        },
        {
            **TO_WEB,
            "rewrite": {"uriRegexRewrite": {"match": "^/a/(.*)", "rewrite": "/\\1"}, "authority": "web"},
            "timeout": "1.5s",
            "retries": {"attempts": 2, "perTryTimeout": "500ms", "retryOn": "503"},
            "corsPolicy": {
                "allowOrigins": [{"regex": "https://.*"}],
                "allowMethods": ["GET"],
                "maxAge": "24h",
                "allowCredentials": False,
            },
            "fault": {
                "delay": {"fixedDelay": "2s", "percentage": {"value": 0.5}},
                "abort": {"httpStatus": 500, "percentage": {"value": 50}},
            },
            "mirrors": [
                {"destination": {"host": "next.shop.svc.cluster.local"}, "percentage": {"value": 10}},
                {"destination": {"host": "log.example.com", "subset": "a", "port": {"number": 80}}},
            ],
        },
    ),
    (
        "spec is merged over the options",
        {**WEB, "timeout": "1s", "retries": {"attempts": 2}, "spec": {"timeout": None, "retries": {"retryOn": "5xx"}}},
        {**TO_WEB, "retries": {"attempts": 2, "retryOn": "5xx"}},
    ),
    (
        "spec in place of an option",
        {**WEB, "timeout": "1s", "spec": {"route": None, "retries": {"attempts": 1}, "timeout": "2s"}},
        {"retries": {"attempts": 1}, "timeout": "2s"},
    ),
]


@pytest.mark.parametrize(("options", "route"), [case[1:] for case in ROUTES], ids=[case[0] for case in ROUTES])
def test_http_routes(options: dict[str, Any], route: dict[str, Any]) -> None:
    routes = specs(params(options))[1]["http"]
    assert routes == [route]
    # Whole numbers are integers, as the API server returns them; == does not distinguish 50 from 50.0.
    assert str(routes).count(".0") == str(route).count(".0")


def test_a_route_with_a_match_in_spec_may_precede_others() -> None:
    by_cookie = [{"headers": {"cookie": {"exact": "a=1"}}}]
    _gateway, virtual_service = specs(params({**WEB, "spec": {"match": by_cookie}}, WEB))
    assert virtual_service["http"] == [{"match": by_cookie, **TO_WEB}, TO_WEB]


@pytest.mark.parametrize("protocol", ["tcp", "mongo", "redis"])
def test_tcp_protocols_are_routed_by_the_gateways_port(protocol: str) -> None:
    route = {"destinations": [{"service": "db", "port": 5432, "weight": 1}, {"service": "db2", "weight": 0}]}
    gateway, virtual_service = specs(
        params(route, protocol=protocol, gateway={"selector": {"istio": "public"}, "tcp_port": 9000})
    )
    port = {"number": 9000, "name": protocol, "protocol": protocol.upper()}
    assert gateway["servers"] == [{"port": port, "hosts": ["shop.example.com"]}]
    assert virtual_service["tcp"] == [
        {
            "match": [{"port": 9000}],
            "route": [
                {"destination": {"host": "db.shop.svc.cluster.local", "port": {"number": 5432}}, "weight": 1},
                {"destination": {"host": "db2.shop.svc.cluster.local"}, "weight": 0},
            ],
        }
    ]
    assert "http" not in virtual_service


def test_tcp_with_tls_terminated_at_the_gateway() -> None:
    gateway, virtual_service = specs(params(WEB, protocol="tcp", tls={"credential_name": "cert"}))
    assert gateway["servers"] == [
        {
            "port": {"number": 443, "name": "tls", "protocol": "TLS"},
            "hosts": ["shop.example.com"],
            "tls": {"mode": "SIMPLE", "credentialName": "cert"},
        }
    ]
    assert virtual_service["tcp"] == [{"match": [{"port": 443}], **TO_WEB}]


@pytest.mark.parametrize("protocol", ["http", "tcp"])
def test_tls_passthrough_to_weighted_destinations(protocol: str) -> None:
    destinations = [{"service": "web", "weight": 9}, {"service": "web", "subset": "next", "weight": 1}]
    _gateway, virtual_service = specs(
        params({"destinations": destinations}, protocol=protocol, tls={"mode": "passthrough"})
    )
    host = "web.shop.svc.cluster.local"
    assert virtual_service["tls"] == [
        {
            "match": [{"sniHosts": ["shop.example.com"]}],
            "route": [
                {"destination": {"host": host}, "weight": 9},
                {"destination": {"host": host, "subset": "next"}, "weight": 1},
            ],
        }
    ]


def test_server_spec_is_merged_into_the_server_of_the_hosts() -> None:
    options = params(
        WEB,
        gateway={
            "selector": {"istio": "public"},
            "server_spec": {"tls": {"cipherSuites": ["A"], "credentialName": "b"}},
        },
        tls={"credential_name": "a", "redirect": True},
    )
    gateway, _virtual_service = specs(options)
    assert gateway["servers"][0]["tls"] == {"mode": "SIMPLE", "credentialName": "b", "cipherSuites": ["A"]}
    assert "tls" not in gateway["servers"][1]


def test_subsets_become_a_destination_rule_per_service_before_the_virtual_service() -> None:
    subsets = [
        {"service": "web", "name": "v1", "labels": {"version": 1}},
        {"service": "api", "name": "v1", "labels": {"version": "1"}},
        {"service": "web", "name": "v2", "labels": {"version": "2", "zone": "a"}},
    ]
    gateway, web, api, virtual_service = manifests(parse(params(WEB, subsets=subsets, labels={"team": "shop"})))
    assert (gateway["kind"], virtual_service["kind"]) == ("Gateway", "VirtualService")
    assert (web["apiVersion"], web["kind"]) == ("networking.istio.io/v1", "DestinationRule")
    assert web["metadata"] == {**virtual_service["metadata"], "name": "shop-web"}
    assert web["spec"] == {
        "host": "web.shop.svc.cluster.local",
        "subsets": [
            {"name": "v1", "labels": {"version": "1"}},
            {"name": "v2", "labels": {"version": "2", "zone": "a"}},
        ],
    }
    assert api["metadata"]["name"] == "shop-api"
    attached = manifests(parse(params(WEB, subsets=subsets, gateway={"existing": "front"})))
    assert [manifest["kind"] for manifest in attached] == ["DestinationRule", "DestinationRule", "VirtualService"]
