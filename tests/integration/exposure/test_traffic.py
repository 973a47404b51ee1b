# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exposures as clients meet them: real requests through the real Envoys of the public and the internal gateway."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import ProbeResult
from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure
from cluster.testing import Cluster, eventually
from support.run_module import Outcome, run_module

Expose = Callable[..., Outcome]
PUBLIC, INTERNAL = {"selector": {"istio": "public"}}, {"selector": {"istio": "internal"}}


@pytest.fixture
def host(namespace: str) -> str:
    """A host of this test alone."""
    return f"{namespace}.example.com"


@pytest.fixture(autouse=True)
def backends(istio: Cluster, namespace: str, host: str) -> None:
    """Real servers behind the Services `web` and `api` (HTTP on 80) and `secure` (its own certificate, on 443)."""
    ports = {"web": ("http", 80), "api": ("http", 80), "secure": ("https", 443)}
    for name, (protocol, port) in ports.items():
        annotations = {"embedded.gatehouse.istio/backend": "true", "embedded.gatehouse.istio/hosts": host}
        istio.apply(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
                "spec": {"ports": [{"name": protocol, "port": port}]},
            }
        )


@pytest.fixture
def expose(istio: Cluster, namespace: str, host: str) -> Expose:
    """Runs istio_exposure for `shop`; keywords change the smallest options. A failure ends the test."""

    def run(**changes: Any) -> Outcome:
        options = {
            "name": "shop",
            "namespace": namespace,
            "hosts": [host],
            "service": "web",
            "port": 80,
            "gateway": PUBLIC,
            "kubeconfig": str(istio.kubeconfig),
            **changes,
        }
        outcome = run_module(istio_exposure.main, options)
        assert not outcome.failed, outcome.message
        return outcome

    return run


@pytest.fixture
def credential(istio: Cluster, namespace: str, host: str) -> str:
    """The name of a Secret with a certificate for the host, where the gateways' pods are."""
    paths = istio.certificate(host)

    def encoded(path: Path) -> str:
        return base64.b64encode(path.read_bytes()).decode()

    istio.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {"name": namespace, "namespace": "istio-ingress"},
            "data": {"tls.crt": encoded(paths.crt), "tls.key": encoded(paths.key)},
        }
    )
    return namespace


@pytest.fixture
def answers(istio: Cluster) -> Callable[..., ProbeResult]:
    """Asks until the answer has the status (None: no answer at all) and comes from the backend, if one is given."""

    def ask(url: str, status: int | None, backend: str | None = None, gateway: str = "public") -> ProbeResult:
        def check() -> ProbeResult:
            result = istio.request(url, gateway=gateway)
            assert result.status == status, result
            assert backend is None or result.headers.get("x-backend") == backend, result
            return result

        return eventually(check, seconds=15)

    return ask


@pytest.fixture
def unserved(istio: Cluster) -> Callable[..., None]:
    """Waits until the URL is not served: 404, or no answer when no other host uses the port."""

    def ask(url: str, gateway: str = "public") -> None:
        def check() -> None:
            result = istio.request(url, gateway=gateway)
            assert result.status in (404, None), result

        eventually(check, seconds=15)

    return ask


def test_http(expose: Expose, answers: Callable[..., ProbeResult], namespace: str, host: str) -> None:
    expose()
    answers(f"http://{host}/", 200, f"{namespace}/web/http")
    answers("http://somebody-elses.example.com/", 404)
    expose(name="inside", hosts=[f"inside-{host}"], gateway=INTERNAL)
    answers(f"http://inside-{host}/", 200, gateway="internal")
    answers(f"http://{host}/", 404, gateway="internal")


def test_https_with_redirect(
    expose: Expose, answers: Callable[..., ProbeResult], credential: str, namespace: str, host: str
) -> None:
    outcome = expose(tls={"credential_name": credential, "redirect": True})
    assert outcome.result["urls"] == [f"https://{host}/"]
    served = answers(f"https://{host}/", 200, f"{namespace}/web/http")
    assert served.certificate is not None
    assert served.certificate.sans == (host,)
    redirected = answers(f"http://{host}/a?b=c", 301)
    assert redirected.location == f"https://{host}/a?b=c"


def test_a_redirect_takes_paths_with_routes_of_their_own(
    expose: Expose, answers: Callable[..., ProbeResult], credential: str, namespace: str, host: str
) -> None:
    """istiod puts routes with a path before others, which must not bring them before the redirect."""
    expose(
        service=None,
        port=None,
        tls={"credential_name": credential, "redirect": True},
        routes=[
            {"match": [{"uri": {"exact": "/api"}}], "destinations": [{"service": "api", "port": 80}]},
            {"match": [{"uri": {"prefix": "/v1/"}}], "destinations": [{"service": "api", "port": 80}]},
            {"destinations": [{"service": "web", "port": 80}]},
        ],
    )
    for path in ("/api", "/v1/x"):
        answers(f"https://{host}{path}", 200, f"{namespace}/api/http")
        assert answers(f"http://{host}{path}", 301).location == f"https://{host}{path}"


