# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of exposures: what they do to each other and to the cluster, once all of them are written."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find, find_all
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.cluster_state import ClusterState
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.connection_reuse import ENOUGH
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import ExposureKey, Manifest, Ref, ref
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.shared_gateway import Change, contribution_of
from support.builders import PODS, PUBLIC, cluster, exposure, gateway, https, live, secret

WILDCARD = secret("*.example.com")
ON_SHARED = {"selector": PUBLIC, "shared": f"{PODS}/shared"}
SHARED = Ref("Gateway", PODS, "shared")
ISSUED = {"certificate": {"issuer": {"name": "letsencrypt"}}}
# The codes of each exposure's findings, and whether they are settled.
Found = dict[str, list[tuple[str, bool]]]


def tls(name: str) -> dict[str, Any]:
    return {"credential_name": name}


def serving(name: str, *hosts: str, **more: Any) -> list[Manifest]:
    """An exposure with a Gateway and a certificate of its own, both called as it."""
    return exposure(name=name, hosts=[f"{host}.example.com" for host in hosts], **{"tls": tls(name), **more})


def valid(**hosts: str) -> dict[str, Any]:
    """The certificate of each exposure, for hosts of example.com."""
    return {name: secret(*(f"{host}.example.com" for host in of.split())) for name, of in hosts.items()}


def listed(*exposures: list[Manifest]) -> dict[ExposureKey, list[Manifest]]:
    """By namespace and name, which are the VirtualService's."""
    return {ExposureKey(one[-1]["metadata"]["namespace"], one[-1]["metadata"]["name"]): one for one in exposures}


def shared(*exposures: list[Manifest]) -> list[list[Manifest]]:
    """The exposures, each with the shared Gateway as it will be with all of them on it."""
    whole: Manifest | None = None
    for one in exposures:
        for manifest in one:
            if ref(manifest) == SHARED:
                key = ExposureKey("shop", one[-1]["metadata"]["name"])
                whole = Change(SHARED, key, contribution_of(manifest, key)).applied_to(whole)
    assert whole
    return [[whole if ref(manifest) == SHARED else manifest for manifest in one] for one in exposures]


def codes(desired: dict[ExposureKey, list[Manifest]], state: ClusterState, **more: Any) -> Found:
    result = find_all(desired, state, **more)
    return {name: [(one.code, one.preexisting) for one in told] for (_namespace, name), told in result.items()}


TWICE, REUSED, HIDDEN = "host-served-twice", "certificate-on-two-servers", "routes-shadowed"


@dataclass(frozen=True, kw_only=True)
class Clash:
    """Two new exposures, each with one finding, which is not settled."""

    exposures: list[list[Manifest]]
    secrets: dict[str, Any]  # certificates by the name of their Secret
    code: str


CLASHES: dict[str, Clash] = {
    "one host twice": Clash(
        exposures=[serving("x", "www"), serving("a", "www")],
        secrets=valid(x="www", a="www"),
        code=TWICE,
    ),
    "one host twice without TLS": Clash(
        exposures=[exposure(name="x"), exposure(name="a", service="api")],
        secrets={},
        code=HIDDEN,
    ),
    "a certificate that is good for the other one's host": Clash(
        exposures=[serving("x", "www"), serving("a", "blog")],
        secrets=valid(x="www", a="blog www"),
        code=REUSED,
    ),
    "one wildcard certificate": Clash(
        exposures=[serving("x", "www", tls=tls("all")), serving("a", "blog", tls=tls("all"))],
        secrets={"all": WILDCARD},
        code=REUSED,
    ),
    "certificates that both order, one with a host of the other": Clash(
        exposures=[
            serving("x", "www", tls=ISSUED),
            serving(
                "a",
                "blog",
                tls={"certificate": {**ISSUED["certificate"], "dns_names": ["www.example.com", "blog.example.com"]}},
            ),
        ],
        secrets={"shop.x": None, "shop.a": None},
        code=REUSED,
    ),
}


@pytest.mark.parametrize("clash", CLASHES.values(), ids=CLASHES)
@pytest.mark.parametrize("turned", [False, True], ids=["in this order", "in the other"])
def test_two_new_ones_clash(clash: Clash, turned: bool) -> None:
    first, second = listed(*clash.exposures)
    desired = listed(*(reversed(clash.exposures) if turned else clash.exposures))
    state = cluster(secrets=clash.secrets)
    assert codes(desired, state) == {first[1]: [(clash.code, False)], second[1]: [(clash.code, False)]}
    assert [find(one, state) for one in clash.exposures] == [[], []]


