# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""One real request through a gateway: its host is the URL's, its address is given."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any
from urllib.parse import SplitResult, urlsplit

BROKEN_OFF = "the TLS handshake is broken off"
_REFUSED = "the certificate is not valid for"
_BODY_LIMIT = 64 * 1024


@dataclass(frozen=True)
class Certificate:
    """What a verified server certificate says: names, expiry (UTC), serial number (hexadecimal)."""

    subject: str
    sans: tuple[str, ...]
    not_after: datetime
    serial: str


@dataclass(frozen=True)
class ProbeResult:
    """The answer or, in `error`, one sentence why there was none. Header names are in lower case.

    `der` is the certificate that was served, verified or not; `certificate` is what a verified one says; `reason` is
    the error without the address.
    """

    url: str
    address: str
    port: int
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    certificate: Certificate | None = None
    der: bytes | None = None
    error: str | None = None
    reason: str | None = None

    @property
    def is_refused_certificate(self) -> bool:
        """Whether there was no answer because the server's certificate is not valid."""
        return bool(self.reason and self.reason.startswith(_REFUSED))

    @property
    def location(self) -> str | None:
        return self.headers.get("location")


@dataclass(frozen=True)
class Found:
    """The addresses of a name in DNS or, in `error`, why there are none; is_missing if DNS says that it has none."""

    addresses: tuple[str, ...] = ()
    error: str | None = None
    is_missing: bool = False


@dataclass(frozen=True)
class Request:
    """What is asked. With handshake_only, nothing more than a TLS connection for the URL's host.

    Without `body` only errors' bodies are read: others may be long, or have no end.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    handshake_only: bool = False
    body: bool = True

    def __post_init__(self) -> None:
        if self.parts.scheme not in ("http", "https") or not self.parts.hostname:
            raise ValueError(f"'{self.url}' is not an http:// or https:// URL.")

    @property
    def parts(self) -> SplitResult:
        return urlsplit(self.url)


class _Connection(http.client.HTTPConnection):
    """An HTTP connection over a socket that is open already, so that its address need not be the host's."""

    def __init__(self, host: str, opened: socket.socket) -> None:
        super().__init__(host)
        self.sock = opened


def tls_client(
    ca_file: str | None = None, client_cert: str | None = None, client_key: str | None = None, verify: bool = True
) -> ssl.SSLContext:
    """A TLS client that verifies servers against ca_file (PEM) or the system's authorities, or not at all.

    client_cert (PEM) is the client's own certificate, and holds its key if client_key does not. Raises OSError.
    """
    context = ssl.create_default_context(cafile=ca_file)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if client_cert:
        # Without a password given, OpenSSL would ask for one on the terminal, and so the task would hang.
        context.load_cert_chain(client_cert, client_key, password=_no_password)
    return context


def _no_password() -> str:
    raise OSError("the key is encrypted")


def look_up(host: str) -> Found:
    """The addresses of a name, as this machine finds them; every failure is in the result."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        missing = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
        return Found(error=reason, is_missing=getattr(error, "errno", None) in missing)
    return Found(tuple(dict.fromkeys(str(entry[4][0]) for entry in found)))


def probe(
    url: str,
    address: str,
    port: int | None = None,
    ca_file: str | None = None,
    client_file: str | None = None,
    timeout: float = 10,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
) -> ProbeResult:
    """Requests the URL from the given address (and port, if not the URL's own).

    HTTPS sends the URL's host as SNI and verifies the certificate for it, against ca_file (PEM) or the system's
    authorities; client_file (PEM) has the client's own certificate and key. Nothing is retried, no redirect is
    followed. Every failure is in the result; but ValueError is raised for a URL that is not http(s)://host[:port]/path,
    and OSError for a file that cannot be used.
    """
    request = Request(url, method, headers or {})
    return ask(request, address, port, tls_client(ca_file, client_file), timeout)


def ask(request: Request, address: str, port: int | None, tls: ssl.SSLContext, timeout: float) -> ProbeResult:
    """One request, as probe(); `tls` decides whether and how the server's certificate is verified."""
    parts = request.parts
    port = port or parts.port or {"http": 80, "https": 443}[parts.scheme]
    result = ProbeResult(request.url, address, port)
    lacking = "no answer"
    try:
        with socket.create_connection((address, port), timeout=timeout) as plain:
            if parts.scheme == "http":
                return _exchange(request, plain, result)
            lacking = BROKEN_OFF
            with tls.wrap_socket(plain, server_hostname=parts.hostname) as encrypted:
                lacking = "no answer"
                result = replace(result, der=encrypted.getpeercert(binary_form=True))
                if verified := encrypted.getpeercert():
                    result = replace(result, certificate=_certificate(verified))
                return result if request.handshake_only else _exchange(request, encrypted, result)
    except ssl.SSLCertVerificationError as error:
        reason = f"{_REFUSED} {parts.hostname}: {error.verify_message}"
        return replace(result, error=f"T{reason[1:]}.", reason=reason)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return replace(result, error=f"No answer from {address}:{port}: {reason}.", reason=f"{lacking} ({reason})")


def _exchange(request: Request, opened: socket.socket, result: ProbeResult) -> ProbeResult:
    parts = request.parts
    connection = _Connection(parts.hostname or "", opened)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = {"Host": parts.netloc.rpartition("@")[2], "Connection": "close"}
    connection.request(request.method, target, headers={**host, **request.headers})
    response = connection.getresponse()
    body = response.read(_BODY_LIMIT) if request.body or response.status >= 400 else b""
    return replace(
        result,
        status=response.status,
        headers={name.lower(): value for name, value in response.getheaders()},
        body=body.decode("utf-8", "replace"),
    )


def _certificate(peer: Mapping[str, Any]) -> Certificate:
    """From ssl's description of a verified certificate (https://docs.python.org/3/library/ssl.html#ssl.SSLSocket.getpeercert)."""
    return Certificate(
        subject=", ".join(f"{key}={value}" for rdn in peer.get("subject", ()) for key, value in rdn),
        sans=tuple(name for kind, name in peer.get("subjectAltName", ()) if kind in ("DNS", "IP Address")),
        not_after=datetime.fromtimestamp(ssl.cert_time_to_seconds(peer["notAfter"]), tz=timezone.utc),
        serial=peer["serialNumber"],
    )
