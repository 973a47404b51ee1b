# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs antsibull-docs: to check the documentation of modules, filters and roles, or to make pages of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from cluster.layout import cache_directory
from docs.repository import Repository

NAME = "gatehouse.istio"


def without(path: Path, *keys: str) -> None:
    """Remove the value at these keys, each below the one before it, from a YAML file."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    parent = content
    for key in keys[:-1]:
        parent = parent.get(key, {})
    parent.pop(keys[-1], None)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")


def copy_collection(repository: Repository, target: Path) -> None:
    for name in repository.files:
        copied = target / name
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(repository.root / name, copied)
    # antsibull-docs takes an action's redirect for the module's, and would look for our options in kubernetes.core's.
    without(target / "meta" / "runtime.yml", "plugin_routing", "action")
    # With this, its check writes the name of its temporary directory into the pages: if that ends with "_", as one of
    # 37 does, it is a reference in reStructuredText, to nothing.
    without(target / "docs" / "docsite" / "links.yml", "edit_on_github")


@contextmanager
def _staged() -> Iterator[tuple[Path, dict[str, str]]]:
    """A copy of the collection beside kubernetes.core, outside of any git repository, and the environment to use it."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-docs-") as scratch:
        collections = Path(scratch) / "ansible_collections"
        collection = collections.joinpath(*NAME.split("."))
        copy_collection(Repository(), collection)
        kubernetes = cache_directory() / "collections" / "ansible_collections" / "kubernetes" / "core"
        (collections / "kubernetes").mkdir()
        (collections / "kubernetes" / "core").symlink_to(kubernetes.resolve(), target_is_directory=True)
        environment = os.environ | {
            "ANSIBLE_COLLECTIONS_PATH": scratch,
            "PYTHONPATH": scratch,  # Ansible finds collections there, too
            # antsibull-docs copies what git lists; kubernetes.core is in a directory that our .gitignore names.
            "GIT_CEILING_DIRECTORIES": str(kubernetes.resolve().parent),
        }
        yield collection, environment


def _antsibull_docs(*arguments: str, environment: dict[str, str], directory: Path) -> int:
    program = Path(sys.executable).parent / "antsibull-docs"
    return subprocess.run([program, *arguments], cwd=directory, env=environment, check=False).returncode


def write_pages(target: Path) -> bool:
    """Write a page for each module, filter and role, and an index, as reStructuredText."""
    target.mkdir(mode=0o755, parents=True)
    options = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir", str(target)]
    with _staged() as (collection, environment):
        return _antsibull_docs("collection", *options, NAME, environment=environment, directory=collection) == 0


def main() -> int:
    """Check what the documentation refers to: options, return values, modules, filters, roles, our extra pages."""
    # Unknown collections are allowed: kubernetes.core's options, which are ours, too, mention one of community.okd.
    options = ["--plugin-docs", "--check-extra-docs-refs", "--validate-collection-refs", "dependent"]
    with _staged() as (collection, environment):
        return _antsibull_docs("lint-collection-docs", *options, ".", environment=environment, directory=collection)
