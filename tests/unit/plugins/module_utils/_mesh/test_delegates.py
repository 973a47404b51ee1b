# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which delegates istiod keeps."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._mesh.delegates import (
    delegations,
    fits,
    why_left_out,
)
from support.builders import by_hand, to, virtual_service

ROOT = virtual_service(
    "shop/shop", ["shop.example.com"], ["infra/edge"], http=[{"delegate": {"name": "a"}}, {"delegate": {"name": "b"}}]
)


@pytest.mark.parametrize(
    ("outer", "inner", "kept"),
    [
        ([], [{"uri": {"prefix": "/a"}}], True),
        ([{"uri": {"prefix": "/a"}}], [], True),
        ([{"uri": {"prefix": "/a"}}], [{"uri": {"prefix": "/a/b"}}], True),
        ([{"uri": {"prefix": "/a"}}], [{"uri": {"exact": "/ab"}}], True),
        ([{"uri": {"prefix": "/a/b"}}], [{"uri": {"prefix": "/a"}}], False),
        ([{"uri": {"exact": "/a"}}], [{"uri": {"exact": "/a"}}], True),
        ([{"uri": {"exact": "/a"}}], [{"uri": {"prefix": "/a"}}], False),
        ([{"uri": {"regex": "/a"}}], [{"uri": {"regex": "/a"}}], False),
        ([{"uri": {"regex": "/a"}}], [{"method": {"exact": "GET"}}], True),
        ([{"headers": {"x": {"exact": "1"}}}], [{"headers": {"x": {"exact": "2"}}}], False),
        ([{"headers": {"x": {"exact": "1"}}}], [{"headers": {"y": {"exact": "2"}}}], True),
        ([{"uri": {"prefix": "/a"}}, {"uri": {"prefix": "/b"}}], [{"uri": {"prefix": "/b/c"}}], True),
        ([{"uri": {"prefix": "/a"}}], [{"uri": {"prefix": "/a/b"}}, {"uri": {"prefix": "/c"}}], False),
        ([{"port": 80}], [{"port": 443}], False),
        ([{"port": 80}], [{}], True),
        ([{"uri": {"prefix": "/a"}}], [{"uri": {"prefix": "/a"}, "ignoreUriCase": True}], False),
        ([{"gateways": ["infra/edge"]}], [{"gateways": ["infra/other"]}], False),
    ],
)
def test_a_route_of_a_delegate_must_lie_within_the_roots(
    outer: list[dict[str, Any]], inner: list[dict[str, Any]], kept: bool
) -> None:
    assert fits({"match": outer}, {"match": inner}) is kept


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({}, None),
        ({"hosts": ["a.example.com"]}, "hosts of its own"),
        ({"exportTo": ["."]}, "exportTo leaves out namespace shop"),
        ({"exportTo": ["shop"]}, None),
    ],
)
def test_why_istiod_leaves_a_delegate_out(spec: dict[str, Any], why: str | None) -> None:
    first, second = delegations(ROOT)
    assert (first.where, second.name) == ("http[0]", "shop/b")
    reason = why_left_out(first, by_hand("VirtualService", "blog/a", http=[to("web")], **spec), "shop")
    assert reason is None if why is None else why in str(reason)
