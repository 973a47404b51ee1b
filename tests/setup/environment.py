# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates the virtual environment for the tests and the demo, and the paths at which Ansible finds the collection.

Runs before anything is installed, so it uses only the standard library.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("GATEHOUSE_CACHE") or ROOT / ".cache").absolute()
VENV = CACHE / "venv"
STAMP = VENV / "installed.sha256"
REQUIREMENTS = ROOT / "requirements-dev.txt"


class SetupError(Exception):
    """Something is missing. The message names it, and says where and what to do."""


@contextmanager
def step(name: str) -> Iterator[None]:
    """Report a step, and how long it took."""
    print(f"setup: {name} ...", flush=True)
    begin = time.monotonic()
    yield
    print(f"setup: {name}: {time.monotonic() - begin:.0f} s", flush=True)


def venv_state() -> str | None:
    """Expected stamp of an up-to-date virtual environment; None if its Python is missing or too old."""
    ask = "import sys; print(sys.version); sys.exit(sys.version_info < (3, 12))"
    try:
        answer = subprocess.run([VENV / "bin" / "python", "-c", ask], capture_output=True, check=False)
    except OSError:  # missing, or a link to a Python that was removed
        return None
    if answer.returncode != 0:
        return None
    return hashlib.sha256(REQUIREMENTS.read_bytes() + answer.stdout).hexdigest()


def install_venv_module() -> None:
    """Debian and Ubuntu package ensurepip separately. Install it as root, or else raise SetupError with the command."""
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SetupError(
            f"{sys.executable} has no 'ensurepip', which a virtual environment needs: install it "
            f"(Debian and Ubuntu: 'sudo apt-get install {package}') and run this again."
        )
    with step(f"installing Debian's {package}"):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=environment, check=True)
        subprocess.run(["apt-get", "install", "-qq", "-y", package], env=environment, check=True)


def has_ensurepip() -> bool:
    """Whether ensurepip exists. Without it, Debian's python3 has the module venv, which then fails halfway."""
    answer = subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True, check=False)
    return answer.returncode == 0


def make_venv() -> None:
    if not has_ensurepip():
        install_venv_module()
    with step(f"making a virtual environment with Python {sys.version.split()[0]} ({sys.executable})"):
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)


def install_packages() -> None:
    """Install exactly the pinned versions, with verified hashes."""
    count = len(re.findall(r"^[\w.-]+==", REQUIREMENTS.read_text(encoding="utf-8"), re.MULTILINE))
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    # Compiling all of Ansible's collections takes longer than installing them. Python compiles modules on import.
    options = ["--quiet", "--no-compile", "--require-hashes"]
    with step(f"installing {count} Python packages, about a minute the first time"):
        subprocess.run([*pip, "install", *options, "-r", str(REQUIREMENTS)], check=True)


def link(path: Path, target: Path) -> None:
    """Make path a symbolic link to target, replacing an older link in one step."""
    if path.is_symlink() and path.readlink() == target:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.symlink_to(target, target_is_directory=True)
    fresh.replace(path)


def link_collections() -> None:
    """Ansible and Python find a collection only under ansible_collections/<namespace>/<name>, wherever the clone is."""
    collections = CACHE / "collections" / "ansible_collections"
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    answer = subprocess.run([VENV / "bin" / "python", "-c", ask], capture_output=True, text=True, check=True)
    link(collections / "gatehouse" / "istio", ROOT)
    link(collections / "kubernetes", Path(answer.stdout.strip()) / "ansible_collections" / "kubernetes")


def main() -> int:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # concurrent runs of make wait for each other
        try:
            if venv_state() is None:
                make_venv()
            if not STAMP.exists() or STAMP.read_text(encoding="ascii") != venv_state():
                install_packages()
                STAMP.write_text(venv_state() or "", encoding="ascii")
            link_collections()
        except SetupError as error:
            print(f"setup: {error}", file=sys.stderr)
            return 1
        except subprocess.CalledProcessError as error:
            command = " ".join(str(part) for part in error.cmd)
            print(
                f"setup: '{command}' failed with exit code {error.returncode}; see its output above.", file=sys.stderr
            )
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
