# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Contributions of exposures → the shared Gateway with all of them."""

from __future__ import annotations

import itertools
import re

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import (
    ExposureKey,
    Manifest,
    ownership_labels,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.contribution import (
    Contribution,
    SharedGatewayError,
    annotation_key,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.shared_gateway import (
    ANNOTATIONS_LIMIT,
    Change,
    contribution_of,
    exposures_on,
    is_on,
    is_shared,
    merged_servers,
    only_changes,
    shared_gateway,
)
from support.contributions import AT, PUBLIC, SIMPLE, contribution, http, https, join, server


def leave(live: Manifest, name: str) -> Manifest | None:
    """The Gateway after an exposure has removed its contribution."""
    return Change(AT, ExposureKey("shop", name), None).applied_to(live)


def summary(gateway: Manifest) -> list[tuple[int, str, list[str]]]:
    """Port, protocol and hosts of each server."""
    return [(s["port"]["number"], s["port"]["protocol"], s["hosts"]) for s in gateway["spec"]["servers"]]


MERGED: dict[str, tuple[list[Contribution], list[tuple[int, str, list[str]]]]] = {
    "no contribution": ([], []),
    "HTTP hosts are one server": (
        [contribution("a", http("a.example.com")), contribution("b", http("b.example.com"))],
        [(80, "HTTP", ["a.example.com", "b.example.com"])],
    ),
    "hosts of one certificate are one server": (
        [contribution("b", https("b.example.com"), http("b.example.com")), contribution("a", https("a.example.com"))],
        [(80, "HTTP", ["b.example.com"]), (443, "HTTPS", ["a.example.com", "b.example.com"])],
    ),
    "a host of two exposures is listed once": (
        [contribution("a", https("a.example.com")), contribution("b", https("a.example.com"))],
        [(443, "HTTPS", ["a.example.com"])],
    ),
    "other settings are another server": (
        [
            contribution("a", https("a.example.com")),
            contribution("b", https("b.example.com", minProtocolVersion="TLSV1_3")),
        ],
        [(443, "HTTPS", ["b.example.com"]), (443, "HTTPS", ["a.example.com"])],
    ),
    "other ports and protocols are other servers": (
        [
            contribution("a", server("TLS", 443, "a.example.com", tls={"mode": "PASSTHROUGH"})),
            contribution("b", server("HTTPS", 8443, "b.example.com", tls=SIMPLE)),
            contribution("c", https("c.example.com")),
        ],
        [(443, "HTTPS", ["c.example.com"]), (443, "TLS", ["a.example.com"]), (8443, "HTTPS", ["b.example.com"])],
    ),
    "servers of one exposure with different hosts": (
        [contribution("a", https("a.example.com"), http("b.example.com")), contribution("b", https("b.example.com"))],
        [(80, "HTTP", ["b.example.com"]), (443, "HTTPS", ["a.example.com", "b.example.com"])],
    ),
    "where the gateway ends the TLS of connections, each exposure has its own server": (
        [
            contribution("a", server("TLS", 443, "a.example.com", tls=SIMPLE)),
            contribution("b", server("TLS", 443, "b.example.com", tls=SIMPLE)),
            contribution("c", https("c.example.com")),
        ],
        [(443, "HTTPS", ["c.example.com"]), (443, "TLS", ["a.example.com"]), (443, "TLS", ["b.example.com"])],
    ),
    "hosts that are passed through are one server": (
        [
            contribution("a", server("TLS", 443, "a.example.com", tls={"mode": "PASSTHROUGH"})),
            contribution("b", server("TLS", 443, "*.example.com", tls={"mode": "PASSTHROUGH"})),
        ],
        [(443, "TLS", ["*.example.com"])],
    ),
    "a wildcard has the hosts of others": (
        [
            contribution("a", https("a.example.com", "example.com"), http("a.example.com")),
            contribution("b", https("*.example.com", "*.b.example.com")),
            contribution("c", https("c.example.com", minProtocolVersion="TLSV1_3")),
        ],
        [
            (80, "HTTP", ["a.example.com"]),
            (443, "HTTPS", ["*.example.com", "example.com"]),
            (443, "HTTPS", ["c.example.com"]),
        ],
    ),
    "a separate contribution has its own TLS server": (
        [
            contribution("a", https("a.example.com"), http("a.example.com"), separate=True),
            contribution("b", https("b.example.com")),
        ],
        [(80, "HTTP", ["a.example.com"]), (443, "HTTPS", ["a.example.com"]), (443, "HTTPS", ["b.example.com"])],
    ),
}


@pytest.mark.parametrize(("contributions", "expected"), MERGED.values(), ids=MERGED)
def test_servers_are_merged_in_any_order(
    contributions: list[Contribution], expected: list[tuple[int, str, list[str]]]
) -> None:
    for order in itertools.permutations(contributions):
        servers = merged_servers(order)
        assert sorted((s["port"]["number"], s["port"]["protocol"], s["hosts"]) for s in servers) == sorted(expected)
        assert servers == merged_servers(contributions), "the order does not matter"
        live = None
        for added in order:
            live = join(live, added)
        assert live is None or servers == live["spec"]["servers"], "annotations have everything that is needed"
        names = [s["port"]["name"] for s in servers]
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[a-z0-9][-a-z0-9]{0,61}[a-z0-9]", name) for name in names)


def test_a_servers_name_does_not_depend_on_other_exposures() -> None:
    single = merged_servers([contribution("a", https("a.example.com"), http("a.example.com"))])
    more = merged_servers(
        [contribution("a", https("a.example.com"), http("a.example.com")), contribution("b", https("b.example.com"))]
    )
    assert [s["port"]["name"] for s in single] == [s["port"]["name"] for s in more]


def test_the_first_exposure_creates_the_gateway_and_the_last_removes_it() -> None:
    first = join(None, contribution("a", https("a.example.com"), credentials={"x": "y"}))
    assert first == shared_gateway(AT, contribution("a", https("a.example.com"), credentials={"x": "y"}))
    assert first["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "gatehouse.istio",
        "gatehouse.istio/shared": "true",
    }
    assert first["spec"]["selector"] == PUBLIC
    assert first["metadata"]["annotations"] == {
        "exposure.gatehouse.istio/shop.a": (
            '{"credentials":{"x":"y"},"exposure":"shop/a","hosts":["a.example.com"],"selector":{"istio":"public"},'
            '"servers":[{"port":{"number":443,"protocol":"HTTPS"},"tls":{"credentialName":"wildcard","mode":"SIMPLE"}}]}'
        )
    }
    assert leave(first, "a") is None
    assert leave(first, "nobody") == first


def test_an_exposure_removes_only_its_own_contribution() -> None:
    both = join(
        join(None, contribution("a", https("a.example.com", "both.example.com"))),
        contribution("b", https("both.example.com")),
    )
    assert summary(both) == [(443, "HTTPS", ["a.example.com", "both.example.com"])]
    assert exposures_on(both) == ["shop/a", "shop/b"]
    remaining = leave(both, "a")
    assert remaining is not None
    assert summary(remaining) == [(443, "HTTPS", ["both.example.com"])]
    assert remaining == join(None, contribution("b", https("both.example.com")))


def test_other_contributions_are_kept_verbatim() -> None:
    live = join(None, contribution("a", http("a.example.com")))
    text = '{"exposure": "shop/later", "selector": {"istio": "public"}, "servers": [], "new": 1}'
    live["metadata"]["annotations"]["exposure.gatehouse.istio/shop.later"] = text
    live["metadata"]["annotations"]["note"] = "by hand"
    gateway = join(live, contribution("b", http("b.example.com")))
    assert gateway["metadata"]["annotations"]["exposure.gatehouse.istio/shop.later"] == text
    assert "note" not in gateway["metadata"]["annotations"], "fields of other managers are not applied"


def test_servers_changed_by_hand_are_restored() -> None:
    live = join(None, contribution("a", http("a.example.com")))
    by_hand = {**live, "spec": {"selector": {"x": "y"}, "servers": []}}
    assert join(by_hand, contribution("a", http("a.example.com"))) == live


def test_the_only_exposure_may_change_selector_and_protocol() -> None:
    live = join(None, contribution("a", https("a.example.com")))
    for changed in (
        contribution("a", http("a.example.com"), selector={"x": "y"}),
        contribution("a", server("HTTP", 443, "a.b")),
    ):
        assert join(live, changed) == join(None, changed)


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ({}, "exists and is not a shared Gateway of this module; choose another name, or attach to it"),
        (ownership_labels("blog", "blog"), "belongs to the exposure blog/blog; choose another name, or attach to it"),
        (ownership_labels("shop", "a"), "is this exposure's own Gateway; choose another name for the shared one."),
    ],
    ids=["unmanaged", "of another exposure", "of the same exposure"],
)
def test_a_gateway_that_is_not_shared_is_refused(labels: dict[str, str], sentence: str) -> None:
    live = {"kind": "Gateway", "metadata": {"name": "front", "namespace": "infra", "labels": labels}, "spec": {}}
    assert not is_shared(live)
    with pytest.raises(SharedGatewayError, match=f"^gateway.shared: Gateway infra/front {sentence}"):
        join(live, contribution("a", http("a.example.com")))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"exposure": "a/b", "selector": {}, "servers": [{"port": 80}]}'])
