# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the architecture: which package of module_utils may import from which."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

MODULE_UTILS = Path(__file__).resolve().parents[4] / "plugins" / "module_utils"
# A package imports only from itself and from those above it, see docs/architecture.md.
ORDER = (
    "_argspec",
    "_task",
    "_kubernetes",
    "_mesh",
    "_istio",
    "_analysis",
    "_checks",
    "_options",
    "_manifests",
    "_wait",
    "_plan",
    "_info",
    "_apply",
    "_flows",
)
# The API server is reached through the client, and gateways through the probe, and by nobody else.
MODULES_WITH_IO = {
    "kubernetes": {"_kubernetes/client.py", "_kubernetes/credentials.py"},
    "urllib3": {"_kubernetes/client.py", "_kubernetes/credentials.py"},
    "socket": {"_wait/probe.py"},
    "http": {"_wait/probe.py"},
}
# They work on what they are given, so that tables can test them.
PURE = ("_analysis", "_checks", "_manifests")
FILES = sorted(MODULE_UTILS.rglob("*.py"))


def place(path: Path) -> str:
    return path.relative_to(MODULE_UTILS).as_posix()


def package(path: Path) -> str:
    return path.relative_to(MODULE_UTILS).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node


def imported_package(path: Path, node: ast.ImportFrom) -> str:
    is_inside = path.parent != MODULE_UTILS and node.level == 1
    return package(path) if is_inside else (node.module or "").split(".")[0]


def outside_modules(path: Path) -> Iterator[str]:
    for node in imports(path):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif node.level == 0:
            yield (node.module or "").split(".")[0]


def test_these_are_all_packages() -> None:
    assert {package(path) for path in FILES} == set(ORDER)


@pytest.mark.parametrize("path", FILES, ids=place)
def test_imports_go_one_way(path: Path) -> None:
    relative = [node for node in imports(path) if isinstance(node, ast.ImportFrom) and node.level]
    names = {imported_package(path, node) for node in relative}
    allowed = ORDER[: ORDER.index(package(path)) + 1]
    assert names - set(allowed) == set()


@pytest.mark.parametrize("path", FILES, ids=place)
def test_imports_of_the_collection_are_relative(path: Path) -> None:
    absolute = [node.module for node in imports(path) if isinstance(node, ast.ImportFrom) and not node.level]
    assert [name for name in absolute if name and name.startswith("ansible_collections.gatehouse")] == []


@pytest.mark.parametrize(("module", "allowed"), MODULES_WITH_IO.items())
def test_only_two_places_reach_out(module: str, allowed: set[str]) -> None:
    assert {place(path) for path in FILES if module in outside_modules(path)} == allowed


@pytest.mark.parametrize("path", [path for path in FILES if package(path) in PURE], ids=place)
def test_checks_and_manifests_are_pure(path: Path) -> None:
    names = {node.module for node in imports(path) if isinstance(node, ast.ImportFrom) and node.level}
    assert not names & {"_kubernetes.client", "_kubernetes.reader"}
    assert not set(outside_modules(path)) & {"os", "pathlib", "threading", "time"}