def test_a_removed_option_no_longer_acts(
    expose: Expose,
    answers: Callable[..., ProbeResult],
    unserved: Callable[..., None],
    credential: str,
    host: str,
) -> None:
    expose(tls={"credential_name": credential, "redirect": True})
    answers(f"http://{host}/", 301)
    expose(tls={"credential_name": credential})
    answers(f"https://{host}/", 200)
    unserved(f"http://{host}/")


def test_the_oldest_accepted_tls_version(
    istio: Cluster, expose: Expose, answers: Callable[..., ProbeResult], credential: str, host: str
) -> None:
    expose(tls={"credential_name": credential})
    answers(f"https://{host}/", 200)
    assert tls_version(istio, host, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    expose(tls={"credential_name": credential, "min_protocol_version": "TLSV1_3"})

    def refused() -> None:
        assert tls_version(istio, host, ssl.TLSVersion.TLSv1_2) is None

    eventually(refused, seconds=15)
    assert tls_version(istio, host, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"


def tls_version(istio: Cluster, host: str, newest: ssl.TLSVersion) -> str | None:
    """What the public gateway agrees on with a client that knows no newer version; None if it refuses the client."""
    context = ssl.create_default_context(cafile=str(istio.layout.ca_certificate))
    context.maximum_version = newest
    address = istio.gateway_address("public")
    with socket.create_connection((address, 443), timeout=5) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=host) as encrypted:
                return encrypted.version()
        except ssl.SSLError as error:
            if error.reason != "TLSV1_ALERT_PROTOCOL_VERSION":
                raise
            return None


def test_passthrough(expose: Expose, answers: Callable[..., ProbeResult], namespace: str, host: str) -> None:
    expose(service="secure", port=443, tls={"mode": "passthrough", "redirect": True})
    served = answers(f"https://{host}/", 200, f"{namespace}/secure/https")
    assert served.certificate is not None
    assert host in served.certificate.sans
    assert answers(f"http://{host}/", 301).location == f"https://{host}/"


def test_routes(expose: Expose, answers: Callable[..., ProbeResult], namespace: str, host: str) -> None:
    web, api = f"{namespace}/web/http", f"{namespace}/api/http"
    to_api, to_web = [{"service": "api", "port": 80}], [{"service": "web", "port": 80}]
    expose(
        service=None,
        port=None,
        routes=[
            {"match": [{"uri": {"exact": "/api/not"}}], "destinations": to_web},
            {"match": [{"uri": {"prefix": "/api/"}}, {"uri": {"regex": "/v[0-9]+"}}], "destinations": to_api},
            {"destinations": to_web},
        ],
    )
    for path, backend in {"/": web, "/api/x": api, "/api/not": web, "/v12": api, "/v": web}.items():
        answers(f"http://{host}{path}", 200, backend)


def test_weights(
    expose: Expose, answers: Callable[..., ProbeResult], istio: Cluster, namespace: str, host: str
) -> None:
    destinations = [{"service": "web", "port": 80, "weight": 0}, {"service": "api", "port": 80, "weight": 1}]
    expose(service=None, port=None, routes=[{"destinations": destinations}])
    answers(f"http://{host}/", 200)
    seen = {istio.request(f"http://{host}/", gateway="public").headers["x-backend"] for _attempt in range(20)}
    assert seen == {f"{namespace}/api/http"}


def test_a_gateway_of_another_namespace(
    istio: Cluster, expose: Expose, answers: Callable[..., ProbeResult], namespace: str, host: str
) -> None:
    shared = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": namespace, "namespace": "istio-ingress"},
        "spec": {
            "selector": {"istio": "internal"},
            "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": [host]}],
        },
    }
    istio.apply(shared)
    try:
        outcome = expose(gateway={"existing": f"istio-ingress/{namespace}"})
        assert outcome.result["urls"] == [f"http://{host}/"]
        answers(f"http://{host}/", 200, f"{namespace}/web/http", gateway="internal")
    finally:
        istio.kubectl("delete", "gateways.networking.istio.io", namespace, "-n", "istio-ingress")


def test_a_move_from_one_gateway_to_the_other(
    expose: Expose, answers: Callable[..., ProbeResult], unserved: Callable[..., None], namespace: str, host: str
) -> None:
    expose()
    answers(f"http://{host}/", 200)
    assert expose(gateway={**INTERNAL, "name": "inside"}).changed
    answers(f"http://{host}/", 200, f"{namespace}/web/http", gateway="internal")
    unserved(f"http://{host}/")


def test_what_is_withdrawn_is_no_longer_served(expose: Expose, answers: Callable[..., ProbeResult], host: str) -> None:
    expose(name="stays", hosts=[f"stays-{host}"])
    expose()
    answers(f"http://{host}/", 200)
    expose(state="absent")
    answers(f"http://{host}/", 404)
    answers(f"http://stays-{host}/", 200)
