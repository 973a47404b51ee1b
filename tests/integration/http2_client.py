# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests for several hosts over one HTTP/2 connection, as browsers do when its certificate is valid for all."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import h2.connection
import h2.events


def statuses_over_one_connection(address: str, ca_file: Path, *hosts: str) -> list[int]:
    """The status of GET / for each host, over the connection that was opened for the first one."""
    context = ssl.create_default_context(cafile=str(ca_file))
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection((address, 443), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=hosts[0]) as encrypted,
    ):
        assert encrypted.selected_alpn_protocol() == "h2"
        connection = h2.connection.H2Connection()
        connection.initiate_connection()
        return [_status(connection, encrypted, host) for host in hosts]


def _status(connection: h2.connection.H2Connection, opened: ssl.SSLSocket, host: str) -> int:
    stream = connection.get_next_available_stream_id()
    headers = [(":method", "GET"), (":path", "/"), (":scheme", "https"), (":authority", host)]
    connection.send_headers(stream, headers, end_stream=True)
    status = 0
    ended = False
    while not ended:
        opened.sendall(connection.data_to_send())
        received = opened.recv(65536)
        assert received, f"the connection ended before the answer for {host}"
        for event in connection.receive_data(received):
            if isinstance(event, h2.events.ResponseReceived) and event.stream_id == stream:
                fields = {_text(name): _text(value) for name, value in event.headers or []}
                status = int(fields[":status"])
            if isinstance(event, h2.events.DataReceived):
                connection.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id or 0)
            ended = ended or (isinstance(event, h2.events.StreamEnded) and event.stream_id == stream)
    return status


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
