# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the registry of checks against the page that users read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.gatehouse.istio.plugins.module_utils._analysis.finding import ERROR, FINDINGS_URL, WARNING
from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import CHECKS, LEVELS

ROOT = Path(__file__).resolve().parents[5]
PAGE = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")


def test_every_code_and_every_function_is_there_once() -> None:
    assert len(LEVELS) == len({check.find for check in CHECKS}) == len(CHECKS)
    assert set(LEVELS.values()) <= {ERROR, WARNING}


def test_each_check_has_a_mistake_that_it_finds() -> None:
    tables = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert set(re.findall(r'(?:code=|assert \(?finding.code.*?== \(?)"([a-z-]+)"', tables)) == set(LEVELS)


def test_summaries_are_sentences() -> None:
    assert [check.code for check in CHECKS if not re.fullmatch(r"([A-Z]|istiod ).*[^.]\.", check.summary)] == []


def test_the_page_has_a_section_for_each_check_under_its_level() -> None:
    _intro, errors, warnings = re.split(r"^## (?:Errors|Warnings)$", PAGE, flags=re.MULTILINE)
    sections = {
        heading: level
        for text, level in ((errors, ERROR), (warnings, WARNING))
        for heading in re.findall(r"^### (.+)$", text, flags=re.MULTILINE)
    }
    assert sections == LEVELS


@pytest.mark.parametrize("section", PAGE.split("\n### ")[1:], ids=lambda section: section.partition("\n")[0])
def test_each_section_says_what_happens_and_why_and_what_to_do(section: str) -> None:
    assert [part for part in ("**What happens:**", "**Why:**", "**Fix:**") if part not in section] == []


def test_messages_name_the_page_where_the_documentation_is() -> None:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    documentation, _slash, _page = galaxy["documentation"].rpartition("/")
    assert FINDINGS_URL.startswith(documentation)
    assert FINDINGS_URL.endswith("/docs/findings.md")
