# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP, with or without TLS: sends its identity in the first line, then echoes what it receives."""

from __future__ import annotations

import socket
import ssl

from cluster.backend import accept
from cluster.backend.identity import Identity


def serve(identity: Identity, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
    """Answer connections for ever."""
    accept.serve(listening, lambda connection: _converse(identity, connection, tls))


def _converse(identity: Identity, connection: socket.socket, tls: ssl.SSLContext | None) -> None:
    try:
        with tls.wrap_socket(connection, server_side=True) if tls else connection as talking:
            talking.sendall(f"{identity}\n".encode())
            while data := talking.recv(64 * 1024):
                talking.sendall(data)
    except OSError as error:
        print(identity, "connection failed:", error)
        connection.close()
