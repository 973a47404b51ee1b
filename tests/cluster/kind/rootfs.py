# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The root file system of a node: Debian's, with systemd and containerd."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from cluster.kind.commands import install, run

SUITE = "bookworm"  # systemd up to 257 also runs with only cgroup v1
PACKAGES = (
    "ca-certificates",
    "catatonit",
    "containerd",
    "containernetworking-plugins",
    "iproute2",
    "iptables",
    "mount",
    "nftables",
    "procps",
    "runc",
    "systemd",
    "systemd-sysv",
    "util-linux",
)
# Files that are not needed in a container, and units that only make sense on a machine.
_REMOVED = (
    "usr/share/doc",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/log",
    "etc/systemd/system/multi-user.target.wants",
    "usr/lib/systemd/system/multi-user.target.wants",
    "usr/lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service",
    "usr/lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup-dev.service",
    "usr/lib/systemd/system/sysinit.target.wants/systemd-binfmt.service",
    "usr/lib/systemd/system/sysinit.target.wants/proc-sys-fs-binfmt_misc.automount",
)


def build(target: Path) -> Path:
    """Install Debian with `PACKAGES` to the directory `target`, unless it exists."""
    stamp = target.with_name(f"{target.name}.stamp")
    sources = hashlib.sha256(repr((SUITE, PACKAGES, _REMOVED)).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == sources:
        return target
    stamp.unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    install({"debootstrap": "debootstrap"})
    run("debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, target)
    for name in _REMOVED:
        path = target / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    stamp.write_text(sources)
    return target


def layer(rootfs: Path, target: Path) -> Path:
    """Write the root file system as a layer of an image."""
    run("tar", "--create", "--sort=name", "--numeric-owner", "--file", target, "--directory", rootfs, ".")
    return target


def with_libraries(rootfs: Path, *programs: str) -> list[str]:
    """These programs of the root file system and their shared libraries, by their paths in it."""
    needed = dict.fromkeys(programs)
    for program in programs:
        for line in run("chroot", rootfs, "ldd", program).splitlines():
            words = line.split()
            path = words[2] if "=>" in words else words[0]
            if path.startswith("/"):
                needed[path] = None
    return list(needed)