@pytest.mark.parametrize("names", [("x", "a"), ("a", "x")])
def test_the_first_of_the_list_wins_if_both_are_new(names: tuple[str, str]) -> None:
    desired = listed(*(serving(name, "www") for name in names))
    first, second = find_all(desired, cluster(secrets=valid(a="www", x="www"))).values()
    said = f"Gateway shop/{names[0]}, servers[0] already serves www.example.com at port 443 of the same gateway"
    assert first[0].message.startswith(f"this exposure's Gateway is the older one of two that want the same: {said}")
    assert second[0].message.startswith(said)


@pytest.mark.parametrize("names", [("x", "a"), ("a", "x")])
def test_which_of_two_new_ones_routes_first_is_chance(names: tuple[str, str]) -> None:
    """They may be written in the same second, and then their names decide."""
    paths = {"x": "/api", "a": "/api/v2"}

    def routed(name: str) -> list[Manifest]:
        to = [{"service": f"s{name}", "port": 80}]
        return exposure(name=name, routes=[{"match": [{"uri": {"prefix": paths[name]}}], "destinations": to}])

    new = {name: routed(name) for name in names}
    result = find_all(listed(*new.values()), cluster())
    for every in result.values():
        (told,) = [one for one in every if one.code == HIDDEN]
        assert "VirtualService shop/x (http[0]) already takes these requests for" in told.message
        assert "if it comes first, which is chance, http[0] of VirtualService shop/a never gets one" in told.message
    old = live(new["a"])
    assert HIDDEN not in dict(codes(listed(new["x"]), cluster(*old))["x"])


def test_what_is_there_already_is_older_than_what_is_new() -> None:
    old, new = serving("old", "www"), serving("new", "www")
    there = cluster(*live(old, 59), secrets=valid(old="www", new="www"))
    for desired in (listed(new, old), listed(old, new)):
        for result in find_all(desired, there).values():
            assert "Gateway shop/old, servers[0] already serves" in result[0].message


def test_what_was_so_before_is_settled_for_the_older_one_only() -> None:
    old, new = serving("old", "www"), serving("new", "www")
    there = cluster(*live(old), *live(new, 5), secrets=valid(old="www", new="www"))
    assert codes(listed(new, old), there) == {"new": [(TWICE, False)], "old": [(TWICE, True)]}


@pytest.mark.parametrize("turned", [False, True])
def test_a_host_is_handed_over(turned: bool) -> None:
    before = [*live(serving("from", "www", "blog")), *live(serving("to", "api"), 5)]
    there = cluster(*before, secrets={"from": secret("www.example.com"), **valid(to="api blog")})
    gives, takes = serving("from", "www"), serving("to", "api", "blog")
    assert codes(listed(takes, gives) if turned else listed(gives, takes), there) == {"from": [], "to": []}
    assert codes(listed(takes), there) == {"to": [(TWICE, False)]}


def test_one_is_removed_and_one_added() -> None:
    old = live(serving("old", "www"))
    there = cluster(*old, secrets=valid(old="www", new="www"))
    gone = {ref(entry): None for entry in old}
    assert codes(listed(serving("new", "www")), there, removals=gone) == {"new": []}
    assert codes(listed(serving("new", "www")), there) == {"new": [(TWICE, False)]}


def test_one_leaves_a_shared_gateway_and_its_host_goes_to_another() -> None:
    stays, goes = (serving(name, name, gateway=ON_SHARED) for name in ("blog", "www"))
    (whole, *_rest), (_whole, *rest) = shared(stays, goes)
    there = cluster(*live([whole, stays[-1], *rest]), secrets=valid(blog="blog", www="www", new="www"))
    without = {ref(rest[-1]): None, SHARED: shared(stays)[0][0]}
    assert codes(listed(serving("new", "www")), there, removals=without) == {"new": []}
    assert codes(listed(serving("new", "www")), there) == {"new": [(TWICE, False)]}


