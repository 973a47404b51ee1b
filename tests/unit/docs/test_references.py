# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The copy of the collection that antsibull-docs gets."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from docs import references
from docs.repository import Repository


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"c": 2}, "d": 3}),
        ({"a": {"c": 2}}, {"a": {"c": 2}}),
        ({"d": 3}, {"d": 3}),
    ],
)
def test_a_key_is_removed_where_it_is(tmp_path: Path, before: object, after: object) -> None:
    file = tmp_path / "a.yml"
    file.write_text(yaml.safe_dump(before), encoding="utf-8")
    references.without(file, "a", "b")
    assert yaml.safe_load(file.read_text(encoding="utf-8")) == after


def test_the_copy_has_what_git_lists(tmp_path: Path) -> None:
    repository = Repository()
    references.copy_collection(repository, tmp_path)
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == repository.files
    assert "action:" not in (tmp_path / "meta" / "runtime.yml").read_text(encoding="utf-8")
