# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exposures with `wait`: when the task ends, the real Envoy serves them; and if it does not, the task says why."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure
from cluster.pki import KeyPair, ensure_ca, ensure_certificate
from cluster.ports import host_address
from cluster.testing import Cluster
from support.run_module import Outcome, run_module
from support.tls_secrets import put_secret, serial_of

Expose = Callable[..., Outcome]
PODS = "istio-ingress"
PUBLIC, INTERNAL = {"selector": {"istio": "public"}}, {"selector": {"istio": "internal"}}


@pytest.fixture
def host(namespace: str) -> str:
    """A host of this test alone."""
    return f"{namespace}.example.com"


@pytest.fixture(autouse=True)
def backends(istio: Cluster, namespace: str, host: str) -> None:
    """Real servers behind `web` (HTTP on 80) and `secure` (its own certificate, on 443), and none behind `nobody`."""
    for name, protocol, port in (("web", "http", 80), ("secure", "https", 443), ("nobody", "http", 80)):
        real = {"embedded.gatehouse.istio/backend": "true", "embedded.gatehouse.istio/hosts": host}
        annotations = {} if name == "nobody" else real
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
    """Runs istio_exposure for `shop` and waits; keywords change the smallest options."""

    def run(check: bool = False, **changes: Any) -> Outcome:
        options = {
            "name": "shop",
            "namespace": namespace,
            "hosts": [host],
            "service": "web",
            "port": 80,
            "gateway": PUBLIC,
            "wait": True,
            "wait_timeout": 20,
            "kubeconfig": str(istio.kubeconfig),
            **changes,
        }
        return run_module(istio_exposure.main, options, check)

    return run


@pytest.fixture
def credential(istio: Cluster, namespace: str, host: str) -> str:
    """The name of a Secret with a certificate for the host, where the gateways' pods are."""
    put_secret(istio, namespace, istio.certificate(host))
    return namespace


