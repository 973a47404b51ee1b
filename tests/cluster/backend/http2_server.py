# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/2 without TLS (h2c, prior knowledge), which Istio uses for ports named http2."""

from __future__ import annotations

import socket
import ssl

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from cluster.backend import accept
from cluster.backend.identity import HEADER, Identity


def serve(identity: Identity, listening: socket.socket, _tls: ssl.SSLContext | None) -> None:
    """Answer requests for ever."""
    accept.serve(listening, lambda connection: _converse(identity, connection))


def _converse(identity: Identity, connection: socket.socket) -> None:
    configuration = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
    protocol = h2.connection.H2Connection(config=configuration)
    requests: dict[int, list[tuple[str, str]]] = {}
    with connection:
        protocol.initiate_connection()
        connection.sendall(protocol.data_to_send())
        while data := connection.recv(64 * 1024):
            try:
                events = protocol.receive_data(data)
            except h2.exceptions.ProtocolError as error:
                print(identity, "protocol error:", error)
                events = []
            for event in events:
                if isinstance(event, h2.events.RequestReceived):
                    requests[event.stream_id] = [(str(name), str(value)) for name, value in event.headers]
                elif isinstance(event, h2.events.DataReceived):
                    protocol.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamReset):
                    requests.pop(event.stream_id, None)
                elif isinstance(event, h2.events.StreamEnded) and event.stream_id in requests:
                    _answer(identity, protocol, event.stream_id, requests.pop(event.stream_id))
            connection.sendall(protocol.data_to_send())


def _answer(
    identity: Identity, protocol: h2.connection.H2Connection, stream: int, headers: list[tuple[str, str]]
) -> None:
    special = dict(header for header in headers if header[0].startswith(":"))
    ordinary = [header for header in headers if not header[0].startswith(":")]
    method, path = special[":method"], special[":path"]
    content_type, body = identity.answer(method, path, special.get(":authority", ""), ordinary)
    answer = [
        (":status", "200"),
        (HEADER.lower(), str(identity)),
        ("content-type", content_type),
        ("content-length", str(len(body))),
    ]
    protocol.send_headers(stream, answer)
    # The body is smaller than the smallest window that a client may start with in practice (64 KiB).
    protocol.send_data(stream, b"" if method == "HEAD" else body, end_stream=True)
    print(identity, method, path)
