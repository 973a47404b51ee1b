# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages for contributors name packages and files that exist, also after the next renaming."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.repository import ROOT

MODULE_UTILS = ROOT / "plugins" / "module_utils"
PLUGIN_UTILS = ROOT / "plugins" / "plugin_utils"


def in_code(page: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", (ROOT / page).read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_files_and_directories_exist(page: str) -> None:
    names = {name for name in in_code(page) if re.fullmatch(r"(_[a-z]+|plugins|tests)(/\w+)*(\.\w+)?", name)}
    assert len(names) > 10
    assert [name for name in names if not any(map(exists, places(name)))] == []


def places(name: str) -> list[Path]:
    return [MODULE_UTILS / name, PLUGIN_UTILS / name] if name.startswith("_") else [ROOT / name]


def exists(path: Path) -> bool:
    return path.exists() or path.with_suffix(".py").exists()


def test_the_architecture_has_every_package() -> None:
    packages = {path.parent.name for utils in (MODULE_UTILS, PLUGIN_UTILS) for path in utils.glob("*/*.py")}
    assert packages - in_code("docs/architecture.md") == set()
