# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the report's page shows of what istio_exposure_info returns."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from report.writing import sample

from ansible_collections.gatehouse.istio.plugins.plugin_utils._report.page import exposure_report, page
from ansible_collections.gatehouse.istio.plugins.plugin_utils._report.traces import traces_by_exposure
from ansible_collections.gatehouse.istio.plugins.plugin_utils._report.words import (
    conditions,
    destinations,
    difference,
    issuer,
)

MATCHES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing": ({}, ["everything"]),
    "path": ({"uri": {"prefix": "/api/"}}, ["path begins with /api/"]),
    "path and case": ({"uri": {"exact": "/a"}, "ignoreUriCase": True}, ["path is /a", "whatever the case"]),
    "method": ({"method": {"regex": "GET|PUT"}}, ["method matches GET|PUT"]),
    "host": ({"authority": {"exact": "a.test"}}, ["host is a.test"]),
    "headers": ({"headers": {"x": {"exact": "1"}, "y": {}}}, ["header x is 1", "header y is there"]),
    "without headers": ({"withoutHeaders": {"x": {"prefix": "1"}}}, ["not: header x begins with 1"]),
    "parameter": ({"queryParams": {"q": {"exact": "1"}}}, ["parameter q is 1"]),
    "port": ({"port": 443}, ["port 443"]),
    "name in TLS": ({"sniHosts": ["a.test", "b.test"]}, ["name is a.test or b.test"]),
    "a name": ({"name": "mine"}, ["everything"]),
    "without a word of ours": ({"sourceLabels": {"app": "a"}}, ['sourceLabels: {"app": "a"}']),
    "not as Istio has it": ({"uri": {"new": "a"}, "headers": "b"}, ['path {"new": "a"}', "headers: b"]),
}


@pytest.mark.parametrize(("match", "words"), MATCHES.values(), ids=MATCHES)
def test_conditions(match: dict[str, Any], words: list[str]) -> None:
    assert conditions(match) == words


TO_WEB = {"host": "web", "port": 80, "weight": None, "subset": None}
ROUTES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "one": ({"destinations": [TO_WEB]}, ["web:80"]),
    "several": (
        {"destinations": [{**TO_WEB, "weight": 90}, {**TO_WEB, "port": None, "subset": "v2", "weight": 0}]},
        ["web:80, 90 %", "web, subset v2, 0 %"],
    ),
    "redirect": ({"redirect": {"scheme": "https"}}, ["redirect to https (301)"]),
    "redirect to a path": ({"redirect": {"uri": "/new", "redirectCode": 302}}, ["redirect to /new (302)"]),
    "redirect to a host": (
        {"redirect": {"scheme": "https", "authority": "a.test", "port": 8443, "uri": "/new"}},
        ["redirect to https://a.test:8443/new (301)"],
    ),
    "redirect to a port": ({"redirect": {"port": 8443}}, ["redirect to the same host:8443 (301)"]),
    "redirect to nothing": ({"redirect": None}, ["redirect to the same URL (301)"]),
    "answer": ({"direct_response": {"status": 503}}, ["answered by the gateway: 503"]),
    "delegate": ({"delegate": {"name": "api", "namespace": "shop"}}, ["as VirtualService shop/api says"]),
    "delegate of the same namespace": ({"delegate": {"name": "api"}}, ["as VirtualService api says"]),
    "none": ({}, ["nowhere"]),
}


@pytest.mark.parametrize(("route", "words"), ROUTES.values(), ids=ROUTES)
def test_destinations(route: dict[str, Any], words: list[str]) -> None:
    assert destinations({"destinations": [], **route}) == words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CN=R11,O=Let's Encrypt,C=US", "R11, Let's Encrypt"),
        (r"O=A\, B & C,CN=X=1", "A, B & C, X=1"),
        ("OU=Nobody", "OU=Nobody"),
        ("", ""),
        (None, None),
    ],
)
def test_issuer(name: str | None, words: str | None) -> None:
    assert issuer(name) == words


