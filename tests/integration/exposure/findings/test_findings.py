# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every check of level error against the real Envoy: it stops the mistake; with the check off, what it says breaks."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes import client
from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import ProbeResult
from cluster.testing import Cluster, eventually
from support.http2_client import statuses
from support.run_module import Outcome

INTERNAL = {"selector": {"istio": "internal"}}
Expose = Callable[..., Outcome]
Answers = Callable[..., ProbeResult]
Credential = Callable[..., str]


def done(outcome: Outcome) -> Outcome:
    assert not outcome.failed, outcome.message
    return outcome


def gateway(name: str, namespace: str, server: dict[str, Any]) -> dict[str, Any]:
    """A Gateway by hand."""
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": INTERNAL["selector"], "servers": [server]},
    }


def test_host_served_twice(
    expose: Expose, wrong: Expose, answers: Answers, credential: Credential, namespace: str
) -> None:
    """The newer server is dropped with all its hosts."""
    first, second = f"a.{namespace}.test", f"b.{namespace}.test"
    done(expose("first", first, tls={"credential_name": credential("first", first)}))
    answers(f"https://{first}/", 200, "web")
    both = {"tls": {"credential_name": credential("both", second)}, "service": "api"}
    refused = wrong("host-served-twice", "second", second, first, **both)
    assert refused.message.startswith(f"hosts[1]: Gateway {namespace}/first, servers[0] already serves {first}")
    answers(f"https://{first}/", 200, "web")
    answers(f"https://{second}/", None)
    done(expose("second", second, **both))
    answers(f"https://{second}/", 200, "api")
    # What is the other's fault does not stop the older one, but the older one may not take the newer one's host.
    done(expose("first", first, service="api", tls={"credential_name": f"{namespace}-first"}))
    taken = expose("first", first, second, tls={"credential_name": f"{namespace}-first"})
    assert "this exposure's Gateway is the older one of two" in taken.message


def test_port_taken(expose: Expose, wrong: Expose, answers: Answers, credential: Credential, namespace: str) -> None:
    """A port that has a server of plain HTTP has no room for TLS."""
    first, second = f"a.{namespace}.test", f"b.{namespace}.test"
    done(expose("first", first))
    answers(f"http://{first}/", 200)
    ports = {**INTERNAL, "http_port": 8080, "https_port": 80}
    options = {"gateway": ports, "tls": {"credential_name": credential("second", second)}}
    wrong("port-taken", "second", second, **options)
    answers(f"https://{second}:80/", None)
    answers(f"http://{first}/", 200)


@pytest.mark.parametrize("written", ["with a namespace", "with every address"])
def test_sni_twice(
    istio: Cluster,
    expose: Expose,
    wrong: Expose,
    answers: Answers,
    credential: Credential,
    namespace: str,
    written: str,
) -> None:
    """Envoy refuses the whole listener, so that later exposures are not served, until one of the two is gone."""
    first, second, later = (f"{name}.{namespace}.test" for name in ("a", "b", "c"))
    done(expose("first", first, tls={"credential_name": credential("first", first)}))
    answers(f"https://{first}/", 200)
    tls = {"mode": "SIMPLE", "credentialName": credential("second", second)}
    port = {"number": 443, "name": "https", "protocol": "HTTPS"}
    server: dict[str, Any] = {"port": port, "hosts": [second], "tls": tls}
    if written == "with a namespace":
        server["hosts"] = [f"{namespace}/{second}"]
    else:
        server["bind"] = "0.0.0.0"  # noqa: S104  (what the test is about)
    by_hand = gateway("by-hand", namespace, server)
    istio.apply(by_hand)
    wrong("sni-twice", "second", second, tls={"credential_name": f"{namespace}-second"})
    try:
        done(expose("later", later, tls={"credential_name": credential("later", later)}))
        answers(f"https://{later}/", None)
        answers(f"https://{first}/", 200)
    finally:
        istio.delete(by_hand)
    answers(f"https://{later}/", 200)


def test_tcp_beside_tls_for_every_host(
    expose: Expose, wrong: Expose, answers: Answers, credential: Credential, namespace: str
) -> None:
    """With plain TCP, which takes all connections, too, Envoy refuses the whole listener."""
    first, later = (f"{name}.{namespace}.test" for name in ("a", "b"))
    tls = {"credential_name": credential("first", first)}
    done(expose("first", "*", tls=tls))
    answers(f"https://{first}/", 200)
    tcp = {"protocol": "tcp", "tls": {"mode": "none"}, "gateway": {**INTERNAL, "tcp_port": 443}}
    refused = wrong("sni-twice", "second", "db.example.com", **tcp)
    assert "take all connections at the same port (443)" in refused.message
    done(expose("later", later))
    answers(f"http://{later}/", 200)  # by now Envoy has got it all
    answers(f"http://{first}:443/", None)
    done(expose("first", first, tls=tls))
    answers(f"http://{first}:443/", 200, "web")
    answers(f"https://{first}/", 200)


