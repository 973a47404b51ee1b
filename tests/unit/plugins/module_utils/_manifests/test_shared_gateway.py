# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What exposures add to a shared Gateway → the Gateway with all of them."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import (
    ExposureKey,
    Manifest,
    Ref,
    ownership_labels,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.shared_gateway import (
    ANNOTATIONS_LIMIT,
    Change,
    Contribution,
    SharedGatewayError,
    annotation_key,
    contribution_of,
    exposures_on,
    is_on,
    is_shared,
    merged,
    only_changes,
    shared_gateway,
)

AT = Ref("Gateway", "infra", "front")
PUBLIC = {"istio": "public"}
SIMPLE = {"mode": "SIMPLE", "credentialName": "wildcard"}


def server(protocol: str, port: int, *hosts: str, tls: dict[str, Any] | None = None) -> dict[str, Any]:
    found = {"port": {"number": port, "name": "any", "protocol": protocol}, "hosts": list(hosts)}
    return {**found, **({"tls": tls} if tls else {})}


def http(*hosts: str) -> dict[str, Any]:
    return server("HTTP", 80, *hosts)


def https(*hosts: str, **tls: Any) -> dict[str, Any]:
    return server("HTTPS", 443, *hosts, tls={**SIMPLE, **tls})


def adds(name: str, *servers: dict[str, Any], **changes: Any) -> Contribution:
    return replace(Contribution(ExposureKey("shop", name), PUBLIC, servers), **changes)


def join(live: Manifest | None, contribution: Contribution) -> Manifest:
    found = Change(AT, contribution.exposure, contribution).applied_to(live)
    assert found is not None
    return found


def leave(live: Manifest, name: str) -> Manifest | None:
    return Change(AT, ExposureKey("shop", name), None).applied_to(live)


def seen(gateway: Manifest) -> list[tuple[int, str, list[str]]]:
    return [
        (found["port"]["number"], found["port"]["protocol"], found["hosts"]) for found in gateway["spec"]["servers"]
    ]


MERGED: dict[str, tuple[list[Contribution], list[tuple[int, str, list[str]]]]] = {
    "nobody": ([], []),
    "plain hosts are one server": (
        [adds("a", http("a.example.com")), adds("b", http("b.example.com"))],
        [(80, "HTTP", ["a.example.com", "b.example.com"])],
    ),
    "hosts of one certificate are one server": (
        [adds("b", https("b.example.com"), http("b.example.com")), adds("a", https("a.example.com"))],
        [(80, "HTTP", ["b.example.com"]), (443, "HTTPS", ["a.example.com", "b.example.com"])],
    ),
    "one host of two exposures is there once": (
        [adds("a", https("a.example.com")), adds("b", https("a.example.com"))],
        [(443, "HTTPS", ["a.example.com"])],
    ),
    "other settings are another server": (
        [adds("a", https("a.example.com")), adds("b", https("b.example.com", minProtocolVersion="TLSV1_3"))],
        [(443, "HTTPS", ["b.example.com"]), (443, "HTTPS", ["a.example.com"])],
    ),
    "other ports and protocols are other servers": (
        [
            adds("a", server("TLS", 443, "a.example.com", tls={"mode": "PASSTHROUGH"})),
            adds("b", server("HTTPS", 8443, "b.example.com", tls=SIMPLE)),
            adds("c", https("c.example.com")),
        ],
        [(443, "HTTPS", ["c.example.com"]), (443, "TLS", ["a.example.com"]), (8443, "HTTPS", ["b.example.com"])],
    ),
    "servers of one exposure with different hosts": (
        [adds("a", https("a.example.com"), http("b.example.com")), adds("b", https("b.example.com"))],
        [(80, "HTTP", ["b.example.com"]), (443, "HTTPS", ["a.example.com", "b.example.com"])],
    ),
    "who moves is alone for a while": (
        [adds("a", https("a.example.com"), http("a.example.com"), alone=True), adds("b", https("b.example.com"))],
        [(80, "HTTP", ["a.example.com"]), (443, "HTTPS", ["a.example.com"]), (443, "HTTPS", ["b.example.com"])],
    ),
}