def test_a_difference_shows_what_changes_and_what_is_near() -> None:
    before = {"hosts": ["-- a"], "timeout": "15s", "far": [1, 2, 3, 4], "port": 1}
    lines = difference(before, {**before, "hosts": ["b"], "port": 2})
    assert [f"{line['sign']}{line['text']}" for line in lines] == [
        " hosts:",
        "-- -- a",
        "+- b",
        " timeout: 15s",
        " far:",
        " …",
        " - 3",
        " - 4",
        "-port: 1",
        "+port: 2",
    ]
    assert [line["sign"] for line in difference({}, {"a": 1, "b": 2})] == ["+", "+"]
    assert difference({"a": 1}, {"a": 1}) == []
    long = difference({}, {"a": list(range(1000))})
    assert long[-1] == {"sign": " ", "text": "… and 801 lines more"}
    assert len(long) == 201


def test_summary() -> None:
    assert page(sample())["summary"] == {
        "exposures": 5,
        "foreign": 1,
        "hosts": 5,
        "lost": 1,
        "gateways": 5,
        "errors": 1,
        "warnings": 2,
        "certificates": 4,
        "expired": 0,
        "urgent": 1,
        "soon": 2,
    }


@pytest.mark.parametrize(
    ("days", "urgency", "counted"),
    [
        (-1, "expired", (1, 0, 0)),
        (0, "urgent", (0, 1, 1)),
        (6, "urgent", (0, 1, 1)),
        (7, "soon", (0, 0, 1)),
        (29, "soon", (0, 0, 1)),
        (30, "fine", (0, 0, 0)),
        (400, "fine", (0, 0, 0)),
    ],
)
def test_urgency(days: int, urgency: str, counted: tuple[int, int, int]) -> None:
    exposed = sample()
    exposed["exposures"] = exposed["exposures"][:1]
    exposed["exposures"][0]["tls"][0]["certificate"]["days_left"] = days
    result = page(exposed)
    (certificate,) = result["certificates"]
    assert certificate["urgency"] == urgency
    assert 0 <= certificate["percent"] <= 100
    assert tuple(result["summary"][name] for name in ("expired", "urgent", "soon")) == counted


def test_errors_come_first_and_are_told_once() -> None:
    exposed = sample()
    first, second = exposed["exposures"][:2]
    warning = second["findings"][0]
    error = {**warning, "code": "zzz", "level": "error", "message": "Broken."}
    second["findings"] = [warning, error]
    first["findings"] = [error, {**error, "message": "Broken, too."}]
    exposed["exposures"] = [first, second]
    result = page(exposed)
    assert [(group["level"], group["code"]) for group in result["findings"]] == [
        ("error", "zzz"),
        ("warning", "certificate-expires-soon"),
    ]
    broken, broken_too = result["findings"][0]["entries"]
    assert [one["name"] for one in broken["exposures"]] == ["blog/blog", "payments/payments"]
    assert [one["name"] for one in broken_too["exposures"]] == ["blog/blog"]
    assert (result["summary"]["errors"], result["summary"]["warnings"]) == (2, 1)


def test_certificates_are_told_once_and_by_days_left() -> None:
    exposed = sample()
    exposed["exposures"][3]["tls"][0]["certificate"] = exposed["exposures"][0]["tls"][0]["certificate"]
    certificates = page(exposed)["certificates"]
    assert [one["days_left"] for one in certificates] == [3, 19, 83]
    assert [one["name"] for one in certificates[1]["exposures"]] == ["blog/blog", "shop/shop"]


def test_a_certificate_that_was_not_seen() -> None:
    (result,) = page(sample())["no_certificate"]
    assert (result["secret"], result["gateway"]) == ("legacy-shop", "shop/legacy")
    assert [one["id"] for one in result["exposures"]] == ["exposure:shop/legacy"]


def hosts_of(hosts: list[str], urls: list[str]) -> list[dict[str, Any]]:
    exposed = sample()
    exposed["exposures"] = [{**exposed["exposures"][0], "hosts": hosts, "urls": urls}]
    result: list[dict[str, Any]] = page(exposed)["namespaces"][0]["exposures"][0]["hosts"]
    return result


def test_hosts_link_to_their_urls() -> None:
    urls = ["http://a.test/", "https://a.test:8443/", "https://b.test/", "https://*.test/", "javascript:a.test/"]
    assert hosts_of(["a.test", "*.test", "c.test"], urls) == [
        {"name": "a.test", "urls": ["https://a.test:8443/", "http://a.test/"]},
        {"name": "*.test", "urls": []},
        {"name": "c.test", "urls": []},
    ]