def test_certificate_on_two_servers(
    istio: Cluster, expose: Expose, wrong: Expose, answers: Answers, credential: Credential, namespace: str
) -> None:
    """A browser that has a connection for one host uses it for the other one, and gets 404."""
    first, second = f"a.{namespace}.test", f"b.{namespace}.test"
    tls = {"credential_name": credential("wildcard", f"*.{namespace}.test")}
    done(expose("first", first, tls=tls))
    wrong("certificate-on-two-servers", "second", second, tls=tls)
    for host in (first, second):
        answers(f"https://{host}/", 200)
    address = istio.gateway_address("internal")
    authority = istio.layout.ca_certificate
    assert statuses(address, [first, second], authority) == [200, 404]
    assert statuses(address, [second, first], authority) == [200, 404]
    done(expose("second", second, state="absent"))
    done(expose("first", first, second, tls=tls))

    def served() -> None:
        assert statuses(address, [first, second], authority) == [200, 200]

    eventually(served, seconds=15)


def test_host_not_on_gateway(istio: Cluster, expose: Expose, wrong: Expose, answers: Answers, namespace: str) -> None:
    """A host that no server has is answered with 404; in check mode an earlier task may be about to add it."""
    first, second = f"a.{namespace}.test", f"b.{namespace}.test"
    port = {"number": 80, "name": "http", "protocol": "HTTP"}
    istio.apply(gateway("shared", namespace, {"port": port, "hosts": [first]}))
    done(expose("first", first, gateway={"existing": "shared"}))
    answers(f"http://{first}/", 200)
    predicted = done(expose("second", second, check=True, gateway={"existing": "shared"}))
    assert any("[host-not-on-gateway]" in str(warning) for warning in predicted.result["warnings"])
    wrong("host-not-on-gateway", "second", second, gateway={"existing": "shared"})
    answers(f"http://{second}/", 404)


def test_routes_shadowed(expose: Expose, wrong: Expose, answers: Answers, namespace: str) -> None:
    """Of two exposures that take all requests of a host, the older one gets them."""
    host = f"a.{namespace}.test"
    done(expose("first", host))
    answers(f"http://{host}/", 200, "web")
    wrong("routes-shadowed", "second", host, service="api")
    answers(f"http://{host}/", 200, "web")
    done(expose("first", host, state="absent"))
    answers(f"http://{host}/", 200, "api")


def test_redirect_loop(wrong: Expose, answers: Answers, namespace: str) -> None:
    """The answer is a redirect to where the request was sent."""
    host = f"a.{namespace}.test"
    routes = [{"match": [{"uri": {"prefix": "/"}}], "redirect": {"uri": "/app"}}]
    refused = wrong("redirect-loop", "shop", host, service=None, port=None, routes=routes)
    assert f"redirects requests to http://{host}/app, where it takes them again" in refused.message
    assert answers(f"http://{host}/app", 301).location == f"http://{host}/app"


def test_host_redirected(istio: Cluster, wrong: Expose, answers: Answers, namespace: str) -> None:
    """A server that redirects a host of its own does so for another one at the same port."""
    host, other = f"a.{namespace}.test", f"b.{namespace}.test"
    port = {"number": 80, "name": "http", "protocol": "HTTP"}
    server = {"port": port, "hosts": [host], "tls": {"httpsRedirect": True}}
    istio.apply(gateway("front", namespace, server))
    refused = wrong("host-redirected", "shop", host)
    assert refused.message.startswith(f"hosts[0]: Gateway {namespace}/front, servers[0] redirects all requests")
    answers(f"http://{host}/", 301)
    istio.apply(gateway("front", namespace, {**server, "hosts": [other]}))
    answers(f"http://{host}/", 200, "web")


def test_a_redirect_of_a_wildcard(istio: Cluster, expose: Expose, answers: Answers, namespace: str) -> None:
    """It is one for a host only if a VirtualService has the host from it."""
    host = f"a.{namespace}.test"
    port = {"number": 80, "name": "http", "protocol": "HTTP"}
    server = {"port": port, "hosts": [f"*.{namespace}.test"], "tls": {"httpsRedirect": True}}
    istio.apply(gateway("front", namespace, server))
    done(expose("shop", host))
    answers(f"http://{host}/", 200, "web")
    checks = {"no-route-for-host": False}
    refused = expose("other", host, gateway={"existing": "front"}, checks=checks)
    assert "[host-redirected]" in refused.message
    assert f"so VirtualService {namespace}/shop gets none" in refused.message
    done(expose("other", host, gateway={"existing": "front"}, checks={**checks, "host-redirected": False}))
    answers(f"http://{host}/", 301)


