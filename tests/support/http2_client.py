# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several hosts over one HTTP/2 connection, as browsers do it when one certificate is valid for all of them."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import h2.config
import h2.connection
import h2.events


def statuses(address: str, hosts: list[str], ca: Path) -> list[int]:
    """The status of each host's answer. The TLS connection is made for the first host."""
    context = ssl.create_default_context(cafile=str(ca))
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection((address, 443), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=hosts[0]) as encrypted,
    ):
        assert encrypted.selected_alpn_protocol() == "h2"
        protocol = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding=None))
        protocol.initiate_connection()
        return [_status(protocol, encrypted, host) for host in hosts]


def _status(protocol: h2.connection.H2Connection, connection: ssl.SSLSocket, host: str) -> int:
    stream = protocol.get_next_available_stream_id()
    headers = [(":method", "GET"), (":scheme", "https"), (":authority", host), (":path", "/")]
    protocol.send_headers(stream, headers, end_stream=True)
    connection.sendall(protocol.data_to_send())
    status = 0
    while data := connection.recv(64 * 1024):
        for event in protocol.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                status = int(dict(event.headers)[b":status"])
            elif isinstance(event, h2.events.StreamEnded):
                return status
        connection.sendall(protocol.data_to_send())
    raise AssertionError(f"The connection ended before {host} answered.")