@pytest.mark.parametrize(("contributions", "wanted"), MERGED.values(), ids=MERGED)
def test_servers(contributions: list[Contribution], wanted: list[tuple[int, str, list[str]]]) -> None:
    for order in itertools.permutations(contributions):
        found = merged(order)
        assert sorted((s["port"]["number"], s["port"]["protocol"], s["hosts"]) for s in found) == sorted(wanted)
        assert found == merged(contributions), "who came first makes no difference"
        live = None
        for contribution in order:
            live = join(live, contribution)
        assert live is None or found == live["spec"]["servers"], "annotations keep all that it takes"
        names = [s["port"]["name"] for s in found]
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[a-z0-9][-a-z0-9]{0,61}[a-z0-9]", name) for name in names)


def test_a_server_keeps_its_name_whoever_comes_and_goes() -> None:
    alone = merged([adds("a", https("a.example.com"), http("a.example.com"))])
    more = merged([adds("a", https("a.example.com"), http("a.example.com")), adds("b", https("b.example.com"))])
    assert [s["port"]["name"] for s in alone] == [s["port"]["name"] for s in more]


def test_the_first_and_the_last() -> None:
    first = join(None, adds("a", https("a.example.com"), credentials={"x": "y"}))
    assert first == shared_gateway(AT, adds("a", https("a.example.com"), credentials={"x": "y"}))
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


def test_each_removes_only_its_own() -> None:
    both = join(join(None, adds("a", https("a.example.com", "both.example.com"))), adds("b", https("both.example.com")))
    assert seen(both) == [(443, "HTTPS", ["a.example.com", "both.example.com"])]
    assert exposures_on(both) == ["shop/a", "shop/b"]
    left = leave(both, "a")
    assert left is not None
    assert seen(left) == [(443, "HTTPS", ["both.example.com"])]
    assert left == join(None, adds("b", https("both.example.com")))


def test_what_others_have_written_stays_as_they_wrote_it() -> None:
    live = join(None, adds("a", http("a.example.com")))
    text = '{"exposure": "shop/later", "selector": {"istio": "public"}, "servers": [], "new": 1}'
    live["metadata"]["annotations"]["exposure.gatehouse.istio/shop.later"] = text
    live["metadata"]["annotations"]["note"] = "by hand"
    found = join(live, adds("b", http("b.example.com")))
    assert found["metadata"]["annotations"]["exposure.gatehouse.istio/shop.later"] == text
    assert "note" not in found["metadata"]["annotations"], "of others' fields nothing is applied"


def test_servers_changed_by_hand_are_put_back() -> None:
    live = join(None, adds("a", http("a.example.com")))
    by_hand = {**live, "spec": {"selector": {"x": "y"}, "servers": []}}
    assert join(by_hand, adds("a", http("a.example.com"))) == live


REFUSED: dict[str, tuple[Contribution, str]] = {
    "selector": (
        adds("b", http("b.example.com"), selector={"istio": "internal"}),
        (
            "gateway.selector: Gateway infra/front is shared with the exposure shop/a and selects pods with "
            "istio=public; give the same selector, or share another Gateway."
        ),
    ),
    "host": (
        adds("b", https("b.example.com", "a.example.com", minProtocolVersion="TLSV1_3")),
        (
            "hosts: Gateway infra/front serves 'a.example.com' on port 443 with other TLS settings, for the exposure "
            "shop/a; give both the same tls, or remove the host from one of them."
        ),
    ),
    "passthrough": (
        adds("b", server("TLS", 443, "a.example.com", tls={"mode": "PASSTHROUGH"})),
        (
            "hosts: Gateway infra/front serves 'a.example.com' on port 443 with other TLS settings, for the exposure "
            "shop/a; give both the same tls, or remove the host from one of them."
        ),
    ),
    "port": (
        adds("b", server("HTTP", 443, "b.example.com")),
        (
            "gateway: port 443 of Gateway infra/front is for HTTPS, by the exposure shop/a, and cannot be for HTTP "
            "too; choose another port, or share another Gateway."
        ),
    ),
}


def test_a_port_for_bare_connections_is_for_one_exposure_only() -> None:
    live = join(None, adds("a", server("TCP", 5432, "a.example.com")))
    with pytest.raises(SharedGatewayError, match=r"port 5432 of .* is taken by the exposure shop/a, and connections"):
        join(live, adds("b", server("TCP", 5432, "b.example.com")))


