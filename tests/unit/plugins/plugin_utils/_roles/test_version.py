# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version of a collection, built or as a checkout."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.gatehouse.istio.plugins.plugin_utils._roles.version import collection_version

ROOT = Path(__file__).parents[5]


def test_an_installed_collection() -> None:
    major, minor, *_rest = collection_version("kubernetes.core").split(".")
    assert (int(major), int(minor)) >= (6, 5)


def test_a_checkout() -> None:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    assert collection_version("gatehouse.istio") == galaxy["version"]


@pytest.mark.parametrize("name", ["kubernetes.nothing", "nobody.nothing"])
def test_a_missing_collection_has_no_version(name: str) -> None:
    assert collection_version(name) == ""