def test_three_share_a_gateway() -> None:
    three = [serving(name, name, gateway=ON_SHARED, tls=tls("all")) for name in ("www", "blog", "api")]
    there = cluster(secrets={"all": WILDCARD})
    assert codes(listed(*shared(*three)), there) == {"www": [], "blog": [], "api": []}
    apart = [serving(name, name, tls=tls("all")) for name in ("www", "blog", "api")]
    assert codes(listed(*apart), there) == {name: [(REUSED, False)] * 2 for name in ("www", "blog", "api")}


def test_what_another_one_of_the_list_orders_is_not_missing() -> None:
    """All have the servers of a shared Gateway, with the certificates of each other."""
    three = [serving(name, name, gateway=ON_SHARED, tls=ISSUED) for name in ("www", "blog", "api")]
    there = cluster(secrets={f"shop.{name}": None for name in ("www", "blog", "api")})
    assert codes(listed(*shared(*three)), there) == {"www": [], "blog": [], "api": []}


def test_the_subsets_of_another_one_of_the_list_are_there() -> None:
    to = {"service": "web", "port": 80, "subset": "v2"}
    uses = exposure(name="uses", routes=[{"match": [{"uri": {"prefix": "/v2/"}}], "destinations": [to]}])
    brings = exposure(
        name="brings",
        hosts=["web.example.com"],
        routes=[{"destinations": [to]}],
        subsets=[{"service": "web", "name": "v2", "labels": {"version": "v2"}}],
    )
    there = cluster(destination_rules=())
    assert codes(listed(uses, brings), there) == {"uses": [], "brings": []}
    assert codes(listed(uses), there) == {"uses": [("subset-missing", False)]}


def test_an_exposure_that_attaches_finds_the_gateway_of_another_one_of_the_list() -> None:
    brings = exposure(name="brings", hosts=["*.example.com"])
    uses = exposure(name="uses", hosts=["www.example.net"], gateway={"existing": "shop/brings"})
    assert codes(listed(uses, brings), cluster()) == {"uses": [("host-not-on-gateway", False)], "brings": []}


def test_of_many_with_one_certificate_a_few_are_told_to_each() -> None:
    many = [serving(f"e{number:02}", f"e{number:02}", tls=tls("all")) for number in range(3 * ENOUGH)]
    new = find_all(listed(*many), cluster(secrets={"all": WILDCARD}))
    assert [len(result) for result in new.values()] == [ENOUGH] * len(many)
    there = [entry for number, one in enumerate(many) for entry in live(one, number)]
    old = find_all(listed(*many), cluster(*there, secrets={"all": WILDCARD}))
    assert [any(not one.preexisting for one in result) for result in old.values()] == [False, *[True] * (len(many) - 1)]


def test_what_is_settled_hides_nothing_that_is_new() -> None:
    """The oldest one has been cutting off many; now it takes a host for which another one has a certificate, too."""
    many = [serving(f"e{number:02}", f"e{number:02}", tls=tls("all")) for number in range(1, 3 * ENOUGH)]
    other = gateway("blog/last", https("a.example.org", credential="last"), created=59)
    before = [entry for number, one in enumerate(many, 1) for entry in live(one, number)]
    secrets = {"all": WILDCARD, "mine": secret("*.example.com", "b.example.org")}
    secrets["last"] = secret("a.example.org", "b.example.org")
    oldest = exposure(name="e00", hosts=["e00.example.com"], tls=tls("mine"))
    there = cluster(*live(oldest), *before, other, secrets=secrets)
    assert all(one.preexisting for one in find(oldest, there))
    changed = exposure(name="e00", hosts=["e00.example.com", "b.example.org"], tls=tls("mine"))
    (fresh,) = [one for one in find(changed, there) if not one.preexisting]
    assert fresh.objects == ("Gateway blog/last", "Gateway shop/e00")


@pytest.mark.parametrize(("certificate", "told"), [("own", 0), ("all", ENOUGH)])
def test_the_time_grows_with_the_number_of_exposures(certificate: str, told: int) -> None:
    """1000 on one gateway: without a mistake, and with the worst one, as each is in the way of each."""
    names = [f"e{number}" for number in range(1000)]
    desired = listed(*(serving(name, name, tls=tls(name if certificate == "own" else "all")) for name in names))
    there = cluster(*(entry for one in desired.values() for entry in live(one)), secrets={"all": WILDCARD})
    began = time.process_time()
    result = find_all(desired, there)
    assert time.process_time() - began < 5  # half a second where nothing else runs
    assert len(result[ExposureKey("shop", "e500")]) == told
