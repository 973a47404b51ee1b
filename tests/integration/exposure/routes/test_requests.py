# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What routes do with real requests, through the real Envoy of the public gateway."""

from __future__ import annotations

import json
import time
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import ProbeResult
from cluster.testing import Cluster, eventually
from support.routes import WEB, Answers, Expose


def seen(result: ProbeResult) -> tuple[str, str, dict[str, str]]:
    """Path, host and headers of the request that the back end got."""
    facts = json.loads(result.body)
    return facts["path"], facts["host"], {name.lower(): value for name, value in facts["headers"].items()}


def say(status: int, *matches: dict[str, Any]) -> dict[str, Any]:
    """A route that tells by its status that it was taken."""
    return {"match": list(matches), "direct_response": {"status": status}}


def test_matches(expose: Expose, answers: Answers, istio: Cluster, host: str) -> None:
    expose(
        say(211, {"headers": {"x-version": {"exact": "2"}}}),
        say(212, {"headers": {"x-any": {"present": True}}}),
        say(213, {"method": {"exact": "DELETE"}}, {"method": {"prefix": "PA"}}),
        say(214, {"query_params": {"debug": {"exact": "1"}, "who": {"present": True}}}),
        say(215, {"authority": {"regex": "UPPER.*"}}, {"uri": {"exact": "/CaSe"}, "ignore_uri_case": True}),
        say(216, {"uri": {"prefix": "/no-cookie"}, "without_headers": {"cookie": {"prefix": "a="}}}),
        say(217, {"uri": {"prefix": "/inside"}, "source_labels": {"istio": "internal"}}),
        say(218, {"uri": {"prefix": "/inside"}, "source_labels": {"istio": "public"}, "source_namespace": "elsewhere"}),
        say(219, {"uri": {"prefix": "/inside"}, "source_labels": {"istio": "public"}, "port": 80}),
        {"destinations": WEB},
    )
    answers("/", 200, "/web/http")
    asked: list[tuple[int, str, dict[str, Any]]] = [
        (211, "/", {"headers": {"x-version": "2"}}),
        (200, "/", {"headers": {"x-version": "3"}}),
        (212, "/", {"headers": {"x-any": "thing"}}),
        (213, "/", {"method": "DELETE"}),
        (213, "/", {"method": "PATCH"}),
        (214, "/?debug=1&who=me", {}),
        (200, "/?debug=1", {}),
        (215, "/cAsE", {}),
        (216, "/no-cookie", {}),
        (216, "/no-cookie", {"headers": {"cookie": "b=1"}}),
        (200, "/no-cookie", {"headers": {"cookie": "a=1"}}),
        (219, "/inside", {}),
    ]
    for status, path, options in asked:
        result = istio.request(f"http://{host}{path}", **options)
        assert result.status == status, (path, options, result)


def test_what_the_gateway_answers_itself(expose: Expose, answers: Answers, host: str) -> None:
    expose(
        {"match": [{"uri": {"prefix": "/old/"}}], "redirect": {"prefix_rewrite": "/new/", "redirect_code": 308}},
        {
            "match": [{"uri": {"prefix": "/away"}}],
            "redirect": {"authority": "x.example.com", "scheme": "https", "uri": "/b", "port": 8443},
        },
        {
            "match": [{"uri": {"prefix": "/later"}}],
            "direct_response": {"status": 503, "body": '{"error": "later"}'},
            "headers": {"response": {"set": {"content-type": "application/json", "retry-after": 60}}},
        },
        {"destinations": WEB},
    )
    assert answers("/old/a?b=c", 308).location == f"http://{host}/new/a?b=c"
    assert answers("/away/a", 301).location == "https://x.example.com:8443/b"
    later = answers("/later", 503)
    assert (later.body, later.headers["content-type"], later.headers["retry-after"]) == (
        '{"error": "later"}',
        "application/json",
        "60",
    )


def test_what_destinations_see_and_clients_get(expose: Expose, answers: Answers) -> None:
    changes = {
        "request": {"set": {"x-set": "ours"}, "add": {"x-add": 2}, "remove": ["x-gone"]},
        "response": {"set": {"x-backend-group": "web"}, "remove": ["content-type"]},
    }
    expose(
        {
            "match": [{"uri": {"prefix": "/api/"}}],
            "destinations": [{**WEB[0], "weight": 1, "headers": changes}, {"service": "next", "port": 80, "weight": 0}],
            "rewrite": {"uri": "/", "authority": "inside.example.com"},
            "headers": {"request": {"set": {"x-route": "api"}}},
        },
        {
            "match": [{"uri": {"prefix": "/users/"}}],
            "destinations": WEB,
            "rewrite": {"uri_regex_rewrite": {"match": "^/users/([0-9]+)", "rewrite": "/u?id=\\1"}},
        },
        {"destinations": WEB},
    )
    result = answers("/api/a", 200, "/web/http", headers={"x-set": "theirs", "x-gone": "x"})
    path, authority, headers = seen(result)
    assert (path, authority) == ("/a", "inside.example.com")
    assert (headers["x-set"], headers["x-add"], headers["x-route"]) == ("ours", "2", "api")
    assert "x-gone" not in headers
    assert result.headers["x-backend-group"] == "web"
    assert "content-type" not in result.headers
    assert seen(answers("/users/12", 200))[0] == "/u?id=12"


