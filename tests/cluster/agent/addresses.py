# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loopback addresses: one range for each cluster, one address for each gateway."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

from cluster.errors import ClusterError
from cluster.layout import Layout, write_private

_HOSTS = range(1, 250)
# Bound on the last address of the range for as long as the agent runs. The kernel lets only one process do that, of
# whatever user and clone, and forgets it when that process ends: no lock file could go stale.
_RESERVATION_PORT = 19999


class Addresses:
    """The addresses 127.x.y.1 and up of one cluster."""

    def __init__(self, prefix: str, file: Path, reservation: socket.socket | None = None) -> None:
        self.prefix = prefix
        self._file = file
        self._reservation = reservation
        self._hosts: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}

    @classmethod
    def reserve(cls, layout: Layout) -> Addresses:
        """Reserve the range of the previous run, or else the first range that no other cluster uses."""
        saved = layout.agent / "loopback"
        before = [saved.read_text()] if saved.exists() else []
        for prefix in [*before, *candidates(str(layout.root.resolve()))]:
            reservation = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                reservation.bind((f"{prefix}.255", _RESERVATION_PORT))
            except OSError:
                reservation.close()
                continue
            write_private(saved, prefix)
            return cls(prefix, layout.agent / "addresses.json", reservation)
        raise ClusterError("All ranges 127.x.y.0/24 are reserved by other clusters; stop one of them.")

    def close(self) -> None:
        """Release the range."""
        if self._reservation is not None:
            self._reservation.close()

    def of(self, gateway: str) -> str:
        """The gateway's address, which stays the same as long as the gateway exists."""
        if gateway not in self._hosts:
            taken = set(self._hosts.values())
            host = next((host for host in _HOSTS if host not in taken), None)
            if host is None:
                raise ClusterError(f"All addresses of {self.prefix}.0/24 are taken by gateways.")
            self._hosts[gateway] = host
            write_private(self._file, json.dumps(self._hosts))
        return f"{self.prefix}.{self._hosts[gateway]}"

    def release_all_but(self, gateways: Iterable[str]) -> None:
        """Release the addresses of deleted gateways."""
        kept = {gateway: host for gateway, host in self._hosts.items() if gateway in set(gateways)}
        if kept != self._hosts:
            self._hosts = kept
            write_private(self._file, json.dumps(kept))


def candidates(seed: str, count: int = 1000) -> Iterator[str]:
    """Ranges in an order that depends on the cluster, without 127.0 and 127.1, which other programs use."""
    for number in range(count):
        digest = hashlib.sha256(f"{seed} {number}".encode()).digest()
        yield f"127.{16 + digest[0] % 224}.{digest[1]}"
