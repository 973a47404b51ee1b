# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role exposures: variables, also as text -> the options of istio_exposures, and what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.plugin_utils._roles.exposures_request import exposures_request

SHOP = {"name": "shop", "namespace": "shop"}


def request(**variables: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "exposures_list": None,
        "exposures_src": "",
        "exposures_defaults": {},
        "exposures_prune_namespaces": [],
        "exposures_prune_label_selectors": [],
    }
    return exposures_request({**defaults, **variables})


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"exposures_list": [SHOP]}, {"exposures": [SHOP]}),
        ({"exposures_list": "[{name: shop, namespace: shop}]"}, {"exposures": [SHOP]}),
        ({"exposures_list": ""}, {"exposures": []}),
        ({"exposures_defaults": "service: web"}, {"defaults": {"service": "web"}}),
        ({"exposures_defaults": "# nothing"}, {"defaults": {}}),
        ({"exposures_src": "list.yml"}, {"src": "list.yml"}),
        ({}, {"prune": {}}),
        (
            {
                "exposures_list": [SHOP],
                "exposures_prune_namespaces": "shop, blog,",
                "exposures_prune_label_selectors": "team=a\n app in (b, c)\n",
            },
            {"prune": {"namespaces": ["shop", "blog"], "label_selectors": ["team=a", "app in (b, c)"]}},
        ),
        (
            {"exposures_list": [], "exposures_prune_namespaces": ["*"]},
            {"exposures": [], "prune": {"namespaces": ["*"], "label_selectors": []}},
        ),
        ({"exposures_list": "[]", "exposures_prune_namespaces": "shop"}, {"exposures": []}),
        ({"exposures_src": "list.yml", "exposures_prune_namespaces": "shop"}, {"src": "list.yml"}),
    ],
)
def test_options(variables: dict[str, Any], expected: dict[str, Any]) -> None:
    result = request(**variables)
    assert {name: result[name] for name in expected} == expected
    assert result["problems"] == []


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        *(
            (
                {"exposures_list": not_given, "exposures_prune_namespaces": ["shop"]},
                (
                    "exposures_list: it is not given, and with exposures_prune_namespaces every exposure in these "
                    "namespaces would be removed; give the list, or write [] to remove them all."
                ),
            )
            for not_given in (None, "", "# nothing")
        ),
        (
            {"exposures_src": "list.yml", "exposures_list": [SHOP]},
            "exposures_src: exposures_list has exposures, too; give only one of them.",
        ),
        (
            {"exposures_list": "shop"},
            (
                "exposures_list: it must be a list with a dictionary for each exposure, such as [{name: shop, "
                "namespace: shop, hosts: [shop.example.com], service: web}]."
            ),
        ),
        (
            {"exposures_list": [1]},
            (
                "exposures_list: it must be a list with a dictionary for each exposure, such as [{name: shop, "
                "namespace: shop, hosts: [shop.example.com], service: web}]."
            ),
        ),
        (
            {"exposures_defaults": "[web]"},
            "exposures_defaults: it must be a dictionary with options of istio_exposure.",
        ),
        (
            {"exposures_prune_label_selectors": "team=shop"},
            (
                "exposures_prune_label_selectors: they only narrow exposures_prune_namespaces; name namespaces there, "
                "or '*'."
            ),
        ),
    ],
)
def test_problems(variables: dict[str, Any], problem: str) -> None:
    assert request(**variables)["problems"] == [problem]


def test_text_that_is_not_yaml() -> None:
    (problem,) = request(exposures_list="a: [")["problems"]
    assert problem.startswith("exposures_list: it is not valid YAML: while parsing a flow")
    assert "\n" not in problem
