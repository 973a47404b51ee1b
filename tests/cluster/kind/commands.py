# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs other programs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from cluster.errors import ClusterError


def run(*command: str | Path, stdin: Path | None = None, environment: dict[str, str] | None = None) -> str:
    """Run a program. Returns its standard output; an error has the last lines of its output."""
    with open(stdin or os.devnull, "rb") as content:
        done = subprocess.run(
            command,
            stdin=content,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **(environment or {})},
        )
    if done.returncode != 0:
        words = " ".join(str(word) for word in command)
        raise ClusterError(f"`{words}` failed:\n{(done.stderr or done.stdout).strip()[-3000:]}")
    return done.stdout


def succeeds(*command: str | Path, environment: dict[str, str] | None = None) -> bool:
    """Whether a program succeeds. Its output is dropped."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    return done.returncode == 0


def missing(programs: Iterable[str]) -> list[str]:
    return [program for program in programs if shutil.which(program) is None]


def install(packages: dict[str, str]) -> list[str]:
    """Install the Debian packages (program: package) whose program is missing. Returns these packages.

    Their services are not started, because of a policy-rc.d during the installation.
    """
    names = sorted({packages[program] for program in missing(packages)})
    if not names:
        return []
    if missing(["apt-get"]):
        raise ClusterError(
            f"Install {', '.join(names)}: this machine has no apt-get, with which it would be done here."
        )
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    quietly = {"DEBIAN_FRONTEND": "noninteractive"}
    command = ("apt-get", "install", "--yes", "--quiet=2", "--no-install-recommends", *names)
    try:
        if not succeeds(*command, environment=quietly):  # the package lists may be missing or old
            run("apt-get", "update", "--quiet=2", environment=quietly)
            run(*command, environment=quietly)
    finally:
        if ours:
            policy.unlink()
    return names
