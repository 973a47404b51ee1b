# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names in every form that Istio accepts."""

from __future__ import annotations

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Ref
from ansible_collections.gatehouse.istio.plugins.module_utils._mesh.names import (
    gateway_name,
    gateway_names,
    is_for_mesh,
    matched_gateways,
    resolved,
    service_at,
    service_host,
)
from support.builders import to, virtual_service


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("edge", "shop/edge"),
        ("infra/edge", "infra/edge"),
        ("./edge", "shop/edge"),
        ("edge.infra", "infra/edge"),
        ("edge.infra.svc", "infra/edge"),
        ("edge.infra.svc.cluster.local", "infra/edge"),
        ("infra/edge.v2", "infra/edge.v2"),
        ("mesh", "mesh"),
    ],
)
def test_a_gateway_as_a_virtual_service_of_namespace_shop_names_it(name: str, full: str) -> None:
    assert gateway_name(name, "shop") == full


@pytest.mark.parametrize(
    ("host", "full"),
    [
        ("web", "web.shop.svc.cluster.local"),
        ("web.blog", "web.blog"),
        ("web.blog.svc.cluster.local", "web.blog.svc.cluster.local"),
        ("api.example.com", "api.example.com"),
        ("*", "*"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("", ""),
    ],
)
def test_a_host_as_an_object_of_namespace_shop_names_it(host: str, full: str) -> None:
    assert service_host(host, "shop", "cluster.local") == full


@pytest.mark.parametrize(
    ("host", "at"),
    [
        ("web.shop.svc.cluster.local", Ref("Service", "shop", "web")),
        ("a.b.shop.svc.cluster.local", None),
        ("web.shop.svc", None),
        ("web.shop", None),
        ("api.example.com", None),
    ],
)
def test_which_host_is_that_of_a_service(host: str, at: Ref | None) -> None:
    assert service_at(host, "cluster.local") == at


def test_a_virtual_service_as_istiod_reads_it() -> None:
    written = virtual_service(
        "shop/shop",
        ["web", "shop.example.com"],
        ["mesh", "edge.infra", "own"],
        http=[to("api", uri={"exact": "/x"}, gateways=["./own", "mesh"]), to("web")],
    )
    spec = resolved(written, "cluster.local")["spec"]
    assert spec["hosts"] == ["web.shop.svc.cluster.local", "shop.example.com"]
    assert spec["gateways"] == ["mesh", "infra/edge", "shop/own"]
    assert spec["http"][0]["match"] == [{"uri": {"exact": "/x"}, "gateways": ["shop/own", "mesh"]}]
    assert spec["http"][1] is written["spec"]["http"][1]
    assert written["spec"]["gateways"] == ["mesh", "edge.infra", "own"]
    assert (gateway_names(written), matched_gateways(written)) == (["infra/edge", "shop/own"], ["shop/own"])
    assert is_for_mesh(written)


def test_full_names_stay_the_same_object() -> None:
    full = virtual_service("shop/shop", ["shop.example.com"], ["infra/edge"])
    assert resolved(full, "cluster.local") is full
    assert not is_for_mesh(full)
