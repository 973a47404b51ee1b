# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What of a certificate tells it from another one. Needs `cryptography`."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timezone

CRYPTOGRAPHY_IS_MISSING = False
try:
    from cryptography import x509
except ImportError:
    CRYPTOGRAPHY_IS_MISSING = True

# In a Secret of type kubernetes.io/tls, and in the generic ones that Istio takes, too.
_KEYS = ("tls.crt", "cert")


@dataclass(frozen=True)
class Identity:
    """Serial number (hexadecimal) and expiry (UTC) of a certificate."""

    serial: str
    not_after: datetime


def identify(der: bytes) -> Identity | None:
    """The identity of a certificate; None if it cannot be read."""
    if CRYPTOGRAPHY_IS_MISSING:
        return None
    try:
        return _identity(x509.load_der_x509_certificate(der))
    except ValueError:
        return None


def identify_secret(data: dict[str, str] | None) -> Identity | None:
    """The identity of the certificate (the first of its chain) in a Secret's data; None if there is none."""
    encoded = next((data[key] for key in _KEYS if data and key in data), "")
    if CRYPTOGRAPHY_IS_MISSING or not encoded:
        return None
    try:
        return _identity(x509.load_pem_x509_certificate(base64.b64decode(encoded)))
    except (ValueError, binascii.Error):
        return None


def _identity(certificate: x509.Certificate) -> Identity:
    digits = f"{certificate.serial_number:X}"
    expiry = getattr(certificate, "not_valid_after_utc", None)  # since cryptography 42
    return Identity(
        serial=digits.zfill(len(digits) + len(digits) % 2),
        not_after=expiry or certificate.not_valid_after.replace(tzinfo=timezone.utc),
    )
