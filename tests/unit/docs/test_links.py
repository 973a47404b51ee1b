# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of links finds what leads nowhere, and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from docs import links, markdown
from docs.repository import Repository

ADDRESS = "https://github.com/example/collection/blob/main/"
FILES = {
    "galaxy.yml": "repository: https://github.com/example/collection\nbuild_ignore: [.*, tests]\n",
    "docs/guide.md": "# A guide\n\n## It's `code`, and more\n\n## Twice\n\n## Twice\n",
    "tests/README.md": "# Tests\n",
}


def complaints(root: Path, **documents: str) -> list[str]:
    """What the check says of a repository with these documents, whose names have no suffix."""
    texts = FILES | {f"{name.replace('__', '/')}.md": text for name, text in documents.items()}
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    return list(links.complaints(Repository(root)))


@pytest.mark.parametrize(
    "link",
    [
        "[a](docs/guide.md)",
        "[a](docs)",
        "[a](docs/guide.md#its-code-and-more)",
        "[a](docs/guide.md#twice-1)",
        "# Here\n\n[a](#here)",
        '<a id="there"></a>[a](#there)',
        "[a](https://example.com/docs/none.md#nowhere)",
        "`[a](none.md)`",
        "```\n[a](none.md)\n```",
        f"[a]({ADDRESS}tests/README.md#tests)",
    ],
)
def test_a_link_that_leads_somewhere(tmp_path: Path, link: str) -> None:
    assert complaints(tmp_path, README=link) == []


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("[a](none.md)", "README.md:1: none.md: there is no none.md."),
        ("\n\n[a](docs/none.md#x)", "README.md:3: docs/none.md#x: there is no docs/none.md."),
        ("![a](none.png)", "README.md:1: none.png: there is no none.png."),
        ('<img src="none.png">', "README.md:1: none.png: there is no none.png."),
        ("[a](../outside.md)", "README.md:1: ../outside.md: there is no ../outside.md."),
        ("[a](#none)", "README.md:1: #none: README.md has no heading 'none'."),
        ("[a](docs/guide.md#twice-2)", "README.md:1: docs/guide.md#twice-2: docs/guide.md has no heading 'twice-2'."),
        (
            "[a](tests/README.md)",
            (
                "README.md:1: tests/README.md: tests/README.md is not in the collection's archive, but this document "
                f"is: link to {ADDRESS}tests/README.md."
            ),
        ),
        (f"[a]({ADDRESS}none.md)", f"README.md:1: {ADDRESS}none.md: there is no none.md."),
        (
            f"`{ADDRESS}docs/guide.md#none`",
            f"README.md:1: {ADDRESS}docs/guide.md#none: docs/guide.md has no heading 'none'.",
        ),
    ],
)
def test_a_link_that_leads_nowhere(tmp_path: Path, link: str, expected: str) -> None:
    assert complaints(tmp_path, README=link) == [expected]


def test_a_link_is_relative_to_its_document(tmp_path: Path) -> None:
    assert complaints(tmp_path, tests__other="[a](README.md) [b](../docs/guide.md) [c](/docs/guide.md)") == [
        "tests/other.md:1: /docs/guide.md: there is no /docs/guide.md."
    ]


def test_anchors_are_those_of_github() -> None:
    text = '# What `x-y` *is*, [and](b.md) "isn\'t"\n\nUnder_score\n===========\n'
    assert markdown.anchors(text) == {"what-x-y-is-and-isnt", "under_score"}
