# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs `ansible-test sanity` on a copy of the collection; arguments are handed on to it (for example `--test pylint`).

A copy, because ansible-test insists on a path that ends in ansible_collections/<namespace>/<name> and resolves links.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("GATEHOUSE_CACHE") or ROOT / ".cache").absolute()
COLLECTIONS = CACHE / "sanity" / "ansible_collections"
COLLECTION = COLLECTIONS / "gatehouse" / "istio"
# ansible-test keeps a virtual environment per check in the home directory; this one is ours alone and outlives a run.
HOME = CACHE / "sanity" / "home"
# The pip for which ansible-test fetches a get-pip.py from a site of its own; a new release that wants another says so.
PIP_VERSION = "25.2"
GET_PIP = """\
# Written by tests/sanity/run.py in place of get-pip.py: every Python brings a pip.
import ensurepip
ensurepip.bootstrap()
"""


def copy_collection() -> None:
    """Copy what is or would be committed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    shutil.rmtree(COLLECTION, ignore_errors=True)
    for name in listed.split("\0"):
        source = ROOT / name
        if source.is_file():  # not one that is deleted and not yet committed
            target = COLLECTION / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    # A repository of its own: ansible-test would take the one around it, which ignores this copy.
    subprocess.run(["git", "init", "--quiet"], cwd=COLLECTION, check=True)
    kubernetes = COLLECTIONS / "kubernetes"
    if not kubernetes.is_symlink():
        kubernetes.symlink_to(CACHE / "collections" / "ansible_collections" / "kubernetes", target_is_directory=True)


def prepare_home() -> None:
    bootstrap = HOME / ".ansible" / "test" / "cache" / f"get_pip_{PIP_VERSION.replace('.', '_')}.py"
    bootstrap.parent.mkdir(parents=True, exist_ok=True)
    bootstrap.write_text(GET_PIP, encoding="utf-8")
    # ansible-test hides pip's environment variables, and another home its configuration: hand both on (an index, say).
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    settings = dict(
        reversed(re.findall(r"^[^.]+\.([\w-]+)='(.*)'$", listed, re.MULTILINE))
    )  # the environment's come first
    configuration = HOME / ".config" / "pip" / "pip.conf"
    configuration.parent.mkdir(parents=True, exist_ok=True)
    configuration.touch(mode=0o600)  # an index may have a password in its address
    configuration.write_text(
        "[global]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items()), encoding="utf-8"
    )


def main(arguments: list[str]) -> int:
    copy_collection()
    prepare_home()
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    programs = Path(sys.executable).parent
    command = [
        str(programs / "ansible-test"),
        "sanity",
        "--color",
        "no",
        "--requirements",
        "--python",
        python,
        *arguments,
    ]
    environment = os.environ | {"HOME": str(HOME), "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(command, cwd=COLLECTION, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
