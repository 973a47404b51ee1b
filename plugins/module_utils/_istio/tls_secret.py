# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What everybody may know of a TLS Secret: its keys' names, and what its certificate says. No key leaves this file."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from .._kubernetes.objects import Manifest

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

try:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
    from cryptography.x509 import (
        DNSName,
        ExtensionNotFound,
        SubjectAlternativeName,
        load_pem_x509_certificates,
    )

    CAN_READ_CERTIFICATES = True
except ImportError:
    CAN_READ_CERTIFICATES = False

# Certificate and key, in the order in which Istio looks for them.
_PAIRS = (("cert", "key"), ("tls.crt", "tls.key"))


@dataclass(frozen=True)
class Credential:
    """A TLS Secret; what could not be read is None.

    keys are those with a value; key_fits says whether the private key is the certificate's.
    """

    keys: frozenset[str]
    names: tuple[str, ...] | None = None
    not_after: datetime | None = None
    serial: str | None = None
    key_fits: bool | None = None
    problem: str | None = None
    issuer: str | None = None

    @property
    def has_pair(self) -> bool:
        return any(self.keys.issuperset(pair) for pair in _PAIRS)


def credential(secret: Manifest) -> Credential:
    """The public part of a live Secret. `problem` says what is wrong with its certificate or key, if something is."""
    data: Mapping[str, str] = secret.get("data") or {}
    keys = frozenset(key for key, value in data.items() if value)
    pair = next((pair for pair in _PAIRS if keys.issuperset(pair)), None)
    if pair is None or not CAN_READ_CERTIFICATES:
        return Credential(keys)
    try:
        leaf = load_pem_x509_certificates(base64.b64decode(data[pair[0]]))[0]
    except (ValueError, IndexError, binascii.Error):
        return Credential(keys, problem=f"{pair[0]} is not a certificate in PEM form")
    problem = None
    try:
        fits = _key_fits(leaf, data[pair[1]])
        if not fits:
            problem = f"{pair[1]} is the key of another certificate than {pair[0]}"
    except (ValueError, TypeError, binascii.Error):
        fits, problem = None, f"{pair[1]} is not a private key in PEM form"
    except UnsupportedAlgorithm:
        fits = None  # Envoy may know it
    serial = f"{leaf.serial_number:X}"
    return Credential(keys, _names(leaf), _not_after(leaf), serial, fits, problem, leaf.issuer.rfc4514_string())


def _names(leaf: Certificate) -> tuple[str, ...] | None:
    try:
        names = leaf.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:
        return ()
    except ValueError:
        return None  # extensions that this version cannot read
    return tuple(name.lower() for name in names.get_values_for_type(DNSName))


def _not_after(leaf: Certificate) -> datetime:
    # Before cryptography 42 there is only the one without a time zone, about which later ones warn.
    if hasattr(leaf, "not_valid_after_utc"):
        return leaf.not_valid_after_utc
    return leaf.not_valid_after.replace(tzinfo=timezone.utc)


def _key_fits(leaf: Certificate, encoded: str) -> bool:
    key = load_pem_private_key(base64.b64decode(encoded), password=None)
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return key.public_key().public_bytes(*form) == leaf.public_key().public_bytes(*form)
