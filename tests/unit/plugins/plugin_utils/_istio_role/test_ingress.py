# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role istio: gateways, the user's values and the live mesh configuration -> which gateway serves Ingress objects."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.gatehouse.istio.plugins.plugin_utils._istio_role.ingress import ingress_values
from ansible_collections.gatehouse.istio.plugins.plugin_utils._istio_role.releases import istio_releases
from ansible_collections.gatehouse.istio.plugins.plugin_utils._variables.variables import read

PUBLIC = {"name": "public"}
INTERNAL = {"name": "internal", "visibility": "internal"}
EDGE = {"name": "edge"}
DATABASES = {"name": "databases", "ports": [{"name": "postgres", "port": 5432}]}
EAST_WEST = {"name": "east-west", "values": {"networkGateway": "network1"}}


def desired(
    *gateways: dict[str, Any],
    values: dict[str, Any] | None = None,
    files: dict[str, Any] | None = None,
    revision: str = "",
) -> dict[str, Any]:
    """What role istio asks for with these gateways and these values (and values files) of the chart istiod."""
    given = {
        "istio_revision": revision,
        "istio_istiod_values": values,
        "istio_istiod_values_files": list(files or {}),
        "istio_gateways": gateways,
    }
    texts = {path: yaml.safe_dump(content) for path, content in (files or {}).items()}
    return istio_releases(read("istio", given.get).values, texts)


def served_by(selector: str, service: str) -> dict[str, Any]:
    return {"meshConfig": {"ingressSelector": selector, "ingressService": service}}


@pytest.mark.parametrize(
    ("gateways", "expected"),
    [
        ([PUBLIC], served_by("public", "public")),
        ([INTERNAL, PUBLIC, EDGE], served_by("public", "public")),
        ([{**PUBLIC, "state": "absent"}, EDGE], served_by("edge", "edge")),
        ([DATABASES, EAST_WEST, EDGE], served_by("edge", "edge")),
        ([{**PUBLIC, "ports": [{"name": "http", "port": "80"}]}], served_by("public", "public")),
        ([{"name": "istio-ingressgateway"}], served_by("ingressgateway", "istio-ingressgateway")),
        ([{**PUBLIC, "labels": {"istio": "front"}}], served_by("front", "public")),
        ([{**PUBLIC, "values": {"name": "front"}}], served_by("front", "front")),
        ([INTERNAL], {}),
        ([DATABASES], {}),
        ([], {}),
    ],
)
def test_the_first_public_gateway_with_port_80(gateways: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    assert ingress_values(desired(*gateways), [], []) == expected
    assert ingress_values(desired(*gateways, revision="canary"), [], []) == expected


@pytest.mark.parametrize(
    "values",
    [
        {"meshConfig": {"ingressSelector": "mine"}},
        {"meshConfig": {"ingressService": "mine"}},  # which is the selector, too
        {"meshConfig": {"ingress_selector": "mine"}},
        {"meshConfig": {"ingressSelector": ""}},
        {"pilot": {"meshConfig": {"ingressService": "mine"}}},
        {"pilot": {"env": {"SHARED_MESH_CONFIG": "mesh-of-the-company"}}},
        {"env": {"SHARED_MESH_CONFIG": "mesh-of-the-company"}},
    ],
)
def test_the_users_values_win_as_a_whole(values: dict[str, Any]) -> None:
    assert ingress_values(desired(PUBLIC, values=values), [], []) == {}
    assert ingress_values(desired(PUBLIC, files={"istiod.yml": values}), [], []) == {}


@pytest.mark.parametrize(
    "values", [{"meshConfig": {"accessLogFile": "/dev/stdout"}}, {"meshConfig": None}, {"pilot": None, "env": None}]
)
def test_other_values_change_nothing(values: dict[str, Any]) -> None:
    assert ingress_values(desired(PUBLIC, values=values), [], []) == served_by("public", "public")


def workload(name: str, chart: str = "gateway") -> dict[str, Any]:
    template = {"labels": {"istio": name}, "annotations": {"inject.istio.io/templates": chart}}
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "istio-ingress", "labels": {"istio": name}},
        "spec": {"template": {"metadata": template}},
    }


def mesh(**settings: str) -> dict[str, Any]:
    return {"data": {"mesh": yaml.safe_dump({"rootNamespace": "istio-system", **settings})}}


@pytest.mark.parametrize(
    ("gateways", "live", "config_map", "expected"),
    [
        pytest.param(
            [EDGE],
            [workload("edge"), workload("public")],
            mesh(ingressSelector="public", ingressService="public"),
            served_by("public", "public"),
            id="another list's gateway stays",
        ),
        pytest.param(
            [],
            [workload("public")],
            mesh(ingressService="public"),
            {"meshConfig": {"ingressService": "public"}},
            id="the Service's name is the selector",
        ),
        pytest.param(
            [EDGE, PUBLIC],
            [workload("edge"), workload("public")],
            mesh(ingressSelector="public", ingressService="public"),
            served_by("edge", "edge"),
            id="this list's order decides",
        ),
        pytest.param(
            [EDGE],
            [workload("edge")],
            mesh(ingressSelector="public", ingressService="public"),
            served_by("edge", "edge"),
            id="the gateway is gone",
        ),
        pytest.param(
            [EDGE],
            [workload("public", chart="sidecar")],
            mesh(ingressSelector="public"),
            served_by("edge", "edge"),
            id="not a gateway",
        ),
        pytest.param([EDGE], [workload("public")], mesh(), served_by("edge", "edge"), id="never set"),
        pytest.param(
            [EDGE], [workload("public")], {"data": {"mesh": "a: ["}}, served_by("edge", "edge"), id="not YAML"
        ),
        pytest.param([EDGE], [workload("public")], {}, served_by("edge", "edge"), id="not a mesh configuration"),
    ],
)
def test_a_live_gateway_that_the_list_does_not_mention_keeps_the_ingresses(
    gateways: list[dict[str, Any]], live: list[dict[str, Any]], config_map: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert ingress_values(desired(*gateways), live, [config_map]) == expected
