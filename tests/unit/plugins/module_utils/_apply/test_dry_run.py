# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which writes of a list are tried beforehand."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._apply.dry_run import one_of_each_shape
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Ref
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.exposure import manifests
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure import parse
from ansible_collections.gatehouse.istio.plugins.module_utils._plan.steps import Step, write_step


def steps(name: str = "a", **options: Any) -> list[Step]:
    smallest = {
        "name": name,
        "namespace": "shop",
        "hosts": [f"{name}.test"],
        "service": name,
        "gateway": {"selector": {"istio": "public"}},
    }
    return [write_step(manifest, None) for manifest in manifests(parse({**smallest, **options}))]


BOTH = {Ref("Gateway", "shop", "a"), Ref("VirtualService", "shop", "a")}


def test_names_make_no_difference() -> None:
    assert one_of_each_shape(steps() + steps("b") + steps("c", hosts=["x.test", "y.test"])) == BOTH


def test_what_does_not_change_is_not_tried() -> None:
    unchanged = [Step("unchanged", step.ref, step.desired, step.desired, {}, {}) for step in steps()]
    assert one_of_each_shape(unchanged) == set()


@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        ({"namespace": "blog"}, {"Gateway", "VirtualService"}),
        ({"labels": {"team": "x"}}, {"Gateway", "VirtualService"}),
        ({"annotations": {"x": "1"}}, {"Gateway", "VirtualService"}),
        ({"tls": {"mode": "passthrough"}}, {"Gateway", "VirtualService"}),
        ({"gateway": {"selector": {"istio": "internal"}}}, {"Gateway"}),
        ({"gateway": {"selector": {"istio": "public"}, "http_port": 8080}}, {"Gateway"}),
        ({"port": 8080}, {"VirtualService"}),
        (
            {"service": None, "routes": [{"match": [{"uri": {"regex": "("}}], "destinations": [{"service": "b"}]}]},
            {"VirtualService"},
        ),
    ],
)
def test_what_else_differs_is_tried(options: dict[str, Any], kinds: set[str]) -> None:
    both = {"kind": {ref.kind for ref in one_of_each_shape(steps() + steps("b", **options)) - BOTH}}
    assert both == {"kind": kinds}
