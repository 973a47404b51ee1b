# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the documentation as a site: the reference by antsibull-docs, the guides as they are, together by Sphinx."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from cluster.layout import cache_directory
from docs import markdown, references
from docs.links import relative_path
from docs.repository import Repository

HERE = Path(__file__).resolve().parent
# As the collection's path in the site: antsibull-docs writes the reference there.
REFERENCE = "reference"


def pages(repository: Repository) -> list[str]:
    """The documents that the site has besides the reference, at the paths that they have in the repository."""
    return sorted(name for name in repository.files if name.endswith(".md") and not name.startswith("."))


def with_addresses(repository: Repository, name: str, text: str) -> str:
    """Links to what the site does not have, such as code, lead to GitHub."""
    in_site = set(pages(repository))
    for link in markdown.links(text):
        path, _anchor = relative_path(name, link.target) or ("", "")
        if path and path not in in_site and Path(path).suffix not in (".png", ".svg"):
            text = text.replace(f"]({link.target})", f"]({repository.address}{path})")
    return text


def _write_sources(repository: Repository, target: Path) -> None:
    for name in pages(repository):
        page = target / name
        page.parent.mkdir(parents=True, exist_ok=True)
        text = (repository.root / name).read_text(encoding="utf-8")
        page.write_text(with_addresses(repository, name, text), encoding="utf-8")
    for name in repository.files:
        if name.startswith("docs/") and name.endswith((".png", ".svg")):
            shutil.copy2(repository.root / name, target / name)
    shutil.copy2(HERE / "index.rst", target)


def main() -> int:
    directory = cache_directory() / "docs"
    sources, site = directory / "source", directory / "html"
    shutil.rmtree(directory, ignore_errors=True)
    if not references.write_pages(sources / REFERENCE):
        return 1
    _write_sources(Repository(), sources)
    options = ["--quiet", "--fail-on-warning", "--keep-going", "--jobs", "auto", "--conf-dir", str(HERE)]
    command = [sys.executable, "-m", "sphinx", *options, "--doctree-dir", str(directory / "doctrees")]
    if subprocess.run([*command, str(sources), str(site)], check=False).returncode != 0:
        return 1
    print(site / "index.html")
    return 0
