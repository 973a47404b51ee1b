# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When `make setup` takes the virtual environment as it is, and what it says when it cannot make one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from setup import environment


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A virtual environment whose Python only says its version, and the requirements it was made of."""
    monkeypatch.setattr(environment, "VENV", tmp_path / "venv")
    monkeypatch.setattr(environment, "REQUIREMENTS", tmp_path / "requirements.txt")
    environment.REQUIREMENTS.write_text("pytest==1\n", encoding="ascii")
    python(tmp_path / "venv", "echo 3.13.0")
    return tmp_path / "venv"


def python(venv: Path, behaviour: str) -> None:
    (venv / "bin").mkdir(parents=True, exist_ok=True)
    (venv / "bin" / "python").write_text(f"#!/bin/sh\n{behaviour}\n", encoding="ascii")
    (venv / "bin" / "python").chmod(0o755)


def test_the_state_is_that_of_the_requirements_and_of_the_python(venv: Path) -> None:
    before = environment.venv_state()
    assert before == environment.venv_state()
    environment.REQUIREMENTS.write_text("pytest==2\n", encoding="ascii")
    after = environment.venv_state()
    assert after != before
    python(venv, "echo 3.13.1")
    assert environment.venv_state() not in {before, after, None}


@pytest.mark.parametrize("behaviour", ["exit 1", "kill -9 $$"])
def test_a_python_that_is_too_old_or_broken_has_no_state(venv: Path, behaviour: str) -> None:
    python(venv, behaviour)
    assert environment.venv_state() is None


def test_a_python_that_was_removed_has_no_state(venv: Path) -> None:
    (venv / "bin" / "python").unlink()
    (venv / "bin" / "python").symlink_to(venv / "gone")
    assert environment.venv_state() is None


def test_without_root_the_missing_venv_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    with pytest.raises(environment.SetupError, match=f"'sudo apt-get install {package}'"):
        environment.install_venv_module()


def test_a_link_is_replaced(tmp_path: Path) -> None:
    link = tmp_path / "ansible_collections" / "gatehouse" / "istio"
    environment.link(link, tmp_path / "one")
    environment.link(link, tmp_path / "two")
    assert link.readlink() == tmp_path / "two"
    assert list(link.parent.iterdir()) == [link]