def test_server_shadowed(
    istio: Cluster, expose: Expose, wrong: Expose, answers: Answers, credential: Credential, namespace: str
) -> None:
    """Connections go to the server with the narrowest name, which has only its own routes."""
    host, name = f"a.b.{namespace}.test", f"*.b.{namespace}.test"
    tls = {"mode": "SIMPLE", "credentialName": credential("wide", host)}
    port = {"number": 443, "name": "https", "protocol": "HTTPS"}
    istio.apply(gateway("wide", namespace, {"port": port, "hosts": [f"*.{namespace}.test"], "tls": tls}))
    done(expose("shop", host, gateway={"existing": "wide"}))
    answers(f"https://{host}/", 200, "web")
    narrow = {"service": "api", "tls": {"credential_name": credential("narrow", name)}}
    refused = wrong("server-shadowed", "other", name, **narrow)
    assert f"there VirtualService {namespace}/other answers" in refused.message
    answers(f"https://{host}/", 200, "api")
    refused = expose("shop", host, service="api", gateway={"existing": "wide"})
    assert f"go to Gateway {namespace}/other, servers[0], which has a narrower name" in refused.message
    istio.kubectl("delete", "virtualservices.networking.istio.io", "other", "-n", namespace)
    answers(f"https://{host}/", 404)


def test_a_match_behind_a_wider_one_is_a_warning(expose: Expose, answers: Answers, namespace: str) -> None:
    """The route's other match gets its requests."""
    host = f"a.{namespace}.test"
    web, api = ([{"service": name, "port": 80}] for name in ("web", "api"))
    matches = [{"uri": {"exact": "/user/new"}}, {"uri": {"prefix": "/admin"}}]
    routes = [
        {"match": [{"uri": {"prefix": "/USER"}, "ignore_uri_case": True}], "destinations": web},
        {"match": matches, "destinations": api},
    ]
    made = done(expose("shop", host, service=None, port=None, routes=routes))
    found = [(each["code"], each["level"]) for each in made.result["findings"]]
    assert found == [("route-behind-wider", "warning")]
    assert "match[0] of http[1]" in made.result["findings"][0]["message"]
    answers(f"http://{host}/admin", 200, "api")
    answers(f"http://{host}/user/new", 200, "web")


def test_a_match_for_another_port_is_a_warning(expose: Expose, answers: Answers, namespace: str) -> None:
    host = f"a.{namespace}.test"
    matches = [{"uri": {"prefix": "/a"}, "port": 443}, {"uri": {"prefix": "/b"}}]
    routes = [{"match": matches, "destinations": [{"service": "web", "port": 80}]}]
    made = done(expose("shop", host, service=None, port=None, routes=routes))
    assert [(each["code"], each["level"]) for each in made.result["findings"]] == [("route-unused", "warning")]
    answers(f"http://{host}/b", 200, "web")
    answers(f"http://{host}/a", 404)


@pytest.mark.parametrize("mode", ["simple", "passthrough"])
def test_connections_shadowed(
    istio: Cluster, expose: Expose, wrong: Expose, credential: Credential, namespace: str, mode: str
) -> None:
    """All connections of one server go to the older one, or the younger one's rule is left out with all its hosts."""
    istio.apply(backend("db", namespace, "tls" if mode == "passthrough" else "tcp", f"*.{namespace}.test"))
    istio.apply(backend("cache", namespace, "tls" if mode == "passthrough" else "tcp", f"*.{namespace}.test"))
    names = [both, alone] = [f"{name}.{namespace}.test" for name in ("both", "alone")]
    tls = {"mode": mode.upper()}
    if mode == "simple":
        tls["credentialName"] = credential("wildcard", f"*.{namespace}.test")
    port = {"number": 443, "name": "tls", "protocol": "TLS"}
    istio.apply(gateway("front", namespace, {"port": port, "hosts": [f"*.{namespace}.test"], "tls": tls}))
    options = {"gateway": {"existing": "front"}, "protocol": "tcp", "tls": {"mode": mode}}
    done(expose("first", both, service="db", **options))
    hosts = names if mode == "passthrough" else [alone]
    refused = wrong("connections-shadowed", "second", *hosts, service="cache", **options)
    assert f"VirtualService {namespace}/first already takes" in refused.message
    context = ssl.create_default_context(cafile=str(istio.layout.ca_certificate))

    def first_line(name: str) -> str:
        try:
            with (
                socket.create_connection((istio.gateway_address("internal"), 443), timeout=5) as plain,
                context.wrap_socket(plain, server_hostname=name) as encrypted,
            ):
                return encrypted.recv(100).decode().strip()
        except OSError:
            return "reset"

    def are(*answers: str) -> None:
        assert [first_line(name) for name in names] == list(answers)

    db, cache = f"{namespace}/db/tcp", f"{namespace}/cache/tcp"
    if mode == "passthrough":
        db, cache = f"{namespace}/db/tls", f"{namespace}/cache/tls"
    eventually(lambda: are(db, "reset" if mode == "passthrough" else db), seconds=15)
    done(expose("first", both, state="absent"))
    eventually(lambda: are(cache, cache), seconds=15)


