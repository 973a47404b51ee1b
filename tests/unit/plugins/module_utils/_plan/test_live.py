# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of an exposure's live objects, with credentials for one namespace only."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.errors import ClusterError, ForbiddenError
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import (
    ExposureKey,
    Manifest,
    ownership_labels,
    ref,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure import parse
from ansible_collections.gatehouse.istio.plugins.module_utils._plan.live import read_live
from support.builders import gateway, http, virtual_service
from support.memory_cluster import MemoryCluster

KEY = ExposureKey("shop", "shop")
CERT = {KEY: "cert", ExposureKey("blog", "blog"): "blog"}
LABELS = ownership_labels(*KEY)
ELSEWHERE = gateway("infra/front", http("shop.example.com"), labels=LABELS)
ATTACHED = virtual_service("shop/shop", ["shop.example.com"], ["infra/front"])
ATTACHED["metadata"]["labels"] = LABELS


def of_one_namespace(*objects: Manifest, readable: tuple[str, ...] = ("shop",)) -> MemoryCluster:
    """A cluster whose user may list in namespace shop, and get single objects of the readable namespaces."""

    def refuse(_kind: str, namespace: str | None, name: str | None) -> ClusterError | None:
        return None if namespace in (readable if name else ("shop",)) else ForbiddenError("forbidden", 403)

    return MemoryCluster(*objects, refuse=refuse)


def without_secrets(*objects: Manifest) -> MemoryCluster:
    """A cluster whose user may read everything, but not list Secrets."""

    def refuse(kind: str, _namespace: str | None, name: str | None) -> ClusterError | None:
        return ForbiddenError("forbidden", 403) if kind == "Secret" and not name else None

    return MemoryCluster(*objects, refuse=refuse)


@dataclass
class Warned:
    check_mode: bool = False
    warnings: list[str] = field(default_factory=list)

    def warn(self, warning: str) -> None:
        self.warnings.append(warning)


def test_a_gateway_that_may_not_be_read_is_a_warning() -> None:
    task = Warned()
    live = read_live(task, of_one_namespace(ATTACHED, ELSEWHERE), KEY, None, [])
    assert list(live.by_ref) == [ref(ATTACHED)]
    (warning,) = task.warnings
    assert warning.startswith("These credentials may not read Gateway infra/front, which the exposure no longer uses.")
    assert "patch and delete gateways in namespace infra" in warning


@pytest.mark.parametrize(
    ("labels", "kinds"),
    [(LABELS, ["Gateway", "VirtualService"]), ({}, ["VirtualService"])],
    ids=["its own", "somebody else's"],
)
def test_a_gateway_that_may_be_read_by_name_is_known(labels: dict[str, str], kinds: list[str]) -> None:
    task = Warned()
    there = gateway("infra/front", http("shop.example.com"), labels=labels)
    live = read_live(task, of_one_namespace(ATTACHED, there, readable=("shop", "infra")), KEY, None, [])
    assert (sorted(at.kind for at in live.by_ref), task.warnings) == (kinds, [])


def test_of_the_gateway_that_it_attaches_to_the_exposure_leaves_nothing() -> None:
    task = Warned()
    options = {"name": "shop", "namespace": "shop", "hosts": ["shop.example.com"], "service": "web", "port": 80}
    exposure = parse({**options, "gateway": {"existing": "infra/front"}})
    read_live(task, of_one_namespace(ATTACHED, ELSEWHERE), KEY, exposure, [])
    assert [warning for warning in task.warnings if "no longer uses" in warning] == []


def written(manifest: Manifest) -> Manifest:
    """With an entry of our field manager, as after an apply."""
    entry = {"manager": "gatehouse.istio", "operation": "Apply", "fieldsV1": {"f:spec": {}}}
    return {**manifest, "metadata": {**manifest["metadata"], "managedFields": [entry]}}


def test_a_copy_is_left_as_it_is() -> None:
    task = Warned()
    own, copy = gateway("shop/shop", labels=LABELS), gateway("shop/copy", labels=LABELS)
    live = read_live(task, of_one_namespace(written(ATTACHED), written(own), copy), KEY, None, [])
    assert sorted(live.by_ref) == [ref(own), ref(ATTACHED)]
    (warning, _unreadable) = sorted(task.warnings)
    assert warning.startswith(
        "Gateway shop/copy has the labels of exposure shop/shop, but was never written by this collection"
    )


def test_what_a_backup_has_restored_is_the_exposures_own() -> None:
    restored = virtual_service("shop/shop", ["shop.example.com"], ["shop/shop"])
    restored["metadata"]["labels"] = LABELS
    own = gateway("shop/shop", labels=LABELS)
    task = Warned()
    live = read_live(task, of_one_namespace(restored, own), KEY, None, [])
    assert (sorted(live.by_ref), task.warnings) == ([ref(own), ref(restored)], [])


def test_a_restored_gateway_of_another_exposure_can_be_attached_to() -> None:
    """It is neither a copy of this exposure's objects, nor anything that this task could remove."""
    other = gateway("shop/front", http("*.example.com"), labels=ownership_labels("blog", "blog"))
    options = {"name": "shop", "namespace": "shop", "hosts": ["shop.example.com"], "service": "web", "port": 80}
    exposure = parse({**options, "gateway": {"existing": "shop/front"}})
    task = Warned()
    live = read_live(task, of_one_namespace(other), KEY, exposure, [])
    assert (list(live.by_ref), task.warnings) == ([ref(other)], [])


def client_ca(exposure: ExposureKey = KEY) -> Manifest:
    """As a run writes it before the Gateway."""
    labels = ownership_labels(*exposure)
    return written(
        {"kind": "Secret", "metadata": {"name": f"{CERT[exposure]}-cacert", "namespace": "pods", "labels": labels}}
    )


def listed_secrets(cluster: MemoryCluster) -> int:
    return sum(asked.startswith("list Secret") for asked in cluster.asked)


def test_the_clients_ca_of_an_interrupted_run_is_found() -> None:
    task = Warned()
    cluster = MemoryCluster(client_ca(), client_ca(ExposureKey("blog", "blog")))
    live = read_live(task, cluster, KEY, None, [])
    assert (list(live.by_ref), task.warnings) == ([ref(client_ca())], [])
    assert listed_secrets(cluster) == 1


def test_a_copy_of_the_clients_ca_is_left_as_it_is() -> None:
    task = Warned()
    copy = client_ca()
    copy["metadata"]["managedFields"] = []
    assert read_live(task, MemoryCluster(copy), KEY, None, []).by_ref == {}
    assert "it may be a copy" in task.warnings[0]


def recorded(name: str) -> Manifest:
    own = gateway("shop/shop", labels=LABELS)
    own["metadata"]["annotations"] = {"gatehouse.istio/client-ca": name}
    return written(own)


def test_nobody_looks_for_a_clients_ca_where_it_is_known() -> None:
    cluster = without_secrets(recorded("pods/cert-cacert"), client_ca())
    task = Warned()
    live = read_live(task, cluster, KEY, None, [])
    assert (ref(client_ca()) in live.by_ref, listed_secrets(cluster), task.warnings) == (True, 0, [])


def test_nobody_looks_for_a_clients_ca_unless_the_exposure_is_removed() -> None:
    cluster = MemoryCluster(written(ATTACHED))
    options = {"name": "shop", "namespace": "shop", "hosts": ["shop.example.com"], "service": "web", "port": 80}
    read_live(Warned(), cluster, KEY, parse({**options, "gateway": {"selector": {"istio": "public"}}}), [])
    assert listed_secrets(cluster) == 0


@pytest.mark.parametrize(
    ("objects", "warns"),
    [((), True), ((written(gateway("shop/shop", labels=LABELS)),), True), ((written(ATTACHED),), False)],
    ids=["nothing is there", "a run was interrupted", "a run came to its end"],
)
def test_a_clients_ca_that_may_be_left_is_a_warning(objects: tuple[Manifest, ...], warns: bool) -> None:
    task = Warned()
    read_live(task, without_secrets(*objects), KEY, None, [])
    assert [warning.partition(". ")[0] for warning in task.warnings] == (
        ["These credentials may not list Secrets in all namespaces"] if warns else []
    )
    assert all("with the labels of exposure shop/shop: give the right" in warning for warning in task.warnings)
