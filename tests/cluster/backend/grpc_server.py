# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gRPC: every unary method returns the bytes that it received."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import grpc

from cluster.backend.accept import is_of_this_host
from cluster.backend.identity import HEADER, Identity

# Without a reference, the server would be garbage-collected and stop.
_running: list[grpc.Server] = []


class _Echo(grpc.GenericRpcHandler):
    def __init__(self, identity: Identity, host: str) -> None:
        self._identity = identity
        self._host = host

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        def echo(request: bytes, context: grpc.ServicerContext) -> bytes:
            if not is_of_this_host(address_of(context.peer()), self._host):
                context.abort(grpc.StatusCode.PERMISSION_DENIED, "only from this host")
            print(self._identity, details.method)
            context.send_initial_metadata(((HEADER.lower(), str(self._identity)),))
            return request

        return grpc.unary_unary_rpc_method_handler(echo)


def address_of(peer: str) -> str:
    """The IPv4 address in gRPC's name of a client: ipv4:192.0.2.2:4711 or ipv6:%5B::ffff:192.0.2.2%5D:4711."""
    found = re.search(r"\d+(?:\.\d+){3}", peer)
    return found[0] if found else ""


def serve(identity: Identity, host: str) -> int:
    """Start the server. Returns the port on which it listens."""
    server = grpc.server(ThreadPoolExecutor(max_workers=8), handlers=[_Echo(identity, host)])
    port: int = server.add_insecure_port(f"{host}:0")
    server.start()
    _running.append(server)
    return port
