# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Matches that get nothing: found, and seen to take none."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import ProbeResult
from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure_info
from cluster.testing import Cluster, eventually
from support.run_module import Outcome, run_module


@pytest.mark.parametrize(
    "match",
    [
        {"uri": {"prefix": "api"}},
        {"uri": {"exact": "/?a=1"}},
        {"method": {"exact": "get"}},
        {"authority": {"exact": "other.example.com"}},
        {"headers": {"@request.auth.claims.groups": {"exact": "admin"}}},
    ],
    ids=lambda match: next(iter(match)),
)
def test_a_match_that_takes_no_request(
    expose: Callable[..., Outcome], answers: Callable[..., ProbeResult], namespace: str, match: dict[str, Any]
) -> None:
    host = f"a.{namespace}.test"
    destinations = [{"service": "web", "port": 80}]
    routes = [{"match": [{"uri": {"prefix": "/right"}}], "destinations": destinations}]
    routes.append({"spec": {"match": [match]}, "destinations": destinations})
    outcome = expose("shop", host, service=None, port=None, routes=routes)
    assert not outcome.failed, outcome.message
    assert [finding["code"] for finding in outcome.result["findings"]] == ["match-never-fulfilled"]
    answers(f"http://{host}/right", 200, "web")
    for path in ("/", "/api", "/?a=1"):
        answers(f"http://{host}{path}", 404)


def test_a_host_that_is_passed_on_twice(istio: Cluster, service: Callable[..., None], namespace: str) -> None:
    """The first rule for a name counts, and istiod leaves out the later one with all its names."""
    names = [both, alone] = [f"{name}.{namespace}.test" for name in ("both", "alone")]
    for name in ("db", "cache"):
        annotations = {"embedded.gatehouse.istio/hosts": f"*.{namespace}.test"}
        service(name, served=True, annotations=annotations, ports=[{"name": "tls", "port": 443}])
    port = {"number": 443, "name": "tls", "protocol": "TLS"}
    server = {"port": port, "hosts": [f"*.{namespace}.test"], "tls": {"mode": "PASSTHROUGH"}}
    istio.apply(by_hand("Gateway", namespace, {"selector": {"istio": "internal"}, "servers": [server]}))

    def serve(*rules: tuple[str, list[str]]) -> list[str]:
        """Each rule is a Service and its names. Returns what is found."""
        tls = [
            {"match": [{"sniHosts": hosts}], "route": [{"destination": {"host": name, "port": {"number": 443}}}]}
            for name, hosts in rules
        ]
        istio.apply(by_hand("VirtualService", namespace, {"hosts": names, "gateways": ["front"], "tls": tls}))
        options = {"namespace": namespace, "include_foreign": True, "kubeconfig": str(istio.kubeconfig)}
        (entry,) = run_module(istio_exposure_info.main, options).result["exposures"]
        return [finding["code"] for finding in entry["findings"]]

    def are(*answers: str) -> None:
        assert [first_line(istio, name) for name in names] == list(answers)

    db, cache = f"{namespace}/db/tls", f"{namespace}/cache/tls"
    assert serve(("db", [both]), ("cache", [both, alone])) == ["route-behind-wider"]
    eventually(lambda: are(db, "reset"), seconds=15)
    assert serve(("db", [both]), ("cache", [alone])) == []
    eventually(lambda: are(db, cache), seconds=15)


def test_two_routes_for_connections(istio: Cluster, service: Callable[..., None], namespace: str) -> None:
    """All connections go to the first one."""
    for name in ("db", "cache"):
        service(name, served=True, ports=[{"name": "tcp", "port": 80}])
    server = {"port": {"number": 443, "name": "tcp", "protocol": "TCP"}, "hosts": ["*"]}
    istio.apply(by_hand("Gateway", namespace, {"selector": {"istio": "internal"}, "servers": [server]}))

    def serve(*names: str) -> list[str]:
        tcp = [{"route": [{"destination": {"host": name, "port": {"number": 80}}}]} for name in names]
        istio.apply(by_hand("VirtualService", namespace, {"hosts": ["*"], "gateways": ["front"], "tcp": tcp}))
        options = {"namespace": namespace, "include_foreign": True, "kubeconfig": str(istio.kubeconfig)}
        (entry,) = run_module(istio_exposure_info.main, options).result["exposures"]
        return [finding["code"] for finding in entry["findings"]]

    def answers(text: str) -> None:
        try:
            with socket.create_connection((istio.gateway_address("internal"), 443), timeout=5) as plain:
                line = plain.recv(100).decode().strip()
        except OSError:
            line = "reset"
        assert line == text

    assert serve("db", "cache") == ["route-behind-wider"]
    eventually(lambda: answers(f"{namespace}/db/tcp"), seconds=15)
    assert serve("cache") == []
    eventually(lambda: answers(f"{namespace}/cache/tcp"), seconds=15)


def by_hand(kind: str, namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": "front", "namespace": namespace}
    return {"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


def first_line(istio: Cluster, name: str) -> str:
    context = ssl.create_default_context(cafile=str(istio.layout.ca_certificate))
    try:
        with (
            socket.create_connection((istio.gateway_address("internal"), 443), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname=name) as encrypted,
        ):
            return encrypted.recv(100).decode().strip()
    except OSError:
        return "reset"
