# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the real Envoy of the public gateway does with connections: TCP, TLS, gRPC and WebSocket."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Callable, Iterator

import grpc
import pytest
import websocket

from cluster.testing import Cluster, eventually
from support.routes import WEB, Expose


def refused_is_not_yet(talk: Callable[[], None]) -> Callable[[], None]:
    def check() -> None:
        try:
            talk()
        except OSError as error:
            raise AssertionError(error) from error

    return check


def line(connection: socket.socket) -> str:
    """What the other side says up to the end of a line."""
    result = b""
    while not result.endswith(b"\n"):
        received = connection.recv(1)
        assert received, result
        result += received
    return result.decode().strip()


@pytest.mark.parametrize(("protocol", "port"), [("tcp", 5432), ("mongo", 27017), ("redis", 6379)])
def test_connections(expose: Expose, istio: Cluster, namespace: str, protocol: str, port: int) -> None:
    outcome = expose(
        service="db",
        port=port,
        protocol=protocol,
        gateway={"selector": {"istio": "public"}, "tcp_port": port},
    )
    assert outcome.result["urls"] == []

    def talk() -> None:
        with socket.create_connection((istio.gateway_address("public"), port), timeout=5) as connection:
            assert line(connection) == f"{namespace}/db/{protocol}"
            connection.sendall(b"hello\n")
            assert line(connection) == "hello"

    eventually(refused_is_not_yet(talk), seconds=15)


@pytest.fixture
def credential(istio: Cluster, namespace: str, host: str) -> Iterator[str]:
    """The name of a Secret with a certificate for the host and all below it, where the gateways' pods are."""
    paths = istio.certificate(host, f"*.{host}")
    data = {"tls.crt": paths.crt, "tls.key": paths.key}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": namespace, "namespace": "istio-ingress"},
        "data": {key: base64.b64encode(path.read_bytes()).decode() for key, path in data.items()},
    }
    istio.apply(secret)
    yield namespace
    istio.delete(secret)


@pytest.fixture
def talks(istio: Cluster) -> Callable[[str, str], None]:
    """Makes TLS connections for a server name until this back end answers them."""
    context = ssl.create_default_context(cafile=str(istio.layout.ca_certificate))

    def ask(server_name: str, backend: str) -> None:
        def talk() -> None:
            with (
                socket.create_connection((istio.gateway_address("public"), 443), timeout=5) as plain,
                context.wrap_socket(plain, server_hostname=server_name) as encrypted,
            ):
                assert line(encrypted) == backend

        eventually(refused_is_not_yet(talk), seconds=15)

    return ask


def test_connections_whose_tls_the_gateway_ends(
    expose: Expose, talks: Callable[[str, str], None], namespace: str, host: str, credential: str
) -> None:
    expose(service="db", port=5432, protocol="tcp", tls={"credential_name": credential})
    # The port is shared with HTTPS: the server name decides.
    expose(
        name="page",
        hosts=[f"www.{host}"],
        service="web",
        port=80,
        tls={"credential_name": credential},
    )
    talks(host, f"{namespace}/db/tcp")


def test_connections_of_several_exposures_on_one_gateway(
    expose: Expose, talks: Callable[[str, str], None], namespace: str, host: str, credential: str
) -> None:
    """Each to its own Service, whoever came first."""
    front = {"selector": {"istio": "public"}, "shared": "front"}
    ports = {"tcp": 5432, "mongo": 27017, "redis": 6379}
    for protocol, port in ports.items():
        hosts, settings = [f"{protocol}.{host}"], {"credential_name": credential}
        expose(name=protocol, hosts=hosts, service="db", port=port, protocol=protocol, tls=settings, gateway=front)
    for protocol in ports:
        talks(f"{protocol}.{host}", f"{namespace}/db/{protocol}")


def test_passthrough_by_weight(expose: Expose, istio: Cluster, namespace: str, host: str) -> None:
    weights = [{"service": "secure", "port": 443, "weight": 0}, {"service": "secure-next", "port": 443, "weight": 1}]
    expose({"destinations": weights}, tls={"mode": "passthrough"})

    def served() -> None:
        result = istio.request(f"https://{host}/")
        assert result.headers.get("x-backend") == f"{namespace}/secure-next/https", result

    eventually(served, seconds=15)
    for _attempt in range(5):
        served()


def test_grpc_and_websocket_need_no_option(expose: Expose, istio: Cluster, namespace: str, host: str) -> None:
    expose(
        {"match": [{"uri": {"prefix": "/stock.Stock/"}}], "destinations": [{"service": "stock", "port": 9090}]},
        {"destinations": WEB},
    )
    address = istio.gateway_address("public")

    def call() -> None:
        with grpc.insecure_channel(f"{address}:80", [("grpc.default_authority", host)]) as channel:
            method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/stock.Stock/Count")
            try:
                answer, about = method.with_call(b"hello", timeout=5)
            except grpc.RpcError as error:
                raise AssertionError(error) from error
        assert answer == b"hello"
        assert ("x-backend", f"{namespace}/stock/grpc") in [tuple(item) for item in about.initial_metadata()]

    eventually(call, seconds=15)
    connection = websocket.create_connection(f"ws://{address}/chat", host=host, timeout=5)
    try:
        assert connection.recv() == f"{namespace}/web/http"
        connection.send("hello")
        assert connection.recv() == "hello"
    finally:
        connection.close()
