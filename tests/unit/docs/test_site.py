# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the site has of our documents, and where their links lead there."""

from __future__ import annotations

import re

import pytest

from docs import site
from docs.repository import Repository

REPOSITORY = Repository()


def test_every_document_has_a_page_but_templates_of_github() -> None:
    pages = site.pages(REPOSITORY)
    assert {"README.md", "CONTRIBUTING.md", "docs/findings.md", "roles/istio/README.md"} <= set(pages)
    assert not [page for page in pages if page.startswith(".")]


def test_the_index_has_every_page() -> None:
    index = re.split(r"[\s<>]+", (site.HERE / "index.rst").read_text(encoding="utf-8"))
    assert {page.removesuffix(".md") for page in site.pages(REPOSITORY)} <= set(index)


def test_other_sites_of_the_collection_list_every_guide() -> None:
    guides = (REPOSITORY.root / "docs/docsite/rst/guides.rst").read_text(encoding="utf-8")
    shipped = [page for page in site.pages(REPOSITORY) if page.startswith(("docs/", "roles/"))]
    assert [page for page in shipped if f"<{REPOSITORY.address}{page}>" not in guides] == []


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("[a](findings.md#errors)", "[a](findings.md#errors)"),
        ("![a](report.png)", "![a](report.png)"),
        ("[a](#errors)", "[a](#errors)"),
        ("[a](https://example.com)", "[a](https://example.com)"),
        ("[a](../plugins/modules)", f"[a]({REPOSITORY.address}plugins/modules)"),
    ],
)
def test_what_the_site_does_not_have_is_on_github(link: str, expected: str) -> None:
    assert site.with_addresses(REPOSITORY, "docs/report.md", link) == expected


def test_what_ships() -> None:
    shipped = ["docs/findings.md", "docs/docsite/links.yml", "README.md", "roles/istio/README.md", "plugins"]
    assert [name for name in shipped if not REPOSITORY.ships(name)] == []
    private = ["tests/cluster/README.md", "CONTRIBUTING.md", ".github/workflows/ci.yml", "changelogs/fragments/.keep"]
    assert [name for name in private if REPOSITORY.ships(name)] == []
