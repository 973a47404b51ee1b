# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of this repository, which of them ship in the collection's archive, and their addresses on GitHub."""

from __future__ import annotations

import fnmatch
import subprocess
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


class Repository:
    def __init__(self, root: Path = ROOT) -> None:
        self.root = root

    @cached_property
    def files(self) -> frozenset[str]:
        """What is or would be committed, as paths relative to the root."""
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True).stdout
        return frozenset(name for name in listed.split("\0") if name and (self.root / name).is_file())

    @cached_property
    def directories(self) -> frozenset[str]:
        return frozenset(str(parent) for name in self.files for parent in Path(name).parents)

    @cached_property
    def galaxy(self) -> dict[str, Any]:
        loaded: dict[str, Any] = yaml.safe_load((self.root / "galaxy.yml").read_text(encoding="utf-8"))
        return loaded

    @property
    def address(self) -> str:
        """Where GitHub shows the files of the branch main."""
        return f"{self.galaxy['repository']}/blob/main/"

    def ships(self, name: str) -> bool:
        """Whether a file or directory is in the collection's archive (build_ignore, as ansible-galaxy reads it)."""
        paths = [name, *(str(parent) for parent in Path(name).parents if parent.name)]
        return not any(fnmatch.fnmatch(path, pattern) for path in paths for pattern in self.galaxy["build_ignore"])

    def text(self, name: str) -> str | None:
        """A file's text; None if it has none, such as a picture."""
        try:
            return (self.root / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return None
