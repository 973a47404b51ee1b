# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Free ports of this host, outside the ranges from which the kernel and Kubernetes take ports."""

from __future__ import annotations

import hashlib
import socket

from cluster.errors import ClusterError

# Below the kernel's range for outgoing connections (32768 and up) and Kubernetes' NodePorts (30000 and up), so that
# neither takes a port after we choose it and before the program binds it.
_RANGE = range(20000, 30000)
_BLOCK = 20


def is_free(port: int, address: str = "127.0.0.1") -> bool:
    """Whether a server can bind the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def free_block(seed: str, names: tuple[str, ...]) -> dict[str, int]:
    """A block of ports that are all free, one for each name.

    A cluster binds the first port of its block as long as it is running, which reserves the whole block, also the ports
    that it binds later or not at all.
    """
    blocks = range(_RANGE.start, _RANGE.stop, _BLOCK)
    first = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4]) % len(blocks)
    for number in range(len(blocks)):
        start = blocks[(first + number) % len(blocks)]
        found = {name: start + offset for offset, name in enumerate(names)}
        if all(is_free(port) for port in found.values()):
            return found
    raise ClusterError(f"No {len(names)} free ports between {_RANGE.start} and {_RANGE.stop - 1}: stop what uses them.")


def free_port() -> int:
    """A port that is free on all addresses. The caller must bind it soon."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def host_address() -> str:
    """The host's own address that is not a loopback one (Kubernetes refuses loopback addresses as endpoints)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing, and only asks the kernel which address it would use
            address = str(probe.getsockname()[0])
        except OSError:
            address = "127.0.0.1"
    if address.startswith("127."):
        raise ClusterError(
            "This host has no IPv4 address besides loopback, and Kubernetes refuses loopback addresses as endpoints: "
            "give it one, for example `ip link add dummy0 type dummy && ip addr add 10.254.254.1/32 dev dummy0 "
            "&& ip link set dummy0 up && ip route add default dev dummy0`."
        )
    return address


def may_bind(port: int) -> bool:
    """Whether this user may bind the port at all (on an address that nothing else uses)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.255.255.254", port))
        except PermissionError:
            return False
        except OSError:
            return True  # in use, so not forbidden
    return True
