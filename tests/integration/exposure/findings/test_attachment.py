# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gateways and VirtualServices that do not fit together, those made by hand included: found, and seen to break."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import ProbeResult
from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure_info
from cluster.testing import Cluster
from support.run_module import Outcome, run_module

ISTIO = "networking.istio.io/v1"
PODS = "istio-ingress"
SELECTOR = {"istio": "internal"}
Expose = Callable[..., Outcome]
Answers = Callable[..., ProbeResult]
Credential = Callable[..., str]
Findings = Callable[[], dict[str, list[str]]]


def server(*hosts: str, protocol: str = "HTTP", number: int = 80, **more: Any) -> dict[str, Any]:
    return {
        "port": {"number": number, "name": f"{protocol}-{number}".lower(), "protocol": protocol},
        "hosts": list(hosts),
        **more,
    }


def https(credential: str, *hosts: str) -> dict[str, Any]:
    return server(*hosts, protocol="HTTPS", number=443, tls={"mode": "SIMPLE", "credentialName": credential})


def passthrough(*hosts: str) -> dict[str, Any]:
    return server(*hosts, protocol="TLS", number=443, tls={"mode": "PASSTHROUGH"})


def to(name: str, **more: Any) -> dict[str, Any]:
    return {"route": [{"destination": {"host": name, "port": {"number": 80}}}], **more}


@pytest.fixture
def apply(istio: Cluster, namespace: str) -> Callable[..., None]:
    """Applies an object of Istio's by hand, in the test's namespace unless `at` says another one."""

    def run(kind: str, name: str, at: str = namespace, **spec: Any) -> None:
        if kind == "Gateway":
            spec = {"selector": SELECTOR, **spec}
        istio.apply({"apiVersion": ISTIO, "kind": kind, "metadata": {"name": name, "namespace": at}, "spec": spec})

    return run


@pytest.fixture
def found(istio: Cluster, namespace: str) -> Findings:
    """The codes of all findings in the namespace, by the object's name: exposures, and Gateways that nothing uses."""

    def run() -> dict[str, list[str]]:
        options = {"namespace": namespace, "include_foreign": True, "kubeconfig": str(istio.kubeconfig)}
        result = run_module(istio_exposure_info.main, options).result
        judged = [*result["exposures"], *result["unused_gateways"]]
        return {entry["name"]: [finding["code"] for finding in entry["findings"]] for entry in judged}

    return run


def test_gateway_missing(
    expose: Expose, answers: Answers, apply: Callable[..., None], found: Findings, namespace: str
) -> None:
    """A task is refused before any check; what others made is found."""
    host = f"a.{namespace}.test"
    refused = expose("shop", host, gateway={"existing": "front"})
    assert refused.message.startswith(f"gateway.existing: Gateway {namespace}/front does not exist")
    apply("Gateway", "other", servers=[server(f"b.{namespace}.test")])
    apply("VirtualService", "shop", hosts=[host], gateways=["front"], http=[to("web")])
    assert found() == {"other": [], "shop": ["gateway-missing"]}
    answers(f"http://{host}/", 404)
    apply("Gateway", "front", servers=[server(host)])
    answers(f"http://{host}/", 200)
    assert found() == {"other": [], "shop": []}


def test_host_without_domain(answers: Answers, apply: Callable[..., None], found: Findings, namespace: str) -> None:
    name = f"intranet-{namespace}"
    apply("Gateway", "front", servers=[server("*")])
    apply("VirtualService", "shop", hosts=[name], gateways=["front"], http=[to("web")])
    answers(f"http://{name}/", 404)
    answers(f"http://{name}.{namespace}.svc.cluster.local/", 200)
    assert found() == {"shop": ["host-without-domain"]}


def test_gateways_by_old_names(answers: Answers, apply: Callable[..., None], found: Findings, namespace: str) -> None:
    """Istio still takes them, so we do; the younger of two with the same path gets nothing."""
    hosts = [f"{name}.{namespace}.test" for name in ("a", "b")]
    apply("Gateway", "front", servers=[server(f"*.{namespace}.test")])
    names = [f"front.{namespace}.svc.cluster.local", f"front.{namespace}", "front"]
    apply("VirtualService", "one", hosts=hosts[:1], gateways=names[:1], http=[to("web")])
    apply("VirtualService", "two", hosts=hosts[1:], gateways=names[1:2], http=[to("web")])
    for host in hosts:
        answers(f"http://{host}/", 200, "web")
    assert found() == {"one": [], "two": []}
    apply("VirtualService", "zwei", hosts=hosts[1:], gateways=names[2:], http=[to("api")])
    assert found() == {"one": [], "two": ["routes-shadowed"], "zwei": ["routes-shadowed"]}
    answers(f"http://{hosts[1]}/", 200, "web")


