# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Python `make setup` takes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "setup" / "find-python.sh"
NEW_ENOUGH, TOO_OLD, SHIM = "exit 0", "exit 1", "echo 'pyenv: command not found' >&2; exit 127"


def python(path: Path, behaviour: str) -> Path:
    """Something that calls itself Python."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{behaviour}\n", encoding="ascii")
    path.chmod(0o755)
    return path


def find(home: Path, *directories: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = ":".join(str(directory) for directory in directories)
    return subprocess.run(
        [SCRIPT], env={"HOME": str(home), "PATH": path} | environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("behaviour", [TOO_OLD, SHIM])
def test_a_python_that_is_too_old_or_only_a_shim_is_passed_over(tmp_path: Path, behaviour: str) -> None:
    python(tmp_path / "shims" / "python3.13", behaviour)
    good = python(tmp_path / "bin" / "python3.13", NEW_ENOUGH)
    assert find(tmp_path, tmp_path / "shims", good.parent).stdout == f"{good}\n"


def test_a_directory_with_a_space_on_path(tmp_path: Path) -> None:
    good = python(tmp_path / "my programs" / "python3", NEW_ENOUGH)
    assert find(tmp_path, good.parent).stdout == f"{good}\n"


def test_a_newer_python_later_on_path_comes_first(tmp_path: Path) -> None:
    older = python(tmp_path / "a" / "python3.12", NEW_ENOUGH)
    newer = python(tmp_path / "b" / "python3.14", NEW_ENOUGH)
    assert find(tmp_path, older.parent, newer.parent).stdout == f"{newer}\n"


def test_pyenvs_versions_are_found_where_pyenv_is_not_on_path(tmp_path: Path) -> None:
    python(tmp_path / ".pyenv" / "versions" / "3.11.7" / "bin" / "python3", TOO_OLD)
    good = python(tmp_path / ".pyenv" / "versions" / "3.12.1" / "bin" / "python3", NEW_ENOUGH)
    assert find(tmp_path, tmp_path / "nothing").stdout == f"{good}\n"


def test_pyenv_root_is_heeded(tmp_path: Path) -> None:
    good = python(tmp_path / "opt" / "versions" / "3.13.0" / "bin" / "python3", NEW_ENOUGH)
    assert find(tmp_path, tmp_path / "nothing", PYENV_ROOT=str(tmp_path / "opt")).stdout == f"{good}\n"


def test_a_named_python_wins(tmp_path: Path) -> None:
    python(tmp_path / "bin" / "python3.13", NEW_ENOUGH)
    named = python(tmp_path / "mine" / "python", NEW_ENOUGH)
    assert find(tmp_path, tmp_path / "bin", GATEHOUSE_PYTHON=str(named)).stdout == f"{named}\n"


def test_a_named_python_that_will_not_do_is_refused(tmp_path: Path) -> None:
    python(tmp_path / "bin" / "python3.13", NEW_ENOUGH)
    named = python(tmp_path / "mine" / "python", TOO_OLD)
    found = find(tmp_path, tmp_path / "bin", GATEHOUSE_PYTHON=str(named))
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == f"GATEHOUSE_PYTHON is {named}, which does not run or is older than Python 3.12.\n"


def test_no_python_is_one_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    found = find(tmp_path, tmp_path / "nothing")
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith("No Python 3.12 or newer was found on PATH or among pyenv's versions: install one")
    assert found.stderr.count("\n") == 1
