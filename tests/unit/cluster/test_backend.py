# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What back ends answer, without a network."""

from __future__ import annotations

import contextlib
import json
import socket
import threading

import pytest

from cluster.backend.accept import serve
from cluster.backend.asked import Asked, asked
from cluster.backend.grpc_server import address_of
from cluster.backend.identity import Identity

SHOP = Identity("shops", "shop", "http")


def test_the_root_is_a_page_that_names_the_service() -> None:
    content_type, body = SHOP.answer("GET", "/", "shop.example.com", [])
    assert content_type.startswith("text/html")
    assert b"<h1>shop in shops</h1>" in body


def test_other_paths_tell_about_the_request() -> None:
    content_type, body = SHOP.answer("POST", "/cart?id=1", "shop.example.com", [("Cookie", "a=b")])
    assert content_type == "application/json"
    assert json.loads(body) == {
        "service": "shop",
        "namespace": "shops",
        "port": "http",
        "method": "POST",
        "path": "/cart?id=1",
        "host": "shop.example.com",
        "headers": {"Cookie": "a=b"},
    }


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:192.0.2.2:4711", "192.0.2.2"),
        ("ipv6:%5B::ffff:192.0.2.2%5D:4711", "192.0.2.2"),
        ("ipv6:%5B2001:db8::1%5D:4711", ""),
        ("unix:", ""),
    ],
)
def test_grpc_knows_its_clients(peer: str, address: str) -> None:
    assert address_of(peer) == address


@pytest.mark.parametrize(("source", "served"), [("127.0.0.1", True), ("127.0.0.2", False)])
def test_only_this_host_is_served(source: str, served: bool) -> None:
    """127.0.0.2 plays another host: what counts is that it is not the server's own address."""

    def converse(connection: socket.socket) -> None:
        with connection:
            connection.sendall(b"x")

    def serve_until_shut_down() -> None:
        with contextlib.suppress(OSError):
            serve(listening, converse)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=serve_until_shut_down)
        server.start()
        with socket.create_connection(listening.getsockname(), timeout=5, source_address=(source, 0)) as client:
            answer = client.recv(1)
        listening.shutdown(socket.SHUT_RDWR)
        server.join(timeout=5)
    assert answer == (b"x" if served else b"")
    assert not server.is_alive()


@pytest.mark.parametrize(
    ("path", "attempt", "answer"),
    [
        ("/", None, Asked()),
        ("/wait/2", None, Asked(seconds=2)),
        ("/wait/2?a=b", None, Asked(seconds=2)),
        ("/waiting/2", None, Asked()),
        ("/fail/1", None, Asked(status=503)),
        ("/fail/1", "1", Asked(status=503)),
        ("/fail/1", "2", Asked(status=200)),
    ],
)
def test_misbehaviour_on_request(path: str, attempt: str | None, answer: Asked) -> None:
    assert asked(path, attempt) == answer