def backend(name: str, namespace: str, protocol: str, hosts: str) -> dict[str, Any]:
    annotations = {"embedded.gatehouse.istio/backend": "true", "embedded.gatehouse.istio/hosts": hosts}
    metadata = {"name": name, "namespace": namespace, "annotations": annotations}
    spec = {"ports": [{"name": protocol, "port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def test_secret_unusable(wrong: Expose, answers: Answers, credential: Credential, namespace: str) -> None:
    """A certificate with another one's key serves nobody."""
    host = f"a.{namespace}.test"
    name = credential("mixed", host, key_of=f"b.{namespace}.test")
    refused = wrong("secret-unusable", "shop", host, tls={"credential_name": name})
    assert "tls.key is the key of another certificate than tls.crt" in refused.message
    assert "PRIVATE" not in refused.text
    answers(f"https://{host}/", None)
    credential("mixed", host)
    answers(f"https://{host}/", 200)


def test_levels_are_the_tasks(expose: Expose, namespace: str) -> None:
    host = f"a.{namespace}.test"
    lax = done(expose("shop", host, service="not-there", checks={"destination-missing": False}))
    assert lax.result["findings"] == []
    strict = expose("shop", host, service="nor-there", checks={"destination-missing": "error"})
    assert f"service: Service {namespace}/nor-there does not exist, so the gateway answers 503." in strict.message
    usual = done(expose("shop", host, service="nor-there"))
    assert [result["code"] for result in usual.result["findings"]] == ["destination-missing"]
    assert "[destination-missing]" in str(usual.result["warnings"])
    unknown = expose("shop", host, checks={"destination-mising": "error"})
    assert "checks: 'destination-mising' is not a check; the checks are certificate-expired," in unknown.message


def test_what_warnings_say_comes_true(istio: Cluster, expose: Expose, answers: Answers, namespace: str) -> None:
    app = {"metadata": {"name": "app", "namespace": namespace}, "apiVersion": "v1", "kind": "Service"}
    ports = {**app, "metadata": {"name": "ports", "namespace": namespace}}
    istio.apply({**app, "spec": {"ports": [{"name": "http", "port": 80}]}})
    istio.apply({**ports, "spec": {"ports": [{"name": "http", "port": 8080}, {"name": "http-2", "port": 81}]}})
    cases: list[tuple[str, dict[str, Any], int | None]] = [
        ("destination-missing", {"service": "nobody"}, 503),
        ("destination-port-missing", {"port": 81}, 503),
        ("destination-without-endpoints", {"service": "app"}, 503),
        ("destination-port-missing", {"service": "ports", "port": None}, 503),
        ("secret-missing", {"tls": {"credential_name": "nothing"}}, None),
    ]
    for number, (code, options, status) in enumerate(cases):
        host = f"{number}.{namespace}.test"
        outcome = done(expose(f"shop-{number}", host, **options))
        assert [result["code"] for result in outcome.result["findings"]] == [code]
        answers(f"http{'s' if 'tls' in options else ''}://{host}/", status)


def test_an_export_that_leaves_out_the_gateway(
    istio: Cluster, expose: Expose, answers: Answers, namespace: str
) -> None:
    host = f"a.{namespace}.test"
    done(expose("shop", host))
    answers(f"http://{host}/", 200)
    hidden = ["patch", "virtualservices.networking.istio.io", "shop", "-n", namespace, "--type=merge", "-p"]
    istio.kubectl(*hidden, '{"spec": {"exportTo": ["."]}}')
    answers(f"http://{host}/", 404)
    outcome = done(expose("shop", host))
    assert [result["code"] for result in outcome.result["findings"]] == ["not-exported"]


def test_the_number_of_requests_does_not_grow_with_the_neighbours(
    expose: Expose, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    request = client.KubernetesClient._request  # noqa: SLF001  (the one door to the API server)

    def counted(self: client.KubernetesClient, method: str, path: str, *more: Any, **named: Any) -> Any:
        asked.append(f"{method} {path}")
        return request(self, method, path, *more, **named)

    monkeypatch.setattr(client.KubernetesClient, "_request", counted)
    host = f"a.{namespace}.test"
    done(expose("shop", host))
    asked.clear()
    done(expose("shop", host))
    alone = len(asked)
    for number in range(5):
        done(expose(f"shop-{number}", f"{number}.{namespace}.test"))
    asked.clear()
    done(expose("shop", host))
    assert len(asked) == alone
    assert len(asked) < 20, asked
