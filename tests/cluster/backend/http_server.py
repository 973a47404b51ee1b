# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 and WebSocket, with or without TLS."""

from __future__ import annotations

import socket
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cluster.backend import websocket_server
from cluster.backend.accept import is_of_this_host
from cluster.backend.asked import ATTEMPT_HEADER, asked
from cluster.backend.identity import HEADER, Identity


def serve(identity: Identity, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
    """Answer requests for ever."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60

        def setup(self) -> None:
            # The handshake runs in the connection's thread, so that a client that stalls only blocks itself.
            if tls is not None:
                self.request = tls.wrap_socket(self.request, server_side=True)
            super().setup()

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Upgrade", "").lower() == "websocket":
                self._upgrade()
                return
            how = asked(self.path, self.headers.get(ATTEMPT_HEADER))
            time.sleep(how.seconds)
            host = self.headers.get("Host", "")
            content_type, body = identity.answer(self.command, self.path, host, self.headers.items())
            self.send_response(how.status)
            self.send_header(HEADER, str(identity))
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def _upgrade(self) -> None:
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.send_header("Sec-WebSocket-Accept", websocket_server.accept(self.headers["Sec-WebSocket-Key"]))
            self.end_headers()
            websocket_server.converse(str(identity), self.rfile, self.wfile)
            self.close_connection = True

        do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815  (names that http.server wants)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
            print(identity, self.address_string(), format % args)

    server = _Server(listening.getsockname(), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    server.serve_forever()


class _Server(ThreadingHTTPServer):
    def verify_request(self, _request: Any, client_address: Any) -> bool:
        return is_of_this_host(client_address[0], str(self.server_address[0]))

    def handle_error(self, _request: Any, client_address: Any) -> None:
        print("connection of", client_address, "failed:", sys.exc_info()[1])
