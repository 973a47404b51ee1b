# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's packages, unpacked into the cache, which needs no root and does not change the host."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from cluster.errors import ClusterError
from cluster.layout import exclusive

Say = Callable[[str], None]
# libpulse searches for its second library only at its installed path.
_PULSEAUDIO = "usr/lib/*-linux-gnu*/pulseaudio"


def unpack(cache: Path, name: str, packages: Iterable[str], say: Say) -> Path:
    """Unpack these packages, and missing ones that they need. Returns their directory in the cache.

    Raises ClusterError with what failed and why; the caller adds the purpose.
    """
    target = cache / "tools" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(cache / "tools" / "lock", lambda: say("Waiting for another build into this cache ...")):
        if not target.exists():
            _unpack(target, packages, say)
    return target


def libraries(directory: Path) -> dict[str, str]:
    """The environment in which unpacked programs find their unpacked libraries."""
    found = [str(path) for path in sorted(directory.glob("usr/lib/*-linux-gnu*")) + sorted(directory.glob(_PULSEAUDIO))]
    return {"LD_LIBRARY_PATH": os.pathsep.join(found)}


def to_install(answer: str) -> list[str]:
    """The packages that `apt-get --simulate install` would install, which the host lacks."""
    return re.findall(r"^Inst (\S+)", answer, re.MULTILINE)


def _unpack(target: Path, packages: Iterable[str], say: Say) -> None:
    started = time.monotonic()
    say(f"{target.name}: downloading Debian's packages ...")
    unfinished = target.with_name(f".{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    archives = unfinished / "archives"
    archives.mkdir(parents=True)
    answer = _run(archives, "apt-get", "--simulate", "--no-install-recommends", "install", *packages)
    _run(archives, "apt-get", "download", *to_install(answer))
    for archive in archives.glob("*.deb"):
        _run(unfinished, "dpkg-deb", "--extract", str(archive), str(unfinished))
    shutil.rmtree(archives)
    unfinished.replace(target)
    say(f"{target.name}: unpacked in {time.monotonic() - started:.0f} s")


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
        raise ClusterError(f"`{' '.join(command[:2])}`: {reason}")
    return done.stdout