def test_an_unreadable_contribution_raises_an_error_with_its_annotation(text: str) -> None:
    live = join(None, contribution("a", http("a.example.com")))
    live["metadata"]["annotations"]["exposure.gatehouse.istio/shop.b"] = text
    with pytest.raises(
        SharedGatewayError, match=r"the annotation exposure\.gatehouse\.istio/shop\.b of Gateway infra/"
    ):
        join(live, contribution("a", http("a.example.com")))
    assert is_on(live, ExposureKey("shop", "b"))
    assert not is_on(live, ExposureKey("shop", "c")), "other exposures are not affected"


def test_more_annotations_than_kubernetes_allows_are_refused() -> None:
    live = None
    hosts = [f"host-{number:05}.example.com" for number in range(5000)]
    for number in range(0, 5000, 1000):
        live = join(live, contribution(f"e{number}", https(*hosts[number : number + 1000])))
    with pytest.raises(
        SharedGatewayError, match=rf"^gateway.shared: Gateway infra/front is full, because .* {ANNOTATIONS_LIMIT}"
    ):
        join(live, contribution("more", https(*[f"more-{host}" for host in hosts])))


def test_annotations_have_room_for_800_exposures() -> None:
    """As documented, for exposures with one host, HTTPS and redirect."""
    live = None
    annotations: dict[str, str] = {}
    for number in range(800):
        host = f"service-{number:04}.example.com"
        gateway = shared_gateway(AT, contribution(f"service-{number:04}", https(host), http(host)))
        annotations.update(gateway["metadata"]["annotations"])
        live = live or gateway
    assert live is not None
    live["metadata"]["annotations"] = annotations
    assert len(exposures_on(join(live, contribution("one-more", https("one-more.example.com"))))) == 801


