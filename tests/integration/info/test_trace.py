# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Traces beside what the real Envoy answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._flows import exposure_info
from ansible_collections.gatehouse.istio.plugins.module_utils._info.trace_answer import answered
from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import Found
from cluster.testing import Cluster, eventually
from support.info import PUBLIC, Run

Result = dict[str, Any]
Traces = Callable[..., list[Result]]
NETWORKING = "networking.istio.io/v1"


@pytest.fixture(autouse=True)
def names_in_dns(istio: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """All names lead to the gateway."""
    found = Found((istio.gateway_address("public"),))
    monkeypatch.setattr(exposure_info, "answered", partial(answered, look_up=lambda _host: found))


@pytest.fixture(autouse=True)
def back_ends(istio: Cluster, namespace: str) -> None:
    """Real servers behind web and api, and nothing behind empty."""
    for name in ("web", "api", "empty"):
        mark = {} if name == "empty" else {"embedded.gatehouse.istio/backend": "true"}
        metadata = {"name": name, "namespace": namespace, "annotations": mark}
        spec: dict[str, Any] = {"ports": [{"name": "http", "port": 80}]}
        if name == "empty":
            spec["selector"] = {"app": "nobody"}
        istio.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    istio.wait_for_endpoints(namespace, "web", "api")


@pytest.fixture
def front(istio: Cluster, namespace: str) -> Callable[..., None]:
    """A Gateway by hand for a.NAMESPACE.test, and a VirtualService for it with the given routes."""

    def make(*routes: Result, tls: Result | None = None) -> None:
        hosts = [f"a.{namespace}.test"]
        server = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": hosts}
        if tls:
            server = {"port": {"number": 443, "name": "https", "protocol": "HTTPS"}, "hosts": hosts, "tls": tls}
        where = {"name": "front", "namespace": namespace}
        gateway = {
            "apiVersion": NETWORKING,
            "kind": "Gateway",
            "metadata": where,
            "spec": {**PUBLIC, "servers": [server]},
        }
        spec = {"hosts": hosts, "gateways": ["front"], "http": list(routes)}
        istio.apply(gateway, {"apiVersion": NETWORKING, "kind": "VirtualService", "metadata": where, "spec": spec})

    return make


@pytest.fixture
def traces(info: Run, namespace: str) -> Traces:
    """The traces, as soon as the gateway answers all of them as they say."""

    def run(*requests: Any) -> list[Result]:
        def follow() -> list[Result]:
            found: list[Result] = info(trace=list(requests), hosts=[f"none.{namespace}.test"]).result["traces"]
            assert len(found) == len(requests)
            for trace in found:
                assert_agrees(trace)
            return found

        return eventually(follow, seconds=30)

    return run


def assert_agrees(trace: Result) -> None:
    """What is expected is what the gateway answered."""
    expected, answer = trace["expected"], trace["answer"]
    assert answer is not None, trace
    if expected["services"]:
        assert answer["status"] == 200, trace
    else:
        assert (answer["status"], answer["location"]) == (expected["status"], expected["location"]), trace


def to(name: str) -> Result:
    return {"route": [{"destination": {"host": name, "port": {"number": 80}}}]}


def test_routes(front: Callable[..., None], traces: Traces, namespace: str) -> None:
    front(
        {"match": [{"uri": {"prefix": "/api/"}}], **to("api")},
        {"match": [{"uri": {"regex": "/v[0-9]+/.*"}, "method": {"exact": "HEAD"}}], "directResponse": {"status": 418}},
        {"match": [{"headers": {"x-user": {"exact": "ann"}}}], **to("web")},
        {"match": [{"withoutHeaders": {"x-user": {}}, "uri": {"exact": "/open"}}], **to("web")},
        {"match": [{"queryParams": {"a": {"exact": "1"}}}], **to("web")},
        {"match": [{"uri": {"prefix": "/Up"}, "ignoreUriCase": True}], "directResponse": {"status": 418}},
        {"match": [{"uri": {"prefix": "/old"}}], "redirect": {"uri": "/new"}},
        {"match": [{"uri": {"prefix": "/moved"}}], "redirect": {"authority": "b.example.com", "redirectCode": 302}},
        {"match": [{"uri": {"prefix": "/safe"}}], "redirect": {"scheme": "https"}},
        {"match": [{"uri": {"prefix": "/port"}}], "redirect": {"port": 81}},
        {"match": [{"uri": {"prefix": "/derived"}}], "redirect": {"derivePort": "FROM_REQUEST_PORT"}},
        {"match": [{"uri": {"exact": "/empty"}}], **to("empty")},
        {"match": [{"uri": {"exact": "/missing"}}], **to("missing")},
    )
    at = f"http://a.{namespace}.test"
    found = traces(
        f"{at}/api/1",
        f"{at}/api",
        {"url": f"{at}/v1/", "method": "HEAD"},
        f"{at}/v1/",
        {"url": f"{at}/", "headers": {"X-User": "ann"}},
        f"{at}/open",
        {"url": f"{at}/open", "headers": {"X-User": "bob"}},
        f"{at}/?a=1",
        f"{at}/?a=2&a=1",
        f"{at}/?a=%31",
        f"{at}/uP/1",
        f"{at}/old/1?a=2",
        f"{at}/moved?b=1",
        f"{at}/safe",
        f"{at}/port/1",
        f"{at}/derived",
        f"{at}/empty",
        f"{at}/missing",
    )
    breaks = [trace["breaks_at"] for trace in found]
    assert breaks[:8] == [None, "route", None, "route", None, None, "route", None]
    assert breaks[-2:] == ["endpoints", "destination"]
    assert found[-2]["answer"]["flag"] == "UH"
    assert [finding["code"] for finding in found[-2]["findings"]] == ["destination-without-endpoints"]
    assert [finding["code"] for finding in found[-1]["findings"]] == ["destination-missing"]


def test_routes_that_take_everything_come_last(
    front: Callable[..., None], istio: Cluster, traces: Traces, namespace: str
) -> None:
    front(to("web"), {"match": [{"uri": {"prefix": "/hidden"}}], "directResponse": {"status": 418}})
    late = {
        "apiVersion": NETWORKING,
        "kind": "VirtualService",
        "metadata": {"name": "late", "namespace": namespace},
        "spec": {
            "hosts": [f"a.{namespace}.test"],
            "gateways": ["front"],
            "http": [{"match": [{"uri": {"prefix": "/late"}}], "directResponse": {"status": 418}}],
        },
    }
    istio.apply(late)
    at = f"http://a.{namespace}.test"
    hidden, later = traces(f"{at}/hidden", f"{at}/late")
    assert hidden["expected"]["services"] == [f"Service {namespace}/web, port 80"]
    assert later["expected"]["status"] == 418


def test_delegates(front: Callable[..., None], istio: Cluster, traces: Traces, namespace: str) -> None:
    delegate = {
        "apiVersion": NETWORKING,
        "kind": "VirtualService",
        "metadata": {"name": "cart", "namespace": namespace},
        "spec": {"http": [{"match": [{"method": {"exact": "HEAD"}}], "directResponse": {"status": 418}}]},
    }
    istio.apply(delegate)
    front(
        {"match": [{"uri": {"prefix": "/cart"}}], "delegate": {"name": "cart"}},
        {"match": [{"uri": {"prefix": "/gone"}}], "delegate": {"name": "nowhere"}},
        {"match": [{"uri": {"exact": "/cart"}}], **to("web")},
    )
    url = f"http://a.{namespace}.test/cart"
    head, get, gone = traces({"url": url, "method": "HEAD"}, url, f"http://a.{namespace}.test/gone")
    assert [step["step"] for step in head["steps"]][-2:] == ["route", "delegate"]
    assert get["expected"]["services"] == [f"Service {namespace}/web, port 80"]
    assert gone["breaks_at"] == "delegate"


def test_hosts_and_names(front: Callable[..., None], traces: Traces, namespace: str, secret: str) -> None:
    """The certificate is for another host, and there is no server for the second name."""
    front(to("web"), tls={"mode": "SIMPLE", "credentialName": secret})
    served, plain = traces(f"https://a.{namespace}.test/", f"http://a.{namespace}.test/")
    assert served["breaks_at"] == "certificate"
    assert served["answer"]["certificate_error"].startswith("the certificate is not valid for")
    assert [finding["code"] for finding in served["findings"]] == ["host-not-in-certificate"]
    # Other tests' hosts may be served at the port.
    assert plain["breaks_at"] in ("listener", "server")


def test_a_secret_that_is_not_there(front: Callable[..., None], traces: Traces, namespace: str) -> None:
    front(to("web"), tls={"mode": "SIMPLE", "credentialName": f"{namespace}-none"})
    (trace,) = traces(f"https://a.{namespace}.test/")
    assert (trace["breaks_at"], trace["answer"]["status"]) == ("certificate", None)
    assert [finding["code"] for finding in trace["findings"]] == ["secret-missing"]


def test_without_a_probe_nobody_is_asked(front: Callable[..., None], info: Run, namespace: str) -> None:
    front(to("web"))
    (trace,) = info(trace=f"http://a.{namespace}.test/", probe=False).result["traces"]
    assert "answer" not in trace
    assert trace["steps"][0]["step"] == "gateway_pods"
