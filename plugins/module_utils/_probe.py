# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""One real request through a gateway: the host is the URL's, the address the caller's."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from urllib.parse import SplitResult, urlsplit

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
    """The answer, or in `error` one sentence why there was none. Header names are lower-case."""

    url: str
    address: str
    port: int
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    certificate: Certificate | None = None
    error: str | None = None

    @property
    def location(self) -> str | None:
        return self.headers.get("location")


class _Connection(http.client.HTTPConnection):
    """An HTTP connection over a socket that is open already, so that its address need not be the host's."""

    def __init__(self, host: str, opened: socket.socket) -> None:
        super().__init__(host)
        self.sock = opened


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
    followed. Every failure is in the result; ValueError is raised only for a URL that is not http(s)://host[:port]/path.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"'{url}' is not an http:// or https:// URL.")
    port = port or parts.port or {"http": 80, "https": 443}[parts.scheme]
    try:
        with socket.create_connection((address, port), timeout=timeout) as plain:
            if parts.scheme == "http":
                return _exchange(url, parts, address, port, plain, method, headers, None)
            context = ssl.create_default_context(cafile=ca_file)
            if client_file:
                context.load_cert_chain(client_file)
            with context.wrap_socket(plain, server_hostname=parts.hostname) as encrypted:
                certificate = _certificate(encrypted.getpeercert() or {})
                return _exchange(url, parts, address, port, encrypted, method, headers, certificate)
    except ssl.SSLCertVerificationError as error:
        return ProbeResult(
            url, address, port, error=f"The certificate is not valid for {parts.hostname}: {error.verify_message}."
        )
    except (OSError, http.client.HTTPException) as error:
        return ProbeResult(
            url, address, port, error=f"No answer from {address}:{port}: {str(error) or type(error).__name__}."
        )


def _exchange(
    url: str,
    parts: SplitResult,
    address: str,
    port: int,
    opened: socket.socket,
    method: str,
    headers: Mapping[str, str] | None,
    certificate: Certificate | None,
) -> ProbeResult:
    connection = _Connection(parts.hostname or "", opened)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request(
        method, target, headers={"Host": parts.netloc.rpartition("@")[2], "Connection": "close", **(headers or {})}
    )
    response = connection.getresponse()
    return ProbeResult(
        url=url,
        address=address,
        port=port,
        status=response.status,
        headers={name.lower(): value for name, value in response.getheaders()},
        body=response.read(_BODY_LIMIT).decode("utf-8", "replace"),
        certificate=certificate,
    )


def _certificate(peer: Mapping[str, Any]) -> Certificate:
    """From ssl's description of a verified certificate (https://docs.python.org/3/library/ssl.html#ssl.SSLSocket.getpeercert)."""
    return Certificate(
        subject=", ".join(f"{key}={value}" for rdn in peer.get("subject", ()) for key, value in rdn),
        sans=tuple(name for kind, name in peer.get("subjectAltName", ()) if kind in ("DNS", "IP Address")),
        not_after=datetime.fromtimestamp(ssl.cert_time_to_seconds(peer["notAfter"]), tz=timezone.utc),
        serial=peer["serialNumber"],
    )