@pytest.fixture
def application(istio: Cluster, namespace: str) -> Iterator[None]:
    """A server behind the Service `real` that answers with the status that is its path, and with an empty body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(int(self.path[1:]))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    address = host_address()
    labels = {"kubernetes.io/service-name": "real"}
    with ThreadingHTTPServer((address, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ports = [{"name": "http", "port": 80}]
        metadata = {"name": "real", "namespace": namespace}
        istio.apply(
            {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": ports}},
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {**metadata, "labels": labels},
                "addressType": "IPv4",
                "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
                "ports": [{"name": "http", "port": server.server_port}],
            },
        )
        yield
        server.shutdown()


def done(outcome: Outcome) -> Outcome:
    assert not outcome.failed, outcome.message
    return outcome


def served(outcome: Outcome) -> list[tuple[str, int | None]]:
    return [(entry["url"], entry["status"]) for entry in done(outcome).result["served"]]


def routes_to_api_only() -> dict[str, Any]:
    match = [{"uri": {"prefix": "/api/"}}]
    return {
        "service": None,
        "port": None,
        "routes": [{"match": match, "destinations": [{"service": "web", "port": 80}]}],
    }


def test_http_is_served_when_the_task_ends(istio: Cluster, expose: Expose, host: str) -> None:
    entry = {"url": f"http://{host}/", "address": istio.gateway_address(), "port": 80, "status": 200}
    assert done(expose()).result["served"] == [entry]
    assert istio.request(f"http://{host}/").status == 200
    again = done(expose())
    assert (again.changed, again.result["served"]) == (False, [entry])
    assert "served" not in done(expose(wait=False)).result
    assert "served" not in done(expose(state="absent")).result


def test_https_is_served_with_the_secrets_certificate_and_http_redirects(
    istio: Cluster, expose: Expose, credential: str, host: str
) -> None:
    outcome = expose(tls={"credential_name": credential, "redirect": True})
    assert served(outcome) == [(f"https://{host}/", 200), (f"http://{host}/", 301)]
    https, redirect = outcome.result["served"]
    first = serial_of(istio.certificate(host))
    assert int(https["certificate"]["serial"], 16) == first
    assert redirect["location"] == f"https://{host}/"

    # A renewed certificate, in the same Secret.
    put_secret(istio, credential, istio.certificate(host, f"www.{host}"))
    renewed = done(expose(tls={"credential_name": credential, "redirect": True}))
    assert not renewed.changed
    second = serial_of(istio.certificate(host, f"www.{host}"))
    assert first != second == int(renewed.result["served"][0]["certificate"]["serial"], 16)


def test_a_given_ca_is_what_the_certificate_is_verified_against(
    istio: Cluster, expose: Expose, credential: str, host: str, tmp_path: Path
) -> None:
    trusted = {"ca_cert": str(istio.layout.ca_certificate)}
    assert served(expose(tls={"credential_name": credential}, probe=trusted)) == [(f"https://{host}/", 200)]
    other = KeyPair(tmp_path / "other.crt", tmp_path / "other.key")
    ensure_ca(other, "other")
    refused = expose(tls={"credential_name": credential}, probe={"ca_cert": str(other.certificate)}, wait_timeout=1)
    assert f"the certificate is not valid for {host}: " in refused.message
    absent = expose(tls={"credential_name": credential}, probe={"ca_cert": "/nowhere.pem"})
    assert (
        absent.message == "probe.ca_cert (/nowhere.pem): it cannot be used as PEM file: No such file or directory. "
        "Nothing was changed."
    )


def test_passthrough_shows_the_services_own_certificate(istio: Cluster, expose: Expose, host: str) -> None:
    options: dict[str, Any] = {"service": "secure", "port": 443, "tls": {"mode": "passthrough", "redirect": True}}
    outcome = expose(**options, probe={"ca_cert": str(istio.layout.ca_certificate)})
    assert served(outcome) == [(f"https://{host}/", None), (f"http://{host}/", 301)]
    assert "certificate" in outcome.result["served"][0]
    nobody = expose(service="nobody", tls={"mode": "passthrough"}, wait_timeout=2)
    where = f"https://{host}/ through {istio.gateway_address()}:443"
    assert f"Not served after 2 s: {where}: the TLS handshake is broken off (" in nobody.message


def test_mutual_tls_is_asked_as_far_as_the_probe_gets(
    istio: Cluster, expose: Expose, credential: str, host: str, tmp_path: Path
) -> None:
    authority, client = (KeyPair(tmp_path / f"{name}.crt", tmp_path / f"{name}.key") for name in ("ca", "client"))
    ensure_ca(authority, "partners")
    ensure_certificate(client, authority, "client")
    pem = authority.certificate.read_text()
    tls = {"mode": "mutual", "credential_name": credential, "client_ca": {"pem": pem}}
    without = expose(tls=tls)
    assert served(without) == [(f"https://{host}/", None)]
    serial = without.result["served"][0]["certificate"]["serial"]
    assert int(serial, 16) == serial_of(istio.certificate(host))
    pair = {"client_cert": str(client.certificate), "client_key": str(client.key)}
    assert served(expose(tls=tls, probe=pair)) == [(f"https://{host}/", 200)]
    done(expose(state="absent"))


def test_of_a_wildcard_a_made_up_name_is_asked_for(expose: Expose, host: str) -> None:
    outcome = expose(hosts=[host, f"*.{host}"])
    assert served(outcome) == [(f"http://{host}/", 200), (f"http://gatehouse-probe.{host}/", 200)]


def test_what_is_asked_and_what_is_expected(istio: Cluster, expose: Expose, host: str) -> None:
    assert served(expose(**routes_to_api_only())) == [(f"http://{host}/api/", 200)]
    asked = {"path": "/api/x?y", "method": "HEAD", "status": [200, 201], "headers": {"X-Test": "a"}}
    assert served(expose(**routes_to_api_only(), probe=asked)) == [(f"http://{host}/api/x?y", 200)]
    outcome = expose(**routes_to_api_only(), probe={"status": [201, 204]}, wait_timeout=1)
    where = f"http://{host}/api/ through {istio.gateway_address()}:80"
    assert f"Not served after 1 s: {where}: it answers 200, and not 201 or 204." in outcome.message


def test_every_given_address_is_asked(istio: Cluster, expose: Expose, host: str) -> None:
    addresses = [istio.gateway_address("public"), istio.gateway_address("internal")]
    done(expose(name="inside", hosts=[f"inside-{host}"], gateway=INTERNAL))
    outcome = expose(probe={"addresses": addresses}, wait_timeout=2)
    assert (
        f"http://{host}/ through {addresses[1]}:80: the gateway itself answers 404, as it does not have a route for "
        "this host"
    ) in outcome.message
    assert addresses[0] not in outcome.message
    assert served(expose(probe={"addresses": addresses[:1], "http_port": 80})) == [(f"http://{host}/", 200)]
    nobody = expose(probe={"addresses": ["127.0.0.1"], "http_port": 1}, wait_timeout=1)
    assert f"http://{host}/ through 127.0.0.1:1: no answer (Connection refused)." in nobody.message


def test_what_is_not_served_in_time_is_said(istio: Cluster, expose: Expose, host: str) -> None:
    namespace, address = host.partition(".")[0], istio.gateway_address()
    started = time.monotonic()
    lost = expose(gateway={"selector": {"istio": "nobody"}}, wait_timeout=1)
    assert 1 <= time.monotonic() - started < 15
    assert lost.message == (
        f"Not served after 1 s: http://{host}/: no running pod has the labels istio=nobody, so no gateway serves it. "
        f"Already done: Gateway {namespace}/shop created, VirtualService {namespace}/shop created. "
        "Run the task again to finish it."
    )
    assert lost.changed
    assert lost.actions == [f"created Gateway {namespace}/shop", f"created VirtualService {namespace}/shop"]

    port = expose(gateway={**PUBLIC, "http_port": 8888}, wait_timeout=1)
    assert f"http://{host}:8888/: the gateway's Service {PODS}/public does not have port 8888" in port.message
    path = expose(**routes_to_api_only(), probe={"path": "/other"}, wait_timeout=1)
    assert (
        f"http://{host}/other through {address}:80: the gateway itself answers 404, as it does not have a route for "
        "this host "
        "and path."
    ) in path.message
    backend = expose(service="nobody", wait_timeout=2)
    assert (
        f"http://{host}/ through {address}:80: the gateway itself answers 503 (no healthy upstream), as it does not "
        "reach an endpoint of the route's destination."
    ) in backend.message
    service = expose(service="missing", wait_timeout=2)
    assert f"http://{host}/ through {address}:80: the gateway itself answers 503" in service.message
    secret = expose(tls={"credential_name": f"{namespace}-missing"}, wait_timeout=2)
    assert f"https://{host}/ through {address}:443: " in secret.message
    assert (
        f"; Secret {PODS}/{namespace}-missing, from which the gateway takes its certificate, does not exist."
    ) in secret.message
    assert "Not served after 2 s: " in secret.message


def test_a_service_without_an_address_is_said(istio: Cluster, expose: Expose, namespace: str, host: str) -> None:
    labels = {"gateway": namespace}
    container = {"name": "istio-proxy", "image": "auto"}
    istio.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "gateway", "namespace": namespace, "labels": labels},
            "spec": {"containers": [container]},
        }
    )
    alone = expose(gateway={"selector": labels}, wait_timeout=1)
    assert (
        f"no Service in the namespace {namespace} selects the gateway's pods, so it is not known how clients reach it; "
        "if it does not have one, give probe.addresses." in alone.message
    )
    istio.apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "gateway", "namespace": namespace},
            "spec": {
                "type": "LoadBalancer",
                "selector": labels,
                "ports": [{"port": 80}],
                "loadBalancerClass": "no/one",
            },
        }
    )
    waiting = expose(gateway={"selector": labels}, wait_timeout=1)
    assert f"http://{host}/: the gateway's Service {namespace}/gateway does not have an address yet." in waiting.message


def test_nothing_waits_in_check_mode(expose: Expose) -> None:
    started = time.monotonic()
    options: dict[str, Any] = {"gateway": {"selector": {"istio": "nobody"}}, "probe": {"ca_cert": "/nowhere.pem"}}
    assert "served" not in done(expose(check=True, **options)).result
    assert time.monotonic() - started < 10, "and not the twenty seconds of wait_timeout"


def test_a_gateway_that_the_exposure_leaves_goes_only_when_the_new_one_is_served(
    istio: Cluster, expose: Expose, namespace: str, host: str
) -> None:
    done(expose())
    nowhere = {"selector": {"istio": "nobody"}, "name": "inside"}
    stuck = expose(gateway=nowhere, wait_timeout=1)
    assert stuck.message.endswith(
        f"Already done: VirtualService {namespace}/shop updated, Gateway {namespace}/inside created. "
        f"Not removed: Gateway {namespace}/shop. Run the task again to finish it."
    )
    assert istio.kubectl("get", "gateways.networking.istio.io", "shop", "-n", namespace)
    moved = done(expose(gateway={**INTERNAL, "name": "inside"}))
    assert moved.actions[-1] == f"deleted Gateway {namespace}/shop"
    assert moved.result["served"][0]["address"] == istio.gateway_address("internal")
    assert istio.request(f"http://{host}/", gateway="internal").status == 200


def test_a_gateway_on_the_same_pods_goes_first_as_it_keeps_the_new_one_from_being_served(
    istio: Cluster, expose: Expose, credential: str, namespace: str, host: str
) -> None:
    done(expose(tls={"credential_name": credential}))
    put_secret(istio, f"{credential}-new", istio.certificate(host, f"www.{host}"))
    # Of Gateways of one second, istiod takes the name that comes first in the alphabet for the older one.
    tls = {"credential_name": f"{credential}-new", "redirect": True}
    outcome = expose(gateway={**PUBLIC, "name": "shop-renamed"}, tls=tls)
    assert served(outcome) == [(f"https://{host}/", 200), (f"http://{host}/", 301)]
    assert outcome.actions == [
        f"created Gateway {namespace}/shop-renamed",
        f"updated VirtualService {namespace}/shop",
        f"deleted Gateway {namespace}/shop",
    ]


@pytest.mark.usefixtures("application")
def test_an_applications_own_error_is_served(expose: Expose) -> None:
    for status in (404, 503):
        entry, *more = done(expose(service="real", probe={"path": f"/{status}"})).result["served"]
        assert (entry["status"], more) == (status, [])


def test_a_route_that_answers_by_itself_is_served(expose: Expose, host: str) -> None:
    for path, status in (("/", 404), ("/", 503), ("/v1", 503)):
        routes = [{"match": [{"uri": {"exact": path}}], "direct_response": {"status": status}}]
        outcome = expose(service=None, port=None, routes=routes, wait_timeout=8)
        assert served(outcome) == [(f"http://{host}{path}", status)]


def test_somebody_elses_gateway_is_asked_as_it_is(istio: Cluster, expose: Expose, namespace: str, host: str) -> None:
    shared: dict[str, Any] = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "shared", "namespace": namespace},
        "spec": {
            "selector": {"istio": "internal"},
            "servers": [
                {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": [f"*.{host}"]},
            ],
        },
    }
    istio.apply(shared)
    attached = {"gateway": {"existing": "shared"}}
    unchecked = {"checks": {"host-not-on-gateway": "ignore"}}
    refused = expose(**attached, **unchecked, hosts=[f"a.{host}", "elsewhere.example.org"])
    assert refused.message == (
        f"wait: no server of Gateway {namespace}/shared has the host elsewhere.example.org, so it would never be "
        "served; add it there, correct hosts, or set probe.enabled: false. Nothing was changed."
    )
    assert istio.kubectl("get", "virtualservices.networking.istio.io", "-n", namespace)["items"] == []
    outcome = expose(**attached, hosts=[f"a.{host}"])
    assert served(outcome) == [(f"http://a.{host}/", 200)]
    assert outcome.result["served"][0]["address"] == istio.gateway_address("internal")

    everywhere = {**shared, "metadata": {"name": "everywhere", "namespace": namespace}}
    istio.apply({**everywhere, "spec": {"servers": shared["spec"]["servers"]}})
    asked: dict[str, Any] = {"gateway": {"existing": "everywhere"}, "hosts": [f"a.{host}"]}
    unknown = expose(**asked)
    assert unknown.message.startswith(
        "wait: the Gateway does not have a selector, so it is not known which pods serve it;"
    )
    addresses = {"addresses": [istio.gateway_address()]}
    assert served(expose(**asked, probe=addresses)) == [(f"http://a.{host}/", 200)]


def test_a_probe_can_be_left_out(expose: Expose) -> None:
    assert served(expose(gateway={"selector": {"istio": "nobody"}}, probe={"enabled": False})) == []
