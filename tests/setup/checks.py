# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the checks named on the command line: lint (or one of its checks), sanity, units, integration, scenarios.

Every check runs, also after a failure. The tests come last and in one pytest, so that a successful run ends with the
number of all tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("GATEHOUSE_CACHE") or ROOT / ".cache").absolute()
COLLECTIONS = CACHE / "collections"
PROGRAMS = CACHE / "venv" / "bin"
ENVIRONMENT = os.environ | {
    "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
    "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
    # pyproject.toml has these paths for .cache/collections; these are for another GATEHOUSE_CACHE.
    "MYPYPATH": str(COLLECTIONS),
    "PYTHONPATH": str(COLLECTIONS),
    "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
}


@dataclass(frozen=True)
class Check:
    name: str
    command: tuple[str, ...]


LINT = (
    Check("ruff check", ("ruff", "check", "--quiet", ".")),
    Check("ruff format", ("ruff", "format", "--check", "--quiet", "--diff", ".")),
    Check("house rules", (sys.executable, "tests/setup/house_rules.py")),
    Check("mypy", ("mypy", str(COLLECTIONS / "ansible_collections/gatehouse/istio/plugins"), "tests")),
    Check("yamllint", ("yamllint", "--strict", ".")),
    Check("ansible-lint", ("ansible-lint", "-q", "--nocolor", "--strict")),
    Check("changelog fragments", ("antsibull-changelog", "lint")),
    Check("links", (sys.executable, "tests/docs", "links")),
    Check("documentation of plugins and roles", (sys.executable, "tests/docs", "references")),
)
SANITY = (Check("ansible-test sanity", (sys.executable, "tests/sanity/run.py")),)
TESTS = {"scenarios": "tests/scenarios", "integration": "tests/integration", "units": "tests/unit"}  # longest first


def succeeds(check: Check) -> bool:
    """Run a check. Prints its name and time, and its output only if it failed. Returns whether it succeeded."""
    print(f"{check.name} ...", end=" ", flush=True)
    begin = time.monotonic()
    done = subprocess.run(
        check.command,
        cwd=ROOT,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(f"{'ok' if done.returncode == 0 else 'FAILED'} ({time.monotonic() - begin:.0f} s)", flush=True)
    if done.returncode != 0:
        print(done.stdout, flush=True)
    return done.returncode == 0


def pytest_succeeds(directories: list[str]) -> bool:
    # A test mostly waits or uses one core. Each worker has its own clusters, so tests of a file run in one worker.
    # xdist would begin with the files with the most tests, but here those with the fewest take longest.
    workers = ["--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile", "--no-loadscope-reorder"]
    if os.environ.get("GATEHOUSE_CLUSTER", "embedded") != "embedded":
        workers = []  # one cluster at a time
    command = [sys.executable, "-m", "pytest", *workers, *directories]
    return subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.DEVNULL, check=False).returncode == 0


def main(names: list[str]) -> int:
    known = ("lint", *(check.name for check in LINT), "sanity", *TESTS)
    if not names or set(names) - set(known):
        print(f"Say which checks to run: {', '.join(known)}.", file=sys.stderr)
        return 2
    checks = [check for check in LINT if "lint" in names or check.name in names]
    checks += SANITY if "sanity" in names else ()
    failed = [check.name for check in checks if not succeeds(check)]
    directories = [directory for name, directory in TESTS.items() if name in names]
    if directories and not pytest_succeeds(directories):
        failed.append("pytest")
    if failed:
        print(f"Failed: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
