# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accepts connections from this host only: endpoints in Kubernetes need an address that other hosts can reach."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable


def is_of_this_host(client: str, server: str) -> bool:
    """Whether the connection is from this host: its source and destination are then the same address."""
    return client == server


def serve(listening: socket.socket, converse: Callable[[socket.socket], None]) -> None:
    """Handle every connection in its own thread, for ever."""
    while True:
        connection, client = listening.accept()
        if is_of_this_host(client[0], listening.getsockname()[0]):
            threading.Thread(target=converse, args=(connection,), daemon=True).start()
        else:
            connection.close()
