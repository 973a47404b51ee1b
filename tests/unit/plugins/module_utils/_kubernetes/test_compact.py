# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is kept of the objects of a list."""

from __future__ import annotations

import copy
import gc
import json
import tracemalloc
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.compact import CompactList, long_lived_objects
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.fields import created_as_applied, owned_fields
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest

OURS = {"manager": "gatehouse.istio", "operation": "Apply", "apiVersion": "networking.istio.io/v1"}
THEIRS = {"manager": "kubectl", "operation": "Update", "apiVersion": "networking.istio.io/v1"}
TREE = {"f:metadata": {"f:labels": {"f:app": {}}}, "f:spec": {"f:hosts": {}, "f:gateways": {}, "f:http": {}}}


def live(name: str, *entries: dict[str, Any]) -> Manifest:
    """As it came from the API server: nothing in it is anything else's part."""
    metadata = {"name": name, "namespace": "shop", "managedFields": list(entries)}
    return json.loads(json.dumps({"kind": "VirtualService", "metadata": metadata, "spec": {"hosts": [name]}}))


def entry(of: dict[str, str], tree: dict[str, Any] | None = None, second: int = 0) -> dict[str, Any]:
    return {
        **of,
        "time": f"2026-01-01T00:00:{second:02}Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": TREE if tree is None else tree,
    }


def test_only_our_fields_are_kept() -> None:
    item = live("a", entry(THEIRS, {"f:spec": {"f:tls": {}}}), entry(OURS))
    expected = copy.deepcopy(item)
    del expected["metadata"]["managedFields"][0], expected["metadata"]["managedFields"][0]["time"]
    assert CompactList().kept(item) == expected


def test_what_was_created_but_not_applied_keeps_all() -> None:
    """created_as_applied() writes all of it back, and nobody may lose his fields by that."""
    created = {**OURS, "operation": "Update"}
    item = live("a", entry(THEIRS, {"f:spec": {"f:tls": {}}}), entry(created))
    kept = CompactList().kept(copy.deepcopy(item))
    assert kept == item
    assert created_as_applied(kept) == created_as_applied(item)


@pytest.mark.parametrize("metadata", [{}, {"managedFields": []}, {"managedFields": None}])
def test_an_object_without_any(metadata: dict[str, Any]) -> None:
    item = {"metadata": {"name": "a", **metadata}}
    assert CompactList().kept(copy.deepcopy(item)) == item


def test_equal_fields_are_one_object() -> None:
    lean = CompactList()
    different: dict[str, Any] = {"f:spec": {"f:hosts": {}}}
    trees: dict[str, dict[str, Any]] = {"a": TREE, "b": TREE, "c": different}
    items = [lean.kept(live(name, entry(OURS, tree, n))) for n, (name, tree) in enumerate(trees.items())]
    a, b, c = (item["metadata"]["managedFields"] for item in items)
    assert a is b
    assert c[0]["fieldsV1"] == different
    assert owned_fields(items[0]) == owned_fields(items[1]) != owned_fields(items[2])


def test_a_thousand_objects_take_less() -> None:
    def measured(keep: bool) -> int:
        lean = CompactList()
        tracemalloc.start()
        result = [live(str(number), entry(THEIRS), entry(OURS)) for number in range(1000)]
        kept = [lean.kept(item) for item in result] if keep else result
        del result
        size, _peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(kept) == 1000
        return size

    assert measured(keep=True) < measured(keep=False) / 2


def test_what_lasts_is_not_looked_through_for_garbage() -> None:
    before = gc.get_freeze_count()
    try:
        with long_lived_objects():
            assert not gc.isenabled()
            kept = [[number] for number in range(1000)]
        assert gc.isenabled()
        assert gc.get_freeze_count() >= before + len(kept)
        with pytest.raises(KeyError), long_lived_objects():
            raise KeyError
        assert gc.isenabled()
    finally:
        gc.unfreeze()