def test_time_outs_retries_and_faults(expose: Expose, answers: Answers) -> None:
    expose(
        {"match": [{"uri": {"prefix": "/wait/"}}], "destinations": WEB, "timeout": "200ms", "retries": {"attempts": 0}},
        {"match": [{"uri": {"prefix": "/fail/1"}}], "destinations": WEB, "retries": {"attempts": 1, "retry_on": "503"}},
        {"match": [{"uri": {"prefix": "/fail/2"}}], "destinations": WEB, "retries": {"attempts": 1, "retry_on": "503"}},
        {
            "match": [{"uri": {"prefix": "/abort"}}],
            "destinations": WEB,
            "fault": {"abort": {"http_status": 418, "percentage": 100}},
        },
        {
            "match": [{"uri": {"prefix": "/delay"}}],
            "destinations": WEB,
            "fault": {"delay": {"fixed_delay": "300ms", "percentage": 100.0}},
        },
        {"destinations": WEB},
    )
    answers("/wait/0", 200, "/web/http")
    answers("/wait/1", 504)
    answers("/fail/1", 200, "/web/http")
    answers("/fail/2", 503, "/web/http")
    answers("/abort", 418)
    before = time.monotonic()
    answers("/delay", 200, "/web/http")
    assert time.monotonic() - before >= 0.3


def test_cors_and_mirrors(expose: Expose, answers: Answers, istio: Cluster, host: str, namespace: str) -> None:
    expose(
        {
            "destinations": WEB,
            "cors_policy": {
                "allow_origins": [{"exact": "https://shop.example.com"}],
                "allow_methods": ["GET", "PUT"],
                "allow_headers": ["x-token"],
                "max_age": "1h",
                "allow_credentials": True,
            },
            "mirrors": [{"service": "next", "port": 80, "percentage": 100.0}],
        }
    )
    preflight = {"origin": "https://shop.example.com", "access-control-request-method": "PUT"}
    allowed = answers("/", 200, method="OPTIONS", headers=preflight).headers
    assert allowed["access-control-allow-origin"] == "https://shop.example.com"
    assert allowed["access-control-allow-methods"] == "GET,PUT"
    assert allowed["access-control-allow-headers"] == "x-token"
    assert allowed["access-control-max-age"] == "3600"
    assert allowed["access-control-allow-credentials"] == "true"
    refused = istio.request(
        f"http://{host}/", method="OPTIONS", headers={**preflight, "origin": "https://b.example.com"}
    )
    assert "access-control-allow-origin" not in refused.headers

    log = istio.layout.log / f"backend.{namespace}.next.log"

    def copied() -> None:
        # Envoy may know of the destination of copies a moment later, and sends each of them once.
        answers("/mirrored", 200, f"{namespace}/web/http")
        assert "/mirrored" in log.read_text()

    eventually(copied, seconds=15)


def test_another_virtual_service_decides(expose: Expose, answers: Answers, istio: Cluster, namespace: str) -> None:
    destination = {"host": f"next.{namespace}.svc.cluster.local", "port": {"number": 80}}
    istio.apply(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": {"name": "team", "namespace": namespace},
            "spec": {
                "http": [
                    {"match": [{"uri": {"prefix": "/team/next"}}], "route": [{"destination": destination}]},
                    {"directResponse": {"status": 204}},
                ]
            },
        }
    )
    expose(
        {"match": [{"uri": {"prefix": "/team"}}], "delegate": {"name": "team", "namespace": namespace}},
        {"destinations": WEB},
    )
    answers("/team/next", 200, "/next/http")
    answers("/team/other", 204)
    answers("/", 200, "/web/http")


def version_of_split(namespace: str, version: str, backend_slice: dict[str, Any]) -> dict[str, Any]:
    """One of the workloads that Service `split` selects: the server behind another Service."""
    labels = {"app": "split", "version": version}
    (address,) = backend_slice["endpoints"][0]["addresses"]
    ports = {port["name"]: port["port"] for port in backend_slice["ports"]}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "WorkloadEntry",
        "metadata": {"name": f"split-{version}", "namespace": namespace, "labels": labels},
        "spec": {"address": address, "ports": ports, "labels": labels},
    }


def test_subsets(expose: Expose, answers: Answers, istio: Cluster, namespace: str) -> None:
    istio.apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "split", "namespace": namespace},
            "spec": {"ports": [{"name": "http", "port": 80}], "selector": {"app": "split"}},
        }
    )
    for version, service in (("v1", "web"), ("v2", "next")):
        slices = ("endpointslice", f"{service}-embedded", "-n", namespace)
        result = eventually(lambda: istio.kubectl("get", *slices))  # noqa: B023  (it is called at once)
        istio.apply(version_of_split(namespace, version, result))
    subsets = [{"service": "split", "name": name, "labels": {"version": name}} for name in ("v1", "v2")]
    to = {"service": "split", "port": 80}
    rule = f"DestinationRule {namespace}/shop-split"
    made = expose(
        {"match": [{"uri": {"prefix": "/v1"}}], "destinations": [{**to, "subset": "v1"}]},
        {"destinations": [{**to, "subset": "v1", "weight": 0}, {**to, "subset": "v2", "weight": 1}]},
        subsets=subsets,
    )
    assert made.actions == [
        f"created Gateway {namespace}/shop",
        f"created {rule}",
        f"created VirtualService {namespace}/shop",
    ]
    for path, backend in (("/v1", "/web/http"), ("/", "/next/http")):
        for _attempt in range(4):
            answers(path, 200, backend)
    without = expose({"destinations": WEB})
    assert without.actions[1:] == [f"updated VirtualService {namespace}/shop", f"deleted {rule}"]
    expose({"destinations": WEB}, subsets=subsets)
    removed = expose(state="absent")
    assert removed.actions == [
        f"deleted VirtualService {namespace}/shop",
        f"deleted {rule}",
        f"deleted Gateway {namespace}/shop",
    ]