def test_gateways_are_grouped_by_pods() -> None:
    exposed = sample()
    missing = {"selector": None, "pods_namespaces": None, "addresses": None}
    exposed["exposures"][0]["gateways"].append({"namespace": "a", "name": "gone", "kind": "missing", **missing})
    result = page(exposed)["gateways"]
    assert [(group["pods"], group["namespaces"], group["addresses"]) for group in result] == [
        (None, None, []),
        (["istio=internal"], ["istio-ingress"], ["10.0.7.20"]),
        (["istio=public"], ["istio-ingress"], ["203.0.113.10"]),
    ]
    public = {one["name"]: [link["name"] for link in one["exposures"]] for one in result[2]["gateways"]}
    assert public == {
        "istio-ingress/front": ["blog/blog", "shop/shop"],
        "istio-ingress/old-front": [],
        "payments/payments": ["payments/payments"],
        "shop/legacy": ["shop/legacy"],
    }


def test_comparison() -> None:
    exposed = sample()
    result = page(exposed)["comparison"]
    assert result["same"] == 2
    assert [one["name"] for one in result["drifting"]] == ["payments/payments"]
    assert result["drifting"][0]["changes"][0]["object"] == "VirtualService payments/payments"
    assert [one["id"] for one in result["orphans"]] == ["exposure:tools/wiki"]
    exposed["exposures"][1]["drift"] = [{"action": "refused", "message": "No."}]
    assert page(exposed)["comparison"]["drifting"][0]["changes"] == [
        {"action": "refused", "message": "No.", "lines": []}
    ]
    assert page({"exposures": []})["comparison"] is None


def test_what_is_unknown_and_what_is_empty() -> None:
    result = page({"exposures": [], "warnings": ["Not known: Pods."]})
    assert result["unknown"] == ["Not known: Pods."]
    assert not any(result["summary"].values())
    exposed = sample()
    exposed["exposures"] = [{**exposed["exposures"][0], "tls": [], "routes": [], "gateways": []}]
    exposed["exposures"][0].pop("findings")
    assert page(exposed)["summary"]["exposures"] == 1


def test_the_digest_changes_with_what_is_told_and_only_then() -> None:
    exposed = sample()
    before = copy.deepcopy(exposed)
    digest = exposure_report(exposed)["digest"]
    assert exposed == before
    assert exposure_report(json.loads(json.dumps(exposed)))["digest"] == digest
    exposed["exposures"][0]["tls"][0]["certificate"]["days_left"] -= 1
    assert exposure_report(exposed)["digest"] != digest


ANSWER = {"address": "192.0.2.1:443", "status": 503, "location": None, "flag": "UH", "error": None}
ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "an answer": ({}, "192.0.2.1:443 answers 503 (UH)."),
    "a redirect": (
        {"status": 301, "flag": None, "location": "https://a.test/"},
        "192.0.2.1:443 answers 301, and redirects to https://a.test/.",
    ),
    "no answer": (
        {"status": None, "error": "No answer from 192.0.2.1:443: refused."},
        "No answer from 192.0.2.1:443: refused.",
    ),
    "an untrusted certificate": (
        {"flag": None, "certificate_error": "the certificate is not valid for a.test: expired"},
        "192.0.2.1:443 answers 503. But the certificate is not valid for a.test: expired.",
    ),
}


@pytest.mark.parametrize(("answer", "words"), ANSWERS.values(), ids=ANSWERS)
def test_answers(answer: dict[str, Any], words: str) -> None:
    trace = {**sample()["traces"][0], "answer": {**ANSWER, "certificate_error": None, **answer}}
    assert traces_by_exposure([trace])["blog/blog"][0]["answer"] == words


def test_traces() -> None:
    by_exposure = traces_by_exposure(sample()["traces"])
    states = {
        name: [(one["host"], one["state"], one["broken"]) for one in found] for name, found in by_exposure.items()
    }
    assert states == {
        "blog/blog": [("blog.example.com", "good", None)],
        "payments/payments": [("pay.example.com", "unknown", None)],
        "shop/legacy": [("shop.example.com", "error", "Server")],
        "shop/shop": [("shop.example.com", "good", None), ("www.shop.example.com", "good", None)],
        "tools/wiki": [("wiki.internal.example.com", "good", None)],
    }
    post = {**sample()["traces"][0], "method": "POST", "gateway": None}
    (one,) = traces_by_exposure([post])["blog/blog"]
    assert (one["request"], one["through"]) == ("POST https://blog.example.com/", "no gateway")