def test_no_route_for_host(
    wrong: Expose, answers: Answers, apply: Callable[..., None], credential: Credential, namespace: str
) -> None:
    """HTTP routes at a server that hands TLS on, and TLS routes at one that ends it."""
    first, second = f"a.{namespace}.test", f"b.{namespace}.test"
    apply("Gateway", "front", servers=[passthrough(first), https(credential("cert", second), second)])
    wrong("no-route-for-host", "first", first, gateway={"existing": "front"})
    wrong("no-route-for-host", "second", second, gateway={"existing": "front"}, tls={"mode": "passthrough"})
    answers(f"https://{first}/", None)
    answers(f"https://{second}/", 404)


def test_route_behind_wider(wrong: Expose, answers: Answers, namespace: str) -> None:
    host = f"a.{namespace}.test"
    routes = [
        {"match": [{"uri": {"prefix": path}}], "destinations": [{"service": service, "port": 80}]}
        for path, service in (("/user", "web"), ("/user-extension", "api"))
    ]
    wrong("route-behind-wider", "shop", host, service=None, port=None, routes=routes)
    answers(f"http://{host}/user-extension", 200, "web")


def test_client_ca_missing(wrong: Expose, answers: Answers, credential: Credential, namespace: str) -> None:
    host = f"a.{namespace}.test"
    wrong("client-ca-missing", "shop", host, tls={"mode": "mutual", "credential_name": credential("cert", host)})
    answers(f"https://{host}/", None)


def test_hosts_that_differ_in_case(
    istio: Cluster,
    expose: Expose,
    answers: Answers,
    apply: Callable[..., None],
    credential: Credential,
    found: Findings,
    namespace: str,
) -> None:
    """Envoy refuses the listener, and so nobody who comes later is served."""
    host, later = f"a.{namespace}.test", f"b.{namespace}.test"
    apply("Gateway", "lower", servers=[https(credential("lower", host), host)])
    apply("Gateway", "upper", servers=[https(credential("upper", host), host.replace("a.", "A."))])
    try:
        assert found() == {"lower": ["sni-twice"], "upper": ["sni-twice"]}
        assert not expose("later", later, tls={"credential_name": credential("later", later)}).failed
        answers(f"https://{later}/", None)
    finally:
        istio.delete_all("gateways.networking.istio.io", namespace)


def test_a_gateway_to_attach_to_is_checked_for_the_hosts(
    wrong: Expose, answers: Answers, apply: Callable[..., None], credential: Credential, found: Findings, namespace: str
) -> None:
    """The platform's Gateway is dropped, for a host of somebody else."""
    first, second = f"a.{namespace}.test", f"b.{namespace}.test"
    apply("Gateway", "a-front", servers=[https(credential("first", first), first)])
    apply("Gateway", "b-front", servers=[https(credential("both", first, second), first, second)])
    assert found() == {"a-front": ["host-served-twice"], "b-front": ["host-served-twice"]}
    wrong("host-served-twice", "shop", second, gateway={"existing": "b-front"})
    answers(f"https://{second}/", None)


def test_a_delegate_that_is_left_out(
    answers: Answers, apply: Callable[..., None], found: Findings, namespace: str
) -> None:
    host = f"a.{namespace}.test"
    apply("Gateway", "front", servers=[server(host)])
    paths = [{"match": [{"uri": {"prefix": f"/{name}"}}], "delegate": {"name": name}} for name in ("in", "out", "gone")]
    apply("VirtualService", "root", hosts=[host], gateways=["front"], http=paths)
    apply("VirtualService", "in", http=[to("web", match=[{"uri": {"prefix": "/in/x"}}])])
    apply("VirtualService", "out", http=[to("web", match=[{"uri": {"prefix": "/else"}}])])
    answers(f"http://{host}/in/x", 200, "web")
    answers(f"http://{host}/out", 404)
    answers(f"http://{host}/gone", 404)
    assert found()["root"] == ["delegate-left-out", "delegate-left-out"]


def test_a_port_that_the_gateways_service_lacks(expose: Expose, namespace: str) -> None:
    """Nothing is before Envoy on the embedded cluster, which has no kube-proxy: so only the finding can be seen."""
    outcome = expose("shop", f"a.{namespace}.test", gateway={"selector": SELECTOR, "http_port": 16686})
    assert [finding["code"] for finding in outcome.result["findings"]] == ["gateway-port-closed"]
    assert f"Service {PODS}/internal, through which clients reach the gateway, has no port 16686" in str(outcome.result)


def test_what_istios_webhook_warns_of_is_said_once(expose: Expose, namespace: str) -> None:
    routes = [
        {"name": name, "match": [{"uri": {"prefix": "/a"}}], "destinations": [{"service": name, "port": 80}]}
        for name in ("web", "api")
    ]
    options = {"service": None, "port": None, "routes": routes, "checks": {"route-behind-wider": "ignore"}}
    outcome = expose("shop", f"a.{namespace}.test", **options)
    said = [text for text in outcome.result.get("warnings", []) if "the API server warns" in str(text)]
    texts = [str(text) for text in said]
    assert len(texts) == len(set(texts)) > 0
    assert all(f"VirtualService {namespace}/shop" in text for text in texts)
