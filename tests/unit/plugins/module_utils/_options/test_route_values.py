# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Invalid options of routes → an error with one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure import parse
from ansible_collections.gatehouse.istio.plugins.module_utils._options.values import OptionError

WEB = {"destinations": [{"service": "web"}]}


def params(*routes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    minimal = {
        "name": "shop",
        "namespace": "shop",
        "hosts": ["shop.example.com"],
        "routes": list(routes),
        "gateway": {"selector": {"istio": "public"}},
    }
    return {**minimal, **changes}


def subset(**changes: Any) -> dict[str, Any]:
    return {"service": "web", "name": "v1", "labels": {"version": "1"}, **changes}


def match(**conditions: Any) -> dict[str, Any]:
    return params({"match": [conditions], **WEB})


TCP = {"selector": {"istio": "public"}, "tcp_port": 9000}

MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    (
        "match removed by spec",
        params({**WEB, "match": [{"uri": {"prefix": "/a"}}], "spec": {"match": None}}, WEB),
        "routes[1]: it is never reached, because routes[0] has no match",
    ),
    (
        "no action",
        params({"name": "x"}),
        "routes[0]: it has no action; give exactly one of destinations, redirect, direct_response and delegate.",
    ),
    (
        "two actions",
        params({**WEB, "redirect": {"uri": "/"}}),
        (
            "routes[0]: destinations and redirect exclude each other; give exactly one of destinations, redirect, "
            "direct_response and delegate."
        ),
    ),
    (
        "timeout with redirect",
        params({"redirect": {"uri": "/"}, "timeout": "1s"}),
        "routes[0].timeout: it has no meaning with redirect, where the gateway itself answers; remove it.",
    ),
    (
        "mirrors with direct_response",
        params({"direct_response": {"status": 200}, "mirrors": [{"service": "a"}]}),
        "routes[0].mirrors: it has no meaning with direct_response",
    ),
    (
        "request headers with direct_response",
        params({"direct_response": {"status": 200}, "headers": {"request": {"set": {"a": "b"}}}}),
        "routes[0].headers.request: it has no meaning with direct_response",
    ),
    (
        "no condition",
        match(uri=None, headers={}),
        "routes[0].match[0]: it has no condition, so it matches every request",
    ),
    ("only ignore_uri_case", match(ignore_uri_case=True), "routes[0].match[0]: it has no condition"),
    (
        "ignore_uri_case with a regex",
        match(uri={"regex": "/a"}, ignore_uri_case=True),
        "routes[0].match[0].ignore_uri_case: it has no meaning without uri.prefix or uri.exact; remove it.",
    ),
    ("relative path", match(uri={"exact": "a"}), "routes[0].match[0].uri.exact: 'a' does not match any path"),
    (
        "query in a path",
        match(uri={"exact": "/a?b=1"}),
        (
            "routes[0].match[0].uri.exact: '/a?b=1' does not match any path, which ends before '?'; write '/a', and "
            "match the query with query_params."
        ),
    ),
    ("query in a prefix", match(uri={"prefix": "/?a"}), "uri.prefix: '/?a' does not match any path, which ends before"),
    ("fragment", match(uri={"prefix": "/a#b"}), "which ends before '#'; write '/a', as clients do not send it."),
    (
        "non-ASCII path",
        match(uri={"prefix": "/straße"}),
        "uri.prefix: '/straße' does not match any path, as clients send it percent-encoded; write '/stra%C3%9Fe'.",
    ),
    ("space in a path", match(uri={"exact": "/a b"}), "write '/a%20b'."),
    ("part of a millisecond", params({**WEB, "timeout": "1.0005s"}), "routes[0].timeout: '1.0005s' has parts of a"),
    (
        "text for a dictionary in server_spec",
        params(WEB, gateway={"selector": {"a": "b"}, "server_spec": {"tls": "simple"}}),
        "gateway.server_spec.tls: 'simple' is not a dictionary, which this field is; write one, such as {mode: ...}.",
    ),
    (
        "number for a port in a route's spec",
        params({**WEB, "spec": {"route": [{"destination": {"host": "x", "port": 8080}}]}}),
        (
            "routes[0].spec.route[0].destination.port: 8080 is not a dictionary, which this field is; write one, such "
            "as {number: ...}."
        ),
    ),
    (
        "dictionary for a list",
        params({**WEB, "spec": {"match": {}}}),
        "routes[0].spec.match: a dictionary is not a list",
    ),
    (
        "list as condition",
        params({**WEB, "spec": {"match": [{"uri": {"suffix": []}}]}}),
        "routes[0].spec.match[0].uri.suffix: a list is not text",
    ),
    (
        "null in a list",
        params({**WEB, "spec": {"mirrors": [None]}}),
        "routes[0].spec.mirrors[0]: null is not a dictionary",
    ),
    ("empty host", params({**WEB, "spec": {"mirror": {"host": []}}}), "routes[0].spec.mirror.host: a list is not text"),
    ("empty regex", match(uri={"regex": ""}), "routes[0].match[0].uri.regex: '' does not match any path"),
    ("empty text", match(authority={"prefix": ""}), "routes[0].match[0].authority.prefix: it is empty"),
    ("method", match(method={"exact": "get"}), "match[0].method.exact: 'get' does not match any request; write 'GET'."),
    (
        "two conditions on a header",
        match(headers={"a": {"exact": "b", "prefix": "c"}}),
        "routes[0].match[0].headers: 'a' needs exactly one of exact, prefix, regex and present",
    ),
    ("header's value alone", match(headers={"a": "b"}), "routes[0].match[0].headers: 'a' needs exactly one of"),
    (
        "unknown condition",
        match(query_params={"a": {"suffix": "b"}}),
        "match[0].query_params: 'a' needs exactly one of",
    ),
    ("absent header", match(headers={"a": {"present": False}}), "present of 'a' can only be true"),
    ("empty condition", match(without_headers={"a": {"exact": ""}}), "the condition on 'a' is empty"),
    ("boolean", match(headers={"a": {"exact": True}}), "match[0].headers: the value of 'exact' is not a string"),
    ("match's port", match(port=0), "routes[0].match[0].port: 0 is not a port"),
    ("source", match(source_namespace="A"), "routes[0].match[0].source_namespace: 'A' is not a valid name"),
    ("source's labels", match(source_labels={"a": []}), "match[0].source_labels: the value of 'a' is not a string"),
    (
        "prefix_rewrite without prefix",
        params({"match": [{"uri": {"exact": "/a"}}], "redirect": {"prefix_rewrite": "/b"}}),
        (
            "routes[0].redirect.prefix_rewrite: it needs uri.prefix in every match with a uri; change the matches, or "
            "use redirect.uri."
        ),
    ),
    ("empty redirect", params({"redirect": {"uri": ""}}), "routes[0].redirect.uri: it is empty; give a value"),
    (
        "empty rewrite",
        params({**WEB, "rewrite": {"authority": "a", "uri": ""}}),
        "routes[0].rewrite.uri: it is empty; give a value",
    ),
    (
        "empty regex of a rewrite",
        params({**WEB, "rewrite": {"uri_regex_rewrite": {"match": "", "rewrite": "/"}}}),
        "routes[0].rewrite.uri_regex_rewrite.match: it is empty",
    ),
    (
        "host changed twice",
        params({**WEB, "rewrite": {"authority": "a"}, "headers": {"request": {"set": {"Host": "b"}}}}),
        "routes[0].headers.request.set: it changes the host of requests, and so does rewrite.authority; keep only",
    ),
    ("redirect's port", params({"redirect": {"port": 99999}}), "routes[0].redirect.port: 99999 is not a port"),
    ("status", params({"direct_response": {"status": 99}}), "direct_response.status: 99 is not a status"),
    ("delegate", params({"delegate": {"name": "a/b"}}), "routes[0].delegate.name: 'a/b' is not a valid name"),
    ("duration", params({**WEB, "timeout": "10"}), "routes[0].timeout: '10' is not a duration; write hours,"),
    ("zero duration", params({**WEB, "timeout": "0s"}), "routes[0].timeout: '0s' is shorter than 1ms"),
    ("empty duration", params({**WEB, "timeout": ""}), "routes[0].timeout: '' is not a duration"),
    ("attempts", params({**WEB, "retries": {"attempts": -1}}), "routes[0].retries.attempts: -1 is negative"),
    (
        "setting without attempts",
        params({**WEB, "retries": {"attempts": 0, "retry_on": "503"}}),
        "routes[0].retries.retry_on: it has no meaning with attempts=0, which turns retries off; remove it.",
    ),
    (
        "per_try_timeout",
        params({**WEB, "retries": {"attempts": 1, "per_try_timeout": "1d"}}),
        "routes[0].retries.per_try_timeout: '1d' is not a duration",
    ),
    (
        "no origins",
        params({**WEB, "cors_policy": {"allow_origins": []}}),
        "cors_policy.allow_origins: the list is empty",
    ),
    (
        "max_age with a fraction",
        params({**WEB, "cors_policy": {"allow_origins": [{"exact": "a"}], "max_age": "1.5s"}}),
        "routes[0].cors_policy.max_age: '1.5s' is not a whole number of seconds",
    ),
    (
        "percentage",
        params({**WEB, "fault": {"abort": {"http_status": 500, "percentage": 101}}}),
        "routes[0].fault.abort.percentage: 101 is not a percentage",
    ),
    (
        "fault's status",
        params({**WEB, "fault": {"abort": {"http_status": 7, "percentage": 1}}}),
        "routes[0].fault.abort.http_status: 7 is not a status",
    ),
    ("mirror", params({**WEB, "mirrors": [{"service": "a", "percentage": -1}]}), "mirrors[0].percentage: -1 is not"),
    (
        "null header value",
        params({**WEB, "headers": {"request": {"add": {"a": None}}}}),
        "headers.request.add: the value of",
    ),
    (
        "passthrough with timeout",
        params({**WEB, "timeout": "1s"}, tls={"mode": "passthrough"}),
        "routes[0].timeout: with tls.mode=passthrough the gateway sees only connections and not requests; give one",
    ),
    (
        "tcp with a second route",
        params({**WEB, "match": [{"port": 80}]}, WEB, protocol="tcp", gateway=TCP),
        "routes[1]: with protocol=tcp the gateway sees only connections",
    ),
    (
        "tcp with headers",
        params(
            {"destinations": [{"service": "a", "headers": {"request": {"remove": ["b"]}}}]}, protocol="tcp", gateway=TCP
        ),
        "routes[0].destinations[0].headers: with protocol=tcp",
    ),
    (
        "tcp with mirrors",
        params({**WEB, "mirrors": [{"service": "a"}]}, protocol="tcp", gateway=TCP),
        "routes[0].mirrors: with protocol=tcp",
    ),
    ("tcp without a port", params(WEB, protocol="tcp"), "gateway.tcp_port: protocol=tcp needs it without tls; give"),
    ("http with tcp_port", params(WEB, gateway=TCP), "gateway.tcp_port: it has no meaning with protocol=http; remove"),
    (
        "tls with tcp_port",
        params(WEB, protocol="redis", gateway=TCP, tls={"credential_name": "a"}),
        "gateway.tcp_port: it has no meaning with tls.mode=simple; remove it, or set gateway.https_port instead.",
    ),
    (
        "tcp with redirect",
        params(WEB, protocol="tcp", tls={"credential_name": "a", "redirect": True}),
        "tls.redirect: it has no meaning with protocol=tcp, which has no URLs; remove it.",
    ),
    ("tcp_port", params(WEB, protocol="tcp", gateway={**TCP, "tcp_port": 0}), "gateway.tcp_port: 0 is not a port"),
    (
        "subset of another namespace's Service",
        params(WEB, subsets=[subset(service="web.prod")]),
        "subsets[0].service: 'web.prod' is not the name of a Service in namespace 'shop'; create the DestinationRule",
    ),
    ("subset's name", params(WEB, subsets=[subset(name="V1")]), "subsets[0].name: 'V1' is not a valid name"),
    (
        "subset twice",
        params(WEB, subsets=[subset(), subset()]),
        "subsets[1].name: 'v1' of Service web is in the list twice; remove one.",
    ),
    ("no labels", params(WEB, subsets=[subset(labels={})]), "subsets[0].labels: it is empty, so the subset would be"),
    (
        "hosts in server_spec",
        params(WEB, gateway={"selector": {"a": "b"}, "server_spec": {"hosts": ["*"]}}),
        "gateway.server_spec: 'hosts' is set by option hosts; remove it.",
    ),
]


def test_numbers_given_as_text_in_raw_fields_become_numbers() -> None:
    spec = {"route": [{"destination": {"host": "x", "port": {"number": "8080"}}, "weight": "1"}], "name": None}
    (route,) = parse(params({**WEB, "spec": spec})).routes
    assert route.spec == {
        "route": [{"destination": {"host": "x", "port": {"number": 8080}}, "weight": 1}],
        "name": None,
    }


@pytest.mark.parametrize(("options", "sentence"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES])
def test_an_invalid_option_raises_one_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse(options)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
