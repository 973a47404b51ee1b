# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BIND: the machine's own, or Debian's packages unpacked into the cache."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cluster.errors import ClusterError
from cluster.layout import exclusive

Say = Callable[[str], None]
# Users who are not root seldom have all of these on PATH.
SYSTEM = "/usr/sbin:/usr/bin"
_NAMED, _NSUPDATE = "usr/sbin/named", "usr/bin/nsupdate"
_PACKAGES = ("bind9", "bind9-dnsutils")


@dataclass(frozen=True)
class Bind:
    """The server, the program that changes its zones, and what both need in their environment."""

    named: Path
    nsupdate: Path
    environment: dict[str, str] = field(default_factory=dict)


def prepare(cache: Path, say: Say) -> Bind:
    """BIND's programs; if the machine has none, packages are unpacked, for which no root is needed."""
    search = f"{os.environ.get('PATH', '')}:{SYSTEM}"
    named, nsupdate = shutil.which("named", path=search), shutil.which("nsupdate", path=search)
    if named and nsupdate:
        return Bind(Path(named), Path(nsupdate))
    target = cache / "tools" / "bind"
    target.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(cache / "tools" / "lock", lambda: say("Waiting for another build into this cache ...")):
        if not target.exists():
            _unpack(target, say)
    return unpacked(target)


def unpacked(directory: Path) -> Bind:
    """The programs of the unpacked packages, with the libraries that lie beside them."""
    libraries = [str(path) for path in sorted(directory.glob("usr/lib/*-linux-gnu*"))]
    return Bind(directory / _NAMED, directory / _NSUPDATE, {"LD_LIBRARY_PATH": os.pathsep.join(libraries)})


def to_install(answer: str) -> list[str]:
    """The packages that `apt-get --simulate install` would install: the machine lacks these."""
    return re.findall(r"^Inst (\S+)", answer, re.MULTILINE)


def _unpack(target: Path, say: Say) -> None:
    started = time.monotonic()
    say("bind: downloading Debian's packages ...")
    unfinished = target.with_name(".bind.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    archives = unfinished / "archives"
    archives.mkdir(parents=True)
    answer = _run(archives, "apt-get", "--simulate", "--no-install-recommends", "install", *_PACKAGES)
    _run(archives, "apt-get", "download", *to_install(answer))
    for archive in archives.glob("*.deb"):
        _run(unfinished, "dpkg-deb", "--extract", str(archive), str(unfinished))
    shutil.rmtree(archives)
    unfinished.replace(target)
    say(f"bind: unpacked in {time.monotonic() - started:.0f} s")


def _run(directory: Path, *command: str) -> str:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        reason = done.stderr.strip()[-500:]
    except (OSError, subprocess.TimeoutExpired) as error:
        done, reason = None, str(error)
    if done is None or done.returncode != 0:
        raise ClusterError(
            "The tests of ACME need BIND (named and nsupdate); they are neither on PATH, nor could Debian's packages "
            f"be unpacked (`{' '.join(command[:2])}`: {reason}): install bind9 and bind9-dnsutils (elsewhere called "
            "bind and bind-utils), or run `apt-get update` first if the packages are only unknown or outdated."
        )
    return done.stdout
