# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests' DNS server: where its programs come from, and its configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster import bind, debian, dns
from cluster.errors import ClusterError


def program(directory: Path, name: str, text: str = "") -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def test_the_machines_own_programs_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = program(tmp_path / "path", "named"), program(tmp_path / "path", "nsupdate")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    assert bind.prepare(tmp_path / "cache", print) == bind.Bind(*own)
    assert not (tmp_path / "cache").exists()


def test_what_the_machine_lacks_is_unpacked() -> None:
    answer = """\
NOTE: This is only a simulation!
The following NEW packages will be installed:
  bind9 libuv1
Inst libuv1 (1.44.2-1 Debian:12 [amd64])
Inst bind9 [1:9.18.1] (1:9.18.49-1 Debian:12 [amd64])
Conf bind9 (1:9.18.49-1 Debian:12 [amd64])
"""
    assert debian.to_install(answer) == ["libuv1", "bind9"]


def test_unpacked_programs_find_their_libraries(tmp_path: Path) -> None:
    libraries = tmp_path / "usr" / "lib" / "x86_64-linux-gnu"
    libraries.mkdir(parents=True)
    found = bind.unpacked(tmp_path)
    assert found.named == tmp_path / "usr" / "sbin" / "named"
    assert found.environment == {"LD_LIBRARY_PATH": str(libraries)}


def test_a_machine_without_bind_and_without_its_packages_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "path", "apt-get", "echo 'E: Unable to locate package bind9' >&2; exit 100")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(bind, "SYSTEM", str(tmp_path / "none"))
    with pytest.raises(ClusterError, match=r"Unable to locate package bind9\): install bind9 and bind9-dnsutils"):
        bind.prepare(tmp_path / "cache", print)
    assert not (tmp_path / "cache" / "tools" / "bind").exists()


def test_the_server_is_this_hosts_only_and_its_zones_want_the_key() -> None:
    text = dns.configuration(Path("/d"), 5353, "k")
    assert "listen-on port 5353 { 127.0.0.1; };" in text
    assert text.count("update-policy { grant k zonesub ANY; };") == len(dns.ZONES)
    assert "secret" not in text
