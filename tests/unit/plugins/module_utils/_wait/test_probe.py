# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real requests to real servers on loopback."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import (
    BROKEN_OFF,
    Request,
    ask,
    look_up,
    probe,
    tls_client,
)

LOOPBACK = "127.0.0.1"


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Location", "https://elsewhere.example.com/")
        self.end_headers()
        self.wfile.write(f"{self.headers['Host']} {self.path} {self.headers.get('X-Test', '')}".encode())

    def log_message(self, *_: object) -> None:
        """Keeps the test's output clean."""


def serve(context: ssl.SSLContext | None = None) -> Iterator[int]:
    server = HTTPServer((LOOPBACK, 0), Answer)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def http_port() -> Iterator[int]:
    yield from serve()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for shop.example.com, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(0xABCDEF)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(datetime(2049, 1, 2, 3, 4, 5, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.example.com")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=True,
                crl_sign=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "shop.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(pem) + private)
    return path


@pytest.fixture
def https_port(certificate: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    yield from serve(context)


def test_http(http_port: int) -> None:
    result = probe("http://shop.example.com/a?b=c", LOOPBACK, http_port, headers={"X-Test": "yes"})
    assert (result.status, result.body, result.error) == (200, "shop.example.com /a?b=c yes", None)
    assert result.certificate is None


def test_the_port_of_the_url_is_used_and_sent(http_port: int) -> None:
    result = probe(f"http://shop.example.com:{http_port}/", LOOPBACK)
    assert result.body == f"shop.example.com:{http_port} / "


def test_a_redirect_is_not_followed(http_port: int) -> None:
    result = probe("http://shop.example.com/moved", LOOPBACK, http_port)
    assert (result.status, result.location) == (302, "https://elsewhere.example.com/")


def test_https_tells_what_the_certificate_says(https_port: int, certificate: Path) -> None:
    result = probe("https://shop.example.com/", LOOPBACK, https_port, ca_file=str(certificate))
    assert result.status == 200
    assert result.certificate is not None
    assert result.certificate.subject == "commonName=shop"
    assert result.certificate.sans == ("shop.example.com",)
    assert result.certificate.not_after == datetime(2049, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert int(result.certificate.serial, 16) == 0xABCDEF


@pytest.mark.parametrize(
    ("host", "trusted", "error"),
    [
        ("other.example.com", True, "The certificate is not valid for other.example.com: Hostname mismatch"),
        ("shop.example.com", False, "The certificate is not valid for shop.example.com: self-signed certificate"),
    ],
)
def test_a_certificate_that_does_not_hold(
    https_port: int, certificate: Path, host: str, trusted: bool, error: str
) -> None:
    result = probe(f"https://{host}/", LOOPBACK, https_port, ca_file=str(certificate) if trusted else None)
    assert result.status is None
    assert result.error is not None
    assert result.error.startswith(error)


def test_without_verification_the_certificate_is_shown_as_it_is(https_port: int, certificate: Path) -> None:
    request = Request("https://other.example.com/", handshake_only=True)
    result = ask(request, LOOPBACK, https_port, tls_client(verify=False), timeout=5)
    assert (result.status, result.error, result.certificate) == (None, None, None)
    assert result.der == ssl.PEM_cert_to_DER_cert(certificate.read_text().partition("-----BEGIN PRIVATE")[0])


def test_a_body_without_end_is_not_waited_for() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:

        def serve_once() -> None:
            accepted, _address = server.accept()
            with accepted:
                accepted.recv(4096)
                accepted.sendall(b"HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n")
                accepted.recv(1)  # until the client ends the connection

        thread = threading.Thread(target=serve_once, daemon=True)
        thread.start()
        request = Request("http://shop.example.com/events", body=False)
        result = ask(request, LOOPBACK, server.getsockname()[1], tls_client(), timeout=5)
        assert (result.status, result.body, result.error) == (200, "", None)
        thread.join(timeout=5)
        assert not thread.is_alive()


def test_a_key_with_a_password_is_refused_and_not_asked_for(certificate: Path, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    encrypted = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    )
    (tmp_path / "client.key").write_bytes(encrypted)
    with pytest.raises(OSError, match="the key is encrypted"):
        tls_client(client_cert=str(certificate), client_key=str(tmp_path / "client.key"))


def test_nobody_answers() -> None:
    result = probe("http://shop.example.com/", LOOPBACK, 1)
    assert result.error is not None
    assert result.error.startswith("No answer from 127.0.0.1:1: ")
    assert "refused" in result.error
    assert result.reason == "no answer (Connection refused)"


def test_a_server_that_speaks_no_tls(http_port: int) -> None:
    result = probe("https://shop.example.com/", LOOPBACK, http_port)
    assert result.status is None
    assert result.error is not None
    assert result.error.startswith(f"No answer from 127.0.0.1:{http_port}: ")
    assert (result.reason or "").startswith(f"{BROKEN_OFF} (")


@pytest.mark.parametrize("url", ["shop.example.com", "ftp://shop.example.com/", "https:///path"])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(ValueError, match=r"is not an http:// or https:// URL"):
        probe(url, LOOPBACK)


def test_the_addresses_of_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in ("192.0.2.1",) * 2]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: answers)
    assert look_up("shop.example.com").addresses == ("192.0.2.1",)


@pytest.mark.parametrize(("number", "is_missing"), [(socket.EAI_NONAME, True), (socket.EAI_AGAIN, False)])
def test_names_without_addresses(monkeypatch: pytest.MonkeyPatch, number: int, is_missing: bool) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise socket.gaierror(number, "it failed")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    found = look_up("shop.example.com")
    assert (found.addresses, found.error, found.is_missing) == ((), "it failed", is_missing)


def test_names_that_nobody_can_look_up() -> None:
    assert look_up(f"{'a' * 64}.example.com").error
