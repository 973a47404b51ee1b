# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What istio_exposure_info makes of what was seen."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._analysis.context import Analysis
from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import LEVELS
from ansible_collections.gatehouse.istio.plugins.module_utils._flows.exposure_info import info_result
from ansible_collections.gatehouse.istio.plugins.module_utils._info.read import LiveExposures, matching
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.cluster_state import ClusterState
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest, Ref
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure import parse
from ansible_collections.gatehouse.istio.plugins.module_utils._options.info import INFO, InfoRequest, parse_info
from support.builders import (
    PODS,
    PUBLIC,
    cluster,
    exposure,
    gateway,
    http,
    https,
    live,
    passthrough,
    pod,
    secret,
    service,
    virtual_service,
)

ALL = InfoRequest(include_foreign=True)


def seen(there: ClusterState, asked: InfoRequest = ALL, unreadable: frozenset[str] = frozenset()) -> LiveExposures:
    return LiveExposures(there, tuple(matching(there.virtual_services, asked, None)), unreadable=unreadable)


def described(live: LiveExposures, asked: InfoRequest) -> dict[str, Any]:
    return info_result(live, asked, Analysis(live.state, asked.cluster_domain))


def only(there: ClusterState, asked: InfoRequest = ALL, unreadable: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The single exposure of the result."""
    (result,) = described(seen(there, asked, unreadable), asked)["exposures"]
    assert isinstance(result, dict)
    return result


def bound(*servers: dict[str, Any], **spec: Any) -> list[Manifest]:
    """A Gateway and a VirtualService on it, by hand."""
    return [gateway("edge/front", *servers), virtual_service("shop/hand", ["shop.example.com"], ["edge/front"], **spec)]


URLS: dict[str, tuple[list[Manifest], list[str]]] = {
    "plain": (live(exposure()), ["http://shop.example.com/"]),
    "TLS": (live(exposure(tls={"credential_name": "cert"})), ["https://shop.example.com/"]),
    "redirected by a route": (
        live(exposure(tls={"credential_name": "cert", "redirect": True})),
        ["https://shop.example.com/"],
    ),
    "redirected by the Gateway": (
        live(exposure(hosts=["*.example.com"], tls={"credential_name": "cert", "redirect": True})),
        ["https://*.example.com/"],
    ),
    "passthrough": (live(exposure(tls={"mode": "passthrough"})), ["https://shop.example.com/"]),
    "another port": (bound(http("shop.example.com", port=8080)), ["http://shop.example.com:8080/"]),
    "a wider server": (bound(http("*.example.com")), ["http://shop.example.com/"]),
    "a server for its namespace": (bound(http("shop/shop.example.com")), ["http://shop.example.com/"]),
    "a server for another namespace": (bound(http("blog/shop.example.com")), []),
    "a server of another host": (bound(http("blog.example.com")), []),
    "connections": (
        live(exposure(protocol="tcp", gateway={"selector": {"istio": "public"}, "tcp_port": 5432})),
        [],
    ),
}


@pytest.mark.parametrize(("objects", "urls"), URLS.values(), ids=URLS)
def test_urls(objects: list[Manifest], urls: list[str]) -> None:
    assert only(cluster(*objects))["urls"] == urls


def test_a_name_without_a_namespace_is_the_virtual_services() -> None:
    by_hand = virtual_service("shop/hand", ["shop.example.com"], ["front", "mesh", "edge/gone"])
    result = only(cluster(gateway("shop/front", http("*")), by_hand))
    assert [(at["namespace"], at["name"], at["kind"]) for at in result["gateways"]] == [
        ("shop", "front", "existing"),
        ("edge", "gone", "missing"),
    ]
    assert result["managed"] is False


def test_each_server_with_tls_has_its_own_certificate() -> None:
    front = gateway("edge/front", https("a.example.com", credential="a"), https("b.example.com", credential="b"))
    by_hand = virtual_service("shop/hand", ["a.example.com", "b.example.com"], ["edge/front"])
    secrets = {"a": replace(secret("a.example.com", days=-3), issuer="CN=ca", serial="ABC"), "b": None}
    first, second = only(cluster(front, by_hand, secrets=secrets))["tls"]
    assert first == {
        "gateway": "edge/front",
        "port": 443,
        "hosts": ["a.example.com"],
        "mode": "simple",
        "credential_name": "a",
        "certificate": {
            "secret": f"{PODS}/a",
            "not_after": "2026-10-29T00:00:00Z",
            "days_left": -3,
            "serial": "0ABC",
            "names": ["a.example.com"],
            "issuer": "CN=ca",
        },
    }
    assert (second["hosts"], second["certificate"]) == (["b.example.com"], None)


def test_passthrough_has_no_certificate() -> None:
    (tls,) = only(cluster(*bound(passthrough("shop.example.com"), tls=[])))["tls"]
    assert (tls["mode"], tls["credential_name"], tls["certificate"]) == ("passthrough", None, None)


def test_addresses_are_those_of_the_gateways_services() -> None:
    public = service(f"{PODS}/public", {"name": "http", "port": 80, "targetPort": 80}, selector={"istio": "public"})
    public["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}, {"hostname": "lb.example.com"}]}}
    (result,) = only(cluster(*live(exposure()), public, pod(), public_service=False))["gateways"]
    assert result == {
        "namespace": "shop",
        "name": "shop",
        "kind": "own",
        "selector": {"istio": "public"},
        "pods_namespaces": [PODS],
        "addresses": ["192.0.2.10", "lb.example.com"],
    }
    (idle,) = only(cluster(*live(exposure()), pods=[]))["gateways"]
    assert (idle["pods_namespaces"], idle["addresses"]) == ([], [])


def test_what_is_not_known_is_none() -> None:
    (result,) = only(cluster(*live(exposure()), pods=[], pods_are_known=False))["gateways"]
    assert (result["pods_namespaces"], result["addresses"]) == (None, None)
    (result,) = only(cluster(*live(exposure())), unreadable=frozenset({"Service"}))["gateways"]
    assert (result["pods_namespaces"], result["addresses"]) == ([PODS], None)
    (result,) = only(cluster(*live(exposure())[1:]), unreadable=frozenset({"Gateway"}))["gateways"]
    assert result["kind"] is None


def test_routes_and_what_else_happens() -> None:
    delegate = {"name": "api", "namespace": "shop"}
    routes = [
        {"match": [{"uri": {"prefix": "/old"}}], "redirect": {"uri": "/new"}},
        {"directResponse": {"status": 503}},
        {"delegate": delegate},
        {"route": [{"destination": {"host": "web", "subset": "v2"}, "weight": 10}], "name": "rest"},
    ]
    result = only(cluster(*bound(http("*"), http=routes)))["routes"]
    assert [entry.get("redirect") for entry in result] == [{"uri": "/new"}, None, None, None]
    assert result[1]["direct_response"] == {"status": 503}
    assert result[2]["delegate"] == delegate
    assert result[3] == {
        "protocol": "http",
        "name": "rest",
        "match": [],
        "destinations": [{"host": "web", "port": None, "weight": 10, "subset": "v2"}],
    }


def test_a_copy_with_an_exposures_labels_is_foreign() -> None:
    mine = live(exposure())
    copy = {**mine[1], "metadata": {**mine[1]["metadata"], "name": "copy"}}
    there = cluster(*mine, copy)
    assert [entry["name"] for entry in described(seen(there, InfoRequest()), InfoRequest())["exposures"]] == ["shop"]
    result = described(seen(there), ALL)["exposures"]
    assert [(entry["name"], entry["managed"]) for entry in result] == [("copy", False), ("shop", True)]


FILTERS: dict[str, tuple[dict[str, Any], bool]] = {
    "nothing": ({}, True),
    "the name": ({"name": "shop"}, True),
    "another name": ({"name": "blog"}, False),
    "another namespace": ({"namespace": "blog"}, False),
    "a host": ({"hosts": ["shop.example.com"]}, True),
    "one of several hosts": ({"hosts": ["blog.example.com", "a.wide.example.com"]}, True),
    "another host": ({"hosts": ["wide.example.com"]}, False),
}


@pytest.mark.parametrize(("given", "passes"), FILTERS.values(), ids=FILTERS)
def test_filters(given: dict[str, Any], passes: bool) -> None:
    params = {name: option.get("default") for name, option in INFO.argument_spec.items()}
    asked = parse_info({**params, **given})
    objects = live(exposure(hosts=["shop.example.com", "*.wide.example.com"]))
    assert bool(matching(cluster(*objects).virtual_services, asked, None)) is passes
    assert matching(cluster(*objects).virtual_services, asked, set()) == []
    assert bool(matching(cluster(*objects).virtual_services, asked, {Ref("VirtualService", "shop", "shop")})) is passes


def test_delegates_are_no_exposures() -> None:
    assert matching([virtual_service("shop/part", [], [])], ALL, None) == []


def many(count: int) -> ClusterState:
    objects = [
        entry
        for number in range(count)
        for entry in live(
            exposure(name=f"n{number}", hosts=[f"n{number}.example.com"], tls={"credential_name": f"n{number}"}), number
        )
    ]
    return cluster(*objects, secrets={f"n{number}": secret(f"n{number}.example.com") for number in range(count)})


def test_findings_of_many_exposures_do_not_take_for_ever() -> None:
    """What they have in common is worked out once, not for each anew."""
    asked = replace(ALL, levels=LEVELS)
    there = seen(many(1000), asked)
    began = time.process_time()
    result = described(there, asked)["exposures"]
    assert len(result) == 1000
    assert not any(entry["findings"] for entry in result)
    assert time.process_time() - began < 10


def test_findings_are_those_of_the_exposure() -> None:
    first = live(exposure(tls={"credential_name": "cert"}))
    second = live(exposure(name="late", tls={"credential_name": "cert"}, service="nobody"), 5)
    there = cluster(*first, *second, secrets={"cert": secret("shop.example.com")}, missing=("shop/nobody",))
    asked = replace(ALL, levels=LEVELS)
    result = {entry["name"]: entry["findings"] for entry in described(seen(there, asked), asked)["exposures"]}
    assert [(one["code"], one["level"]) for one in result["late"]] == [
        ("host-served-twice", "error"),
        ("destination-missing", "warning"),
    ]
    # The older one has lost nothing.
    assert [(one["code"], one["level"]) for one in result["shop"]] == [("host-served-twice", "warning")]


def test_filters_and_what_is_desired() -> None:
    """An exposure that is found by a host that it is to have no more, is no orphan; what is left out is not missing."""
    there = cluster(*live(exposure(hosts=["old.example.com"])))
    options = {"namespace": "shop", "service": "web", "gateway": {"selector": {"istio": "public"}}}
    desired = tuple(parse({**options, "name": name, "hosts": [f"{name}.example.com"]}) for name in ("shop", "blog"))
    asked = replace(ALL, hosts=("old.example.com",), desired=desired)
    result = described(seen(there, asked), asked)
    assert (result["missing"], result["orphans"]) == ([], [])
    assert [one["action"] for one in result["exposures"][0]["drift"]] == ["updated", "updated"]
    asked = replace(asked, hosts=())
    assert [one["name"] for one in described(seen(there, asked), asked)["missing"]] == ["blog"]
    asked = replace(ALL, desired=())
    assert [one["name"] for one in described(seen(there, asked), asked)["orphans"]] == ["shop"]


def test_a_copy_is_no_drift() -> None:
    """A task leaves it as it is."""
    objects = live(exposure())
    copy = {**objects[0], "metadata": {**objects[0]["metadata"], "name": "copy"}}
    options = {"name": "shop", "namespace": "shop", "service": "web", "port": 80, "gateway": {"selector": PUBLIC}}
    asked = replace(ALL, desired=(parse({**options, "hosts": ["shop.example.com"]}),))
    (entry,) = described(seen(cluster(*objects, copy), asked), asked)["exposures"]
    assert [(step["action"], step["name"]) for step in entry["drift"]] == [("updated", "shop"), ("updated", "shop")]


@pytest.mark.parametrize(
    ("options", "domain"), [({}, "cluster.example"), ({"cluster_domain": "other.example"}, "other.example")]
)
def test_the_cluster_domain_completes_the_names_of_desired_services(options: dict[str, Any], domain: str) -> None:
    entry = {"name": "shop", "namespace": "shop", "hosts": ["a.b"], "service": "web", "gateway": {"selector": PUBLIC}}
    defaults = {name: spec.get("default") for name, spec in INFO.argument_spec.items()}
    request = parse_info({**defaults, "cluster_domain": "cluster.example", "desired": [{**entry, **options}]})
    assert request.desired
    assert request.desired[0].routes[0].destinations[0].host == f"web.shop.svc.{domain}"
