# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One read of the cluster for many exposures, with a cluster that counts what it is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.client import KubernetesClient
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.errors import (
    ClusterError,
    ForbiddenError,
    UnknownKindError,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import (
    ExposureKey,
    Manifest,
    Ref,
    ownership_labels,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.overlay import Overlay
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.recent import RecentReader
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.snapshot import Snapshot
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure_list import Scope
from ansible_collections.gatehouse.istio.plugins.module_utils._plan.prune import to_prune
from support.memory_cluster import MemoryCluster


def live(kind: str, namespace: str, name: str, labels: Mapping[str, str] | None = None, **more: Any) -> Manifest:
    return {"kind": kind, "metadata": {"namespace": namespace, "name": name, "labels": dict(labels or {})}, **more}


def cluster_of(*objects: Manifest, forbidden: Iterable[str] = (), unknown: Iterable[str] = ()) -> MemoryCluster:
    """A cluster; forbidden are kinds that may only be listed in single namespaces."""

    def refuse(kind: str, namespace: str | None, name: str | None) -> ClusterError | None:
        if kind in unknown and not name:
            return UnknownKindError("unknown", 404)
        return ForbiddenError("forbidden", 403, kind) if kind in forbidden and namespace is None else None

    return MemoryCluster(*objects, refuse=refuse)


def snapshot(counted: MemoryCluster) -> Snapshot:
    return Snapshot(cast(KubernetesClient, counted))


OURS = ownership_labels("shop", "a")


def test_each_kind_is_listed_once() -> None:
    one, two = live("Gateway", "shop", "a", OURS), live("Gateway", "blog", "b", {"x": "y"})
    counted = cluster_of(one, two)
    seen = snapshot(counted)
    for _again in range(2):
        assert seen.find("Gateway", OURS) == [one]
        assert seen.find("Gateway", {}, "blog") == [two]
        assert seen.find("Gateway", OURS, "blog") == []
        assert seen.find("Gateway", {}) == [one, two]
        assert seen.get(Ref("Gateway", "blog", "b")) == two
        assert seen.get(Ref("Gateway", "blog", "c")) is None
    assert counted.asked == ["list Gateway *"]


def test_who_may_not_list_all_lists_namespaces() -> None:
    one = live("VirtualService", "shop", "a", OURS)
    counted = cluster_of(one, forbidden=["VirtualService"])
    seen = snapshot(counted)
    for _again in range(2):
        assert seen.get(Ref("VirtualService", "shop", "a")) == one
        assert seen.find("VirtualService", OURS, "shop") == [one]
        with pytest.raises(ClusterError, match="forbidden"):
            seen.find("VirtualService", OURS)
    assert counted.asked == ["list VirtualService *", "list VirtualService shop"]


def test_what_is_not_installed_is_asked_for_once() -> None:
    counted = cluster_of(unknown=["Certificate"])
    seen = snapshot(counted)
    for _again in range(2):
        with pytest.raises(UnknownKindError):
            seen.get(Ref("Certificate", "shop", "a"))
    assert counted.asked == ["list Certificate *"]


def test_pods_are_asked_for_by_their_labels() -> None:
    counted = cluster_of(live("Pod", "infra", "p", {"istio": "public"}))
    seen = snapshot(counted)
    for _again in range(2):
        assert len(seen.find("Pod", {"istio": "public"})) == 1
    assert counted.asked == ["list Pod * istio=public"]


def test_many_secrets_are_listed_and_few_are_not() -> None:
    data = {"tls.crt": "MQ==", "tls.key": "Mg==", "something": "Mw=="}
    counted = cluster_of(*[live("Secret", "infra", f"s{number}", data=data) for number in range(50)])
    seen = snapshot(counted)
    for number in range(50):
        result = seen.get(Ref("Secret", "infra", f"s{number}"))
        assert result
        assert set(result["data"]) >= {"tls.crt", "tls.key"}
    assert seen.get(Ref("Secret", "infra", "none")) is None
    assert counted.asked == [
        *(f"get Secret infra/s{n}" for n in range(10)),
        "list Secret infra type!=helm.sh/release.v1",
    ]
    assert "something" not in (seen.get(Ref("Secret", "infra", "s30")) or {})["data"]


def test_an_overlay_answers_as_if_planned_writes_were_done() -> None:
    old = live("Gateway", "shop", "front", {"a": "1"})
    overlay = Overlay(snapshot(cluster_of(old)))
    new = live("Gateway", "shop", "front", {"a": "1"}, spec={})
    overlay.put(Ref("Gateway", "shop", "front"), new)
    assert overlay.get(Ref("Gateway", "shop", "front")) == new
    assert overlay.find("Gateway", {"a": "1"}) == [new]
    overlay.put(Ref("Gateway", "shop", "front"), None)
    assert overlay.get(Ref("Gateway", "shop", "front")) is None
    assert overlay.find("Gateway", {"a": "1"}) == [old], "what is about to be deleted is still listed"


def test_what_was_just_read_is_not_asked_for_again() -> None:
    counted = cluster_of(live("Certificate", "infra", "a"), live("Certificate", "infra", "b"))
    now = 0.0
    recent = RecentReader(cast(KubernetesClient, counted), lambda: now)
    for _again in range(3):
        assert recent.get(Ref("Certificate", "infra", "a"))
        assert recent.get(Ref("Certificate", "infra", "b"))
        assert recent.find("Pod", {"x": "y"}) == []
        assert recent.get(Ref("Secret", "infra", "s")) is None
    once = ["list Certificate infra", "list Pod * x=y", "get Secret infra/s"]
    assert counted.asked == once
    now = 1.5
    recent.get(Ref("Certificate", "infra", "a"))
    assert counted.asked == [*once, "list Certificate infra"]


def ours(kind: str, name: str, namespace: str = "shop", at: str = "") -> Manifest:
    return live(kind, at or namespace, name, ownership_labels(namespace, name))


SHARED = live(
    "Gateway",
    "infra",
    "front",
    {"app.kubernetes.io/managed-by": "gatehouse.istio", "gatehouse.istio/shared": "true"},
)
SHARED["metadata"]["annotations"] = {
    "exposure.gatehouse.istio/shop.d": '{"exposure":"shop/d","selector":{},"servers":[]}',
    "exposure.gatehouse.istio/blog.e": '{"exposure":"blog/e","selector":{},"servers":[]}',
}


@pytest.mark.parametrize(
    ("objects", "scope", "keep", "expected"),
    [
        ([ours("VirtualService", "a"), ours("Gateway", "a")], ["shop"], [], ["a"]),
        ([ours("VirtualService", "a"), ours("VirtualService", "b")], ["shop"], ["b"], ["a"]),
        ([ours("VirtualService", "a", "blog")], ["shop"], [], []),
        ([ours("VirtualService", "a", "blog")], ["*"], [], ["a"]),
        ([live("VirtualService", "shop", "by-hand")], ["*"], [], []),
        ([live("VirtualService", "shop", "x", {"app.kubernetes.io/managed-by": "Helm"})], ["*"], [], []),
        ([ours("Gateway", "left", at="infra")], ["shop"], [], ["left"]),
        ([ours("Certificate", "left", at="infra")], ["shop"], [], ["left"]),
        ([SHARED], ["shop"], [], ["d"]),
        ([SHARED], ["*"], ["d"], ["e"]),
    ],
)
def test_what_is_pruned(objects: list[Manifest], scope: list[str], keep: list[str], expected: list[str]) -> None:
    kept = {ExposureKey("shop", name) for name in keep}
    assert [name for _ns, name in to_prune(snapshot(cluster_of(*objects)), Scope(tuple(scope)), kept)] == expected


def test_who_may_list_only_some_namespaces_must_name_them() -> None:
    counted = cluster_of(
        ours("VirtualService", "a"), forbidden=["VirtualService", "Gateway", "DestinationRule", "Certificate"]
    )
    assert to_prune(snapshot(counted), Scope(("shop",)), set()) == [("shop", "a")]
    with pytest.raises(ClusterError, match="'\\*' takes the right to list VirtualServices in all namespaces; name"):
        to_prune(snapshot(counted), Scope(("*",)), set())
