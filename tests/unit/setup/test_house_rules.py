# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The house rules find what they are for."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup import house_rules

LONG_FUNCTION = "def f() -> None:\n" + "    pass\n" * house_rules.MAX_FUNCTION_LINES
LONGEST_FUNCTION = "def f() -> None:\n" + "    pass\n" * (house_rules.MAX_FUNCTION_LINES - 1)
LONG_FILE = "\n" * house_rules.MAX_FILE_LINES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (house_rules.HEADER + LONGEST_FUNCTION, []),
        ("#!/usr/bin/env python\n" + house_rules.HEADER, []),
        ("print()\n", ["a.py:1: does not begin with the licence header that the other files have."]),
        (house_rules.HEADER + LONG_FUNCTION, ["a.py:4: f() has 61 lines; split it, 60 are the most."]),
        (house_rules.HEADER + LONG_FILE, ["a.py: has 403 lines; split it, 400 are the most."]),
    ],
)
def test_complaints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: list[str]) -> None:
    monkeypatch.setattr(house_rules, "ROOT", tmp_path)
    (tmp_path / "a.py").write_text(text, encoding="ascii")
    assert list(house_rules.complaints(tmp_path / "a.py")) == expected


@pytest.mark.parametrize(
    ("package", "count", "expected"),
    [
        ("plugins/module_utils/_checks", 14, []),
        (
            "plugins/module_utils/_checks",
            15,
            ["plugins/module_utils/_checks: has 15 Python files; split it, 14 are the most."],
        ),
        ("plugins/plugin_utils", 15, ["plugins/plugin_utils: has 15 Python files; split it, 14 are the most."]),
        ("tests/cluster", 15, []),
    ],
)
def test_package_complaints(package: str, count: int, expected: list[str]) -> None:
    paths = [house_rules.ROOT / package / f"file_{number}.py" for number in range(count)]
    assert list(house_rules.package_complaints([*paths, house_rules.ROOT / package / "run.sh"])) == expected
