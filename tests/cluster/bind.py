# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BIND: the installed one, or Debian's packages unpacked into the cache."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cluster import debian
from cluster.errors import ClusterError

Say = Callable[[str], None]
# Often not on the PATH of users other than root.
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
    """BIND's programs. Without an installed BIND, packages are unpacked, which does not need root."""
    search = f"{os.environ.get('PATH', '')}:{SYSTEM}"
    named, nsupdate = shutil.which("named", path=search), shutil.which("nsupdate", path=search)
    if named and nsupdate:
        return Bind(Path(named), Path(nsupdate))
    try:
        return unpacked(debian.unpack(cache, "bind", _PACKAGES, say))
    except ClusterError as error:
        raise ClusterError(
            "The tests of ACME need BIND (named and nsupdate); they are neither on PATH, nor could Debian's packages "
            f"be unpacked ({error}): install bind9 and bind9-dnsutils (elsewhere called bind and bind-utils), or run "
            "`apt-get update` first if the packages are only unknown or outdated."
        ) from error


def unpacked(directory: Path) -> Bind:
    """The programs of the unpacked packages."""
    return Bind(directory / _NAMED, directory / _NSUPDATE, debian.libraries(directory))