@pytest.mark.parametrize(("contribution", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_go_together(contribution: Contribution, sentence: str) -> None:
    live = join(None, adds("a", https("a.example.com"), http("a.example.com")))
    with pytest.raises(SharedGatewayError, match=f"^{re.escape(sentence)}$"):
        join(live, contribution)


def test_what_does_not_go_with_others_may_be_changed_by_the_only_one() -> None:
    live = join(None, adds("a", https("a.example.com")))
    for changed in (adds("a", http("a.example.com"), selector={"x": "y"}), adds("a", server("HTTP", 443, "a.b"))):
        assert join(live, changed) == join(None, changed)


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ({}, "exists and is not one that this module shares; choose another name, or attach to it"),
        (ownership_labels("blog", "blog"), "belongs to the exposure blog/blog; choose another name, or attach to it"),
        (ownership_labels("shop", "a"), "is this exposure's own Gateway; choose another name for the shared one."),
    ],
    ids=["hand-made", "another's", "its own"],
)
def test_a_gateway_that_is_not_shared_is_left_alone(labels: dict[str, str], sentence: str) -> None:
    live = {"kind": "Gateway", "metadata": {"name": "front", "namespace": "infra", "labels": labels}, "spec": {}}
    assert not is_shared(live)
    with pytest.raises(SharedGatewayError, match=f"^gateway.shared: Gateway infra/front {sentence}"):
        join(live, adds("a", http("a.example.com")))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"exposure": "a/b", "selector": {}, "servers": [{"port": 80}]}'])
def test_a_contribution_changed_by_hand_is_an_error_that_says_where(text: str) -> None:
    live = join(None, adds("a", http("a.example.com")))
    live["metadata"]["annotations"]["exposure.gatehouse.istio/shop.b"] = text
    with pytest.raises(
        SharedGatewayError, match=r"the annotation exposure\.gatehouse\.istio/shop\.b of Gateway infra/"
    ):
        join(live, adds("a", http("a.example.com")))
    assert is_on(live, ExposureKey("shop", "b"))
    assert not is_on(live, ExposureKey("shop", "c")), "who is not on it does not care"


def test_a_full_gateway_says_so() -> None:
    live = None
    many = [f"host-{number:05}.example.com" for number in range(5000)]
    for number in range(0, 5000, 1000):
        live = join(live, adds(f"e{number}", https(*many[number : number + 1000])))
    with pytest.raises(
        SharedGatewayError, match=rf"^gateway.shared: Gateway infra/front is full, .* {ANNOTATIONS_LIMIT}"
    ):
        join(live, adds("more", https(*[f"more-{host}" for host in many])))


def test_annotations_have_room_for_800_exposures() -> None:
    """The documentation promises it: exposures of one host each, with HTTPS and redirect."""
    live = None
    texts: dict[str, str] = {}
    for number in range(800):
        host = f"service-{number:04}.example.com"
        alone = shared_gateway(AT, adds(f"service-{number:04}", https(host), http(host)))
        texts.update(alone["metadata"]["annotations"])
        live = live or alone
    assert live is not None
    live["metadata"]["annotations"] = texts
    assert len(exposures_on(join(live, adds("one-more", https("one-more.example.com"))))) == 801


def test_names_of_annotations() -> None:
    assert annotation_key(ExposureKey("shop", "web")) == "exposure.gatehouse.istio/shop.web"
    longest = [annotation_key(ExposureKey("n" * 63, name * 63)) for name in "ab"]
    assert longest[0] != longest[1]
    for key in [
        *longest,
        annotation_key(ExposureKey("n" * 45, "a" * 40)),
        annotation_key(ExposureKey("n" * 46, "a" * 40)),
    ]:
        assert re.fullmatch(r"[A-Za-z0-9][-A-Za-z0-9_.]{0,61}[A-Za-z0-9]", key.partition("/")[2])


def test_what_an_exposure_has_on_it() -> None:
    live = join(None, adds("a", https("a.example.com"), credentials={"x": "y"}, alone=True))
    found = contribution_of(live, ExposureKey("shop", "a"))
    assert found is not None
    assert (found.exposure, found.credentials, found.alone) == (("shop", "a"), {"x": "y"}, True)
    assert join(None, found) == live
    assert contribution_of(live, ExposureKey("shop", "b")) is None


def test_a_diff_has_only_what_changes() -> None:
    before = join(join(None, adds("a", https("a.example.com"))), adds("b", http("b.example.com")))
    after = join(before, adds("b", http("c.example.com")))
    left, right = only_changes(before, after)
    for found, host in ((left, "b.example.com"), (right, "c.example.com")):
        assert list(found["metadata"]["annotations"]) == ["exposure.gatehouse.istio/shop.b"]
        assert seen(found) == [(80, "HTTP", [host])]
    assert only_changes(before, before) == (before, before)
    assert only_changes({}, after)[0] == {}
    assert only_changes(before, {})[1] == {}
