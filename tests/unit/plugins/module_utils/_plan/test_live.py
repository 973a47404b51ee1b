# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of an exposure's live objects, with credentials for one namespace only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._istio.references import selects
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.errors import ForbiddenError
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import (
    ExposureKey,
    Manifest,
    Ref,
    ownership_labels,
    ref,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure import parse
from ansible_collections.gatehouse.istio.plugins.module_utils._plan.live import read_live
from support.builders import gateway, http, virtual_service

KEY = ExposureKey("shop", "shop")
LABELS = ownership_labels(*KEY)
ELSEWHERE = gateway("infra/front", http("shop.example.com"), labels=LABELS)
ATTACHED = virtual_service("shop/shop", ["shop.example.com"], ["infra/front"])
ATTACHED["metadata"]["labels"] = LABELS


@dataclass
class OneNamespace:
    """A cluster whose user may list in namespace shop, and get single objects of the readable namespaces."""

    objects: tuple[Manifest, ...]
    readable: tuple[str, ...] = ("shop",)

    def find(
        self, kind: str, labels: Mapping[str, str], namespace: str | None = None, selectors: Iterable[str] = ()
    ) -> list[Manifest]:
        assert not [*selectors]
        if namespace != "shop":
            raise ForbiddenError("forbidden", 403)
        here = [entry for entry in self.objects if (entry["kind"], entry["metadata"]["namespace"]) == (kind, "shop")]
        return [entry for entry in here if selects(labels, entry["metadata"].get("labels"))]

    def get(self, at: Ref) -> Manifest | None:
        if at.namespace not in self.readable:
            raise ForbiddenError("forbidden", 403)
        return next((entry for entry in self.objects if ref(entry) == at), None)


@dataclass
class EverythingButSecrets(OneNamespace):
    """A cluster whose user may read everything but, unless may_list_secrets, Secrets."""

    may_list_secrets: bool = True
    asked: list[str] = field(default_factory=list)

    def find(
        self, kind: str, labels: Mapping[str, str], namespace: str | None = None, selectors: Iterable[str] = ()
    ) -> list[Manifest]:
        self.asked.append(kind)
        if kind == "Secret" and not self.may_list_secrets:
            raise ForbiddenError("forbidden", 403)
        return [
            entry
            for entry in self.objects
            if (entry["kind"], namespace) in ((kind, None), (kind, entry["metadata"]["namespace"]))
            and selects(labels, entry["metadata"].get("labels"))
            and not [*selectors]
        ]

    def get(self, at: Ref) -> Manifest | None:
        return next((entry for entry in self.objects if ref(entry) == at), None)


@dataclass
class Warned:
    check_mode: bool = False
    warnings: list[str] = field(default_factory=list)

    def warn(self, warning: str) -> None:
        self.warnings.append(warning)


def test_a_gateway_that_may_not_be_read_is_a_warning() -> None:
    task = Warned()
    live = read_live(task, OneNamespace((ATTACHED, ELSEWHERE)), KEY, None, [])
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
    live = read_live(task, OneNamespace((ATTACHED, there), readable=("shop", "infra")), KEY, None, [])
    assert (sorted(at.kind for at in live.by_ref), task.warnings) == (kinds, [])


def test_of_the_gateway_that_it_attaches_to_the_exposure_leaves_nothing() -> None:
    task = Warned()
    options = {"name": "shop", "namespace": "shop", "hosts": ["shop.example.com"], "service": "web", "port": 80}
    exposure = parse({**options, "gateway": {"existing": "infra/front"}})
    read_live(task, OneNamespace((ATTACHED, ELSEWHERE)), KEY, exposure, [])
    assert [warning for warning in task.warnings if "no longer uses" in warning] == []


def written(manifest: Manifest) -> Manifest:
    """With an entry of our field manager, as after an apply."""
    entry = {"manager": "gatehouse.istio", "operation": "Apply", "fieldsV1": {"f:spec": {}}}
    return {**manifest, "metadata": {**manifest["metadata"], "managedFields": [entry]}}


def test_a_copy_is_left_as_it_is() -> None:
    task = Warned()
    own, copy = gateway("shop/shop", labels=LABELS), gateway("shop/copy", labels=LABELS)
    live = read_live(task, OneNamespace((written(ATTACHED), written(own), copy)), KEY, None, [])
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
    live = read_live(task, OneNamespace((restored, own)), KEY, None, [])
    assert (sorted(live.by_ref), task.warnings) == ([ref(own), ref(restored)], [])


def test_a_restored_gateway_of_another_exposure_can_be_attached_to() -> None:
    """It is neither a copy of this exposure's objects, nor anything that this task could remove."""
    other = gateway("shop/front", http("*.example.com"), labels=ownership_labels("blog", "blog"))
    options = {"name": "shop", "namespace": "shop", "hosts": ["shop.example.com"], "service": "web", "port": 80}
    exposure = parse({**options, "gateway": {"existing": "shop/front"}})
    task = Warned()
    live = read_live(task, OneNamespace((other,)), KEY, exposure, [])
    assert (list(live.by_ref), task.warnings) == ([ref(other)], [])


def client_ca(exposure: ExposureKey = KEY) -> Manifest:
    """As a run writes it before the Gateway."""
    labels = ownership_labels(*exposure)
    return written({"kind": "Secret", "metadata": {"name": "cert-cacert", "namespace": "pods", "labels": labels}})


def test_the_clients_ca_of_an_interrupted_run_is_found() -> None:
    task = Warned()
    cluster = EverythingButSecrets((client_ca(), client_ca(ExposureKey("blog", "blog"))))
    live = read_live(task, cluster, KEY, None, [])
    assert (list(live.by_ref), task.warnings) == ([ref(client_ca())], [])
    assert cluster.asked.count("Secret") == 1


def test_a_copy_of_the_clients_ca_is_left_as_it_is() -> None:
    task = Warned()
    copy = client_ca()
    copy["metadata"]["managedFields"] = []
    assert read_live(task, EverythingButSecrets((copy,)), KEY, None, []).by_ref == {}
    assert "it may be a copy" in task.warnings[0]


def recorded(name: str) -> Manifest:
    own = gateway("shop/shop", labels=LABELS)
    own["metadata"]["annotations"] = {"gatehouse.istio/client-ca": name}
    return written(own)


def test_nobody_looks_for_a_clients_ca_where_it_is_known() -> None:
    cluster = EverythingButSecrets((recorded("pods/cert-cacert"), client_ca()), may_list_secrets=False)
    task = Warned()
    live = read_live(task, cluster, KEY, None, [])
    assert (ref(client_ca()) in live.by_ref, "Secret" in cluster.asked, task.warnings) == (True, False, [])


def test_nobody_looks_for_a_clients_ca_unless_the_exposure_is_removed() -> None:
    cluster = EverythingButSecrets((written(ATTACHED),))
    options = {"name": "shop", "namespace": "shop", "hosts": ["shop.example.com"], "service": "web", "port": 80}
    read_live(Warned(), cluster, KEY, parse({**options, "gateway": {"selector": {"istio": "public"}}}), [])
    assert "Secret" not in cluster.asked


@pytest.mark.parametrize(
    ("objects", "warns"),
    [((), True), ((written(gateway("shop/shop", labels=LABELS)),), True), ((written(ATTACHED),), False)],
    ids=["nothing is there", "a run was interrupted", "a run came to its end"],
)
def test_a_clients_ca_that_may_be_left_is_a_warning(objects: tuple[Manifest, ...], warns: bool) -> None:
    task = Warned()
    read_live(task, EverythingButSecrets(objects, may_list_secrets=False), KEY, None, [])
    assert [warning.partition(". ")[0] for warning in task.warnings] == (
        ["These credentials may not list Secrets in all namespaces"] if warns else []
    )
    assert all("with the labels of exposure shop/shop: give the right" in warning for warning in task.warnings)
