# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""TLS Secrets and their certificates. Needs `cryptography`; without it only the keys of a Secret are known. Pure."""

from __future__ import annotations

import base64
import binascii
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
        load_der_x509_certificate,
        load_pem_x509_certificates,
    )

    HAS_CRYPTOGRAPHY = True
except ImportError:
    HAS_CRYPTOGRAPHY = False

# What cryptography's message about a serial number of 0 contains.
_SERIAL = "serial number"
# The keys of certificate and private key, in the order in which Istio looks for them: those of generic Secrets, and
# those of type kubernetes.io/tls.
_PAIRS = (("cert", "key"), ("tls.crt", "tls.key"))
# The keys of the CA of clients' certificates, in that order.
_CA_KEYS = ("cacert", "ca.crt")


@dataclass(frozen=True)
class CertificateIdentity:
    """What tells a certificate from another one: serial number (hexadecimal, whole bytes) and expiry (UTC)."""

    serial: str
    not_after: datetime


@dataclass(frozen=True)
class TlsSecret:
    """The public part of a TLS Secret; what could not be read is None.

    keys are the keys with a value; names the certificate's DNS names, in lower case; not_after its expiry (UTC); serial
    its serial number (hexadecimal); key_fits whether the private key is the certificate's; problem what is wrong with
    certificate or key; ca_problem what is wrong with the CA of clients' certificates.
    """

    keys: frozenset[str]
    names: tuple[str, ...] | None = None
    not_after: datetime | None = None
    serial: str | None = None
    key_fits: bool | None = None
    problem: str | None = None
    issuer: str | None = None
    ca_problem: str | None = None

    @property
    def has_ca(self) -> bool:
        return not self.keys.isdisjoint(_CA_KEYS)

    @property
    def has_pair(self) -> bool:
        return any(self.keys.issuperset(pair) for pair in _PAIRS)


def read_tls_secret(secret: Manifest) -> TlsSecret:
    """The public part of a live Secret, which may be of any type."""
    data: Mapping[str, str] = secret.get("data") or {}
    return replace(_read_pair(data), ca_problem=_ca_problem(data) if HAS_CRYPTOGRAPHY else None)


def _ca_problem(data: Mapping[str, str]) -> str | None:
    key = next((key for key in _CA_KEYS if data.get(key)), None)
    if key is None:
        return None
    try:
        _first_in_pem(base64.b64decode(data[key]))
    except (ValueError, IndexError, binascii.Error) as error:
        return None if _SERIAL in str(error) else f"{key} is not a certificate in PEM form"
    return None


def _read_pair(data: Mapping[str, str]) -> TlsSecret:
    """Certificate and key."""
    keys = frozenset(key for key, value in data.items() if value)
    pair = next((pair for pair in _PAIRS if keys.issuperset(pair)), None)
    if pair is None or not HAS_CRYPTOGRAPHY:
        return TlsSecret(keys)
    try:
        leaf = _first_in_pem(base64.b64decode(data[pair[0]]))
    except (ValueError, IndexError, binascii.Error) as error:
        if _SERIAL in str(error):
            return TlsSecret(keys)  # Envoy takes it
        return TlsSecret(keys, problem=f"{pair[0]} is not a certificate in PEM form")
    problem = None
    try:
        fits = _key_fits(leaf, data[pair[1]])
        if not fits:
            problem = f"{pair[1]} is the key of another certificate than {pair[0]}"
    except (ValueError, TypeError, binascii.Error):
        fits, problem = None, f"{pair[1]} is not a private key in PEM form"
    except UnsupportedAlgorithm:
        fits = None  # Envoy may know it
    return TlsSecret(keys, _names(leaf), _not_after(leaf), _serial(leaf), fits, problem, leaf.issuer.rfc4514_string())


@contextmanager
def _quietly() -> Iterator[None]:
    """cryptography warns of a serial number of 0, and later versions refuse it, with a ValueError that names it.

    Certificates by the commands in Istio's documentation have it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _first_in_pem(pem: bytes) -> Certificate:
    """The first certificate in a PEM text; raises ValueError or IndexError."""
    with _quietly():
        leaf: Certificate = load_pem_x509_certificates(pem)[0]
    return leaf


def _serial(leaf: Certificate) -> str:
    with _quietly():
        return f"{leaf.serial_number:X}"


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


def identify(der: bytes) -> CertificateIdentity | None:
    """The identity of a certificate; None if it cannot be read."""
    if not HAS_CRYPTOGRAPHY:
        return None
    try:
        with _quietly():
            return _identity(load_der_x509_certificate(der))
    except ValueError:
        return None


def identify_secret(data: Mapping[str, str] | None) -> CertificateIdentity | None:
    """The identity of the first certificate in a Secret's data; None if it holds none, or it cannot be read."""
    encoded = next((data[key] for key in ("tls.crt", "cert") if data and key in data), "")
    if not HAS_CRYPTOGRAPHY or not encoded:
        return None
    try:
        return _identity(_first_in_pem(base64.b64decode(encoded)))
    except (ValueError, IndexError, binascii.Error):
        return None


def _identity(certificate: Certificate) -> CertificateIdentity:
    return CertificateIdentity(whole_bytes(_serial(certificate)), _not_after(certificate))


def whole_bytes(digits: str) -> str:
    """A hexadecimal number with a leading zero where its number of digits is odd."""
    return digits.zfill(len(digits) + len(digits) % 2)
