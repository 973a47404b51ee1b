# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chart values and raw fields of cert-manager in every wrong shape: sentences at most, never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from ansible_collections.gatehouse.istio.plugins.plugin_utils._cert_manager_role.objects import cert_manager_objects
from ansible_collections.gatehouse.istio.plugins.plugin_utils._istio_role.gateways import istio_ingress_gateways
from ansible_collections.gatehouse.istio.plugins.plugin_utils._istio_role.plan import istio_release_plan
from ansible_collections.gatehouse.istio.plugins.plugin_utils._istio_role.releases import istio_releases
from ansible_collections.gatehouse.istio.plugins.plugin_utils._variables.variables import check, read

SHAPES: list[Any] = [
    None,
    "",
    "x",
    5,
    1.5,
    True,
    [],
    [1],
    [None],
    [["x"]],
    [{}],
    {},
    {"a": 1},
    {1: 2},
    {"a": [{"b": None}]},
]
GATEWAY = {
    "name": "x",
    "kind": "DaemonSet",
    "labels": {"app": "x"},
    "revision": "x",
    "networkGateway": "x",
    "service": {
        "type": "NodePort",
        "annotations": {"a": "b"},
        "ports": [{"name": "http", "port": 80, "targetPort": 80}],
    },
}
ISTIOD = {"meshConfig": {"ingressService": "x"}, "env": {"A": "x"}, "pilot": {"meshConfig": {"ingressSelector": "x"}}}
ISSUERS = [
    {"name": "a", "spec": {"ca": {"secretName": "x"}, "acme": {"solvers": [{"dns01": {}}]}}},
    {"name": "b", "vault": {"server": "s", "path": "p", "auth": {"clientCertificate": {"secretName": "x"}}}},
    {
        "name": "c",
        "acme": {"server": "staging", "solvers": [{"http01": {"ingress": {"class": "x"}}, "spec": {"a": "b"}}]},
    },
]
CERTIFICATES = [
    {
        "name": "d",
        "namespace": "e",
        "issuer": {"name": "a"},
        "spec": {"issuerRef": {"name": "a", "group": "g"}, "secretName": "s", "dnsNames": ["a.example.com"]},
    }
]


def changed(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """The value with each part replaced by each shape, and where that is."""
    for shape in SHAPES:
        yield f"{at}={shape!r}", shape
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from ((where, {**value, key: other}) for where, other in changed(inner, f"{at}.{key}"))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            for where, other in changed(inner, f"{at}[{index}]"):
                yield where, [*value[:index], other, *value[index + 1 :]]


def sentences(role: str, **given: Any) -> list[str]:
    """What the role's first steps say."""
    variables = read(role, given.get).values
    wrong = check(role, given.get, [])["problems"]
    if wrong:
        return wrong
    paths = {path for name, value in variables.items() if name.endswith("_values_files") for path in value}
    texts = {path: yaml.safe_dump({"labels": "x"}) for path in paths}
    if role == "cert_manager":
        return list(cert_manager_objects(variables, texts)["problems"])
    desired = istio_releases(variables, texts)
    plan = istio_release_plan(desired, [], [])
    istio_ingress_gateways(desired["gateways"], [], predicted=["public"])
    return [*desired["problems"], *plan["problems"]]


@pytest.mark.parametrize(
    ("role", "variable", "right"),
    [
        ("istio", "istio_gateways", [{"name": "public", "labels": {"a": "b"}, "values": GATEWAY}]),
        ("istio", "istio_gateway_values", GATEWAY),
        ("istio", "istio_istiod_values", ISTIOD),
        ("cert_manager", "cert_manager_values", {"clusterResourceNamespace": "x", "namespace": "y"}),
        ("cert_manager", "cert_manager_issuers", ISSUERS),
        ("cert_manager", "cert_manager_certificates", CERTIFICATES),
    ],
)
def test_every_wrong_shape(role: str, variable: str, right: Any) -> None:
    more = {"istio_gateways": [{"name": "public"}], "cert_manager_issuers": [{"name": "z", "self_signed": {}}]}
    for where, value in changed(right):
        try:
            said = sentences(role, **{**more, variable: value})
        except Exception as error:
            raise AssertionError(f"{variable}{where}: {error!r}") from error
        assert all(sentence.endswith(".") and "\n" not in sentence for sentence in said), (where, said)


@pytest.mark.parametrize(
    ("role", "given", "sentence"),
    [
        (
            "istio",
            {"istio_gateways": [{"name": "public", "values": {"service": {"ports": "80"}}}]},
            "chart values of gateway 'public'.service.ports: '80' is not a list",
        ),
        (
            "cert_manager",
            {"cert_manager_issuers": [{"name": "a", "spec": {"ca": "x"}}]},
            "cert_manager_issuers[0].spec.ca: 'x' is not a dictionary",
        ),
    ],
)
def test_a_wrong_shape_is_told(role: str, given: dict[str, Any], sentence: str) -> None:
    (said,) = sentences(role, **given)
    assert said.startswith(sentence)
