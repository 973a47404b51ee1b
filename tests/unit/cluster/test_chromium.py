# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the tests' Chromium comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster import chromium
from cluster.chromium import Chromium
from cluster.errors import ClusterError


def program(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def test_the_machines_own_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = program(tmp_path / "path" / "google-chrome", "")
    monkeypatch.setenv("PATH", str(own.parent))
    assert chromium.prepare(tmp_path / "cache", print) == Chromium(own)
    assert not (tmp_path / "cache").exists()


def test_what_was_unpacked_has_its_libraries_and_fonts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked = tmp_path / "tools" / "chromium"
    libraries = unpacked / "usr" / "lib" / "x86_64-linux-gnu"
    (libraries / "pulseaudio").mkdir(parents=True)
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    found = chromium.prepare(tmp_path, print)
    assert found.program.is_relative_to(unpacked)
    assert found.environment["LD_LIBRARY_PATH"] == f"{libraries}:{libraries / 'pulseaudio'}"
    assert f"<dir>{unpacked}/usr/share/fonts</dir>" in Path(found.environment["FONTCONFIG_FILE"]).read_text()


def test_without_it_and_its_packages_the_reason_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "path" / "apt-get", "echo 'E: Unable to locate package chromium-headless-shell' >&2; exit 100")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    with pytest.raises(ClusterError, match=r"There is no Chromium on PATH, .*Unable to locate package .*: install"):
        chromium.prepare(tmp_path / "cache", print)


def test_a_failure_is_said(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    with pytest.raises(ClusterError, match="no display"):
        Chromium(program(tmp_path / "fails", "echo no display >&2; exit 1")).load(page)
    with pytest.raises(ClusterError, match="has made no picture"):
        Chromium(program(tmp_path / "idle", "")).screenshot(page, tmp_path / "a.png", 1, 1)