def test_annotation_keys() -> None:
    assert annotation_key(ExposureKey("shop", "web")) == "exposure.gatehouse.istio/shop.web"
    longest = [annotation_key(ExposureKey("n" * 63, name * 63)) for name in "ab"]
    assert longest[0] != longest[1]
    for key in [
        *longest,
        annotation_key(ExposureKey("n" * 45, "a" * 40)),
        annotation_key(ExposureKey("n" * 46, "a" * 40)),
    ]:
        assert re.fullmatch(r"[A-Za-z0-9][-A-Za-z0-9_.]{0,61}[A-Za-z0-9]", key.partition("/")[2])


def test_contribution_of_an_exposure() -> None:
    live = join(None, contribution("a", https("a.example.com"), credentials={"x": "y"}, separate=True))
    own = contribution_of(live, ExposureKey("shop", "a"))
    assert own is not None
    assert (own.exposure, own.credentials, own.separate) == (("shop", "a"), {"x": "y"}, True)
    assert join(None, own) == live
    assert contribution_of(live, ExposureKey("shop", "b")) is None


def test_only_changes_leaves_out_equal_contributions_and_servers() -> None:
    before = join(join(None, contribution("a", https("a.example.com"))), contribution("b", http("b.example.com")))
    after = join(before, contribution("b", http("c.example.com")))
    old, new = only_changes(before, after)
    for gateway, host in ((old, "b.example.com"), (new, "c.example.com")):
        assert list(gateway["metadata"]["annotations"]) == ["exposure.gatehouse.istio/shop.b"]
        assert summary(gateway) == [(80, "HTTP", [host])]
    assert only_changes(before, before) == (before, before)
    assert only_changes({}, after)[0] == {}
    assert only_changes(before, {})[1] == {}
