# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths: of the cache that all clusters share, and of the directory of one cluster."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PACKAGE = Path(__file__).resolve().parent


def cache_directory() -> Path:
    """`.cache` in the repository, or GATEHOUSE_CACHE, with which several clones can share one."""
    return Path(os.environ.get("GATEHOUSE_CACHE") or REPOSITORY / ".cache").absolute()


def private_directory(path: Path) -> Path:
    """Create a directory that only its owner can read."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_private(path: Path, content: str | bytes) -> Path:
    """Write a file that only its owner can read, atomically, also if the writer is killed."""
    data = content.encode() if isinstance(content, str) else content
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    unfinished.replace(path)
    return path


@contextmanager
def exclusive(file: Path, on_waiting: Callable[[], None]) -> Iterator[None]:
    """Lock for one process at a time. The kernel releases the lock if its holder is killed."""
    with open(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True)
class Layout:
    """The directory of one cluster."""

    root: Path

    @property
    def settings(self) -> Path:
        """What must stay the same after a restart: the ports."""
        return self.root / "cluster.json"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"

    @property
    def vars_file(self) -> Path:
        return self.root / "vars.yml"

    @property
    def ca_certificate(self) -> Path:
        """The test CA for the certificates of gateways and back ends (not the API server's)."""
        return self.root / "ca.crt"

    @property
    def certificates(self) -> Path:
        return self.root / "certificates"

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def values(self) -> Path:
        return self.root / "values"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def etcd_data(self) -> Path:
        return self.root / "etcd"

    @property
    def agent(self) -> Path:
        """The node agent's own files: bootstraps, tokens, addresses."""
        return self.root / "agent"

    @property
    def audit_policy(self) -> Path:
        """The API server's audit policy, to count requests. Without this file there is no audit log."""
        return self.root / "audit-policy.yml"

    @property
    def audit_log(self) -> Path:
        return self.log / "audit.log"

    def make(self) -> None:
        for directory in (self.root, self.certificates, self.pki, self.values, self.run, self.log, self.agent):
            private_directory(directory)
