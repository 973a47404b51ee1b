# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role exposures: variables -> the options of istio_exposures, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.plugin_utils._roles.exposures_request import exposures_request
from ansible_collections.gatehouse.istio.plugins.plugin_utils._variables.variables import read

SHOP = {"name": "shop", "namespace": "shop"}


def request(places: Sequence[str] = (), found: str = "", **variables: Any) -> dict[str, Any]:
    return exposures_request(read("exposures", variables.get).values, places, found)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"exposures_list": [SHOP]}, {"exposures": [SHOP]}),
        ({"exposures_list": None}, {"exposures": []}),
        ({"exposures_defaults": {"service": "web"}}, {"defaults": {"service": "web"}}),
        ({"exposures_src": "list.yml"}, {"src": "list.yml"}),
        ({}, {"prune": {}}),
        (
            {
                "exposures_list": [SHOP],
                "exposures_prune_namespaces": ["shop", "blog"],
                "exposures_prune_label_selectors": ["team=a", "app in (b, c)"],
            },
            {"prune": {"namespaces": ["shop", "blog"], "label_selectors": ["team=a", "app in (b, c)"]}},
        ),
        (
            {"exposures_list": [], "exposures_prune_namespaces": ["*"]},
            {"exposures": [], "prune": {"namespaces": ["*"], "label_selectors": []}},
        ),
        ({"exposures_list": [], "exposures_prune_namespaces": ["shop"]}, {"exposures": []}),
        ({"exposures_src": "list.yml", "exposures_prune_namespaces": ["shop"]}, {"src": "list.yml"}),
    ],
)
def test_options(variables: dict[str, Any], expected: dict[str, Any]) -> None:
    result = request(**variables)
    assert {name: result[name] for name in expected} == expected
    assert result["problems"] == []


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        (
            {"exposures_list": None, "exposures_prune_namespaces": ["shop"]},
            (
                "exposures_list: it is not given, and with exposures_prune_namespaces every exposure in these "
                "namespaces would be removed; give the list, or write [] to remove them all."
            ),
        ),
        (
            {"exposures_src": "list.yml", "exposures_list": [SHOP]},
            "exposures_src: exposures_list has exposures, too; give only one of them.",
        ),
        (
            {"exposures_prune_label_selectors": ["team=shop"]},
            (
                "exposures_prune_label_selectors: they only narrow exposures_prune_namespaces; name namespaces there, "
                "or '*'."
            ),
        ),
    ],
)
def test_problems(variables: dict[str, Any], problem: str) -> None:
    assert request(**variables)["problems"] == [problem]


def test_a_file_is_where_it_was_found() -> None:
    places = ["/plays/list.yml", "/home/list.yml"]
    assert request(places, "/home/list.yml", exposures_src="list.yml")["src"] == "/home/list.yml"
    (problem,) = request(places, exposures_src="list.yml")["problems"]
    assert problem == (
        "exposures_src: list.yml does not exist; it was looked for at /plays/list.yml and /home/list.yml on the "
        "machine that runs Ansible."
    )
    assert request(exposures_src="list.yml")["problems"] == []
