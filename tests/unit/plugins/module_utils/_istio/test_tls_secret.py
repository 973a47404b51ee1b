# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of a TLS Secret."""

from __future__ import annotations

import base64
import ssl
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from ansible_collections.gatehouse.istio.plugins.module_utils._istio import tls_secret
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.tls_secret import (
    identify,
    identify_secret,
    read_tls_secret,
)

KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
END = datetime(2027, 1, 1, tzinfo=UTC)


def certificate(*names: str, serial: int = 0xABC) -> bytes:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "cn.example.com")])
    builder = x509.CertificateBuilder(subject, subject, KEY.public_key(), serial)
    builder = builder.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(END)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM)


def pem(key: ec.EllipticCurvePrivateKey, password: bytes | None = None) -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def secret(**data: bytes) -> dict[str, Any]:
    """A Secret; in keywords, _ stands for a dot."""
    encoded = {key.replace("_", "."): base64.b64encode(value).decode() for key, value in data.items()}
    return {"kind": "Secret", "metadata": {"name": "cert", "namespace": "istio-ingress"}, "data": encoded}


def test_the_public_part_is_read() -> None:
    result = read_tls_secret(secret(tls_crt=certificate("Shop.example.com", "*.example.com"), tls_key=pem(KEY)))
    assert result.names == ("shop.example.com", "*.example.com")
    assert (result.not_after, result.serial, result.key_fits, result.problem) == (END, "ABC", True, None)
    assert result.has_pair
    assert "PRIVATE" not in repr(result)


def test_a_serial_number_of_0_is_read_quietly(recwarn: pytest.WarningsRecorder) -> None:
    """The commands in Istio's documentation make such certificates."""
    pem_text = certificate("shop.example.com", serial=0)
    recwarn.clear()  # those of making it
    result = read_tls_secret(secret(tls_crt=pem_text, tls_key=pem(KEY)))
    identity = identify_secret({"tls.crt": base64.b64encode(pem_text).decode()})
    assert (result.names, result.serial, result.key_fits, result.problem) == (("shop.example.com",), "0", True, None)
    assert identity == identify(ssl.PEM_cert_to_DER_cert(pem_text.decode()))
    assert identity is not None
    assert identity.serial == "00"
    assert list(recwarn) == []


def test_where_cryptography_refuses_a_serial_number_only_the_keys_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pem: bytes) -> None:
        raise ValueError("invalid serial number: 0 is not positive")

    monkeypatch.setattr(tls_secret, "load_pem_x509_certificates", refuse)
    result = read_tls_secret(secret(tls_crt=certificate("shop.example.com"), tls_key=pem(KEY)))
    assert (result.has_pair, result.names, result.not_after, result.problem) == (True, None, None, None)


def test_of_a_chain_the_first_certificate_counts() -> None:
    chain = certificate("shop.example.com") + certificate("ca.example.com", serial=1)
    assert read_tls_secret(secret(tls_crt=chain, tls_key=pem(KEY))).names == ("shop.example.com",)


def test_older_keys_come_first_as_in_istio() -> None:
    result = read_tls_secret(secret(cert=certificate("a.b"), key=pem(KEY), tls_crt=b"x", tls_key=b"x"))
    assert (result.names, result.problem) == (("a.b",), None)


def test_a_common_name_is_no_name() -> None:
    assert read_tls_secret(secret(tls_crt=certificate(), tls_key=pem(KEY))).names == ()


PROBLEMS: dict[str, tuple[dict[str, bytes], str]] = {
    "no certificate": ({"tls_crt": b"hello", "tls_key": pem(KEY)}, "tls.crt is not a certificate in PEM form"),
    "another's key": (
        {"tls_crt": certificate("a.b"), "tls_key": pem(OTHER)},
        "tls.key is the key of another certificate than tls.crt",
    ),
    "no key": ({"tls_crt": certificate("a.b"), "tls_key": b"hello"}, "tls.key is not a private key in PEM form"),
    "a key with a password": (
        {"tls_crt": certificate("a.b"), "tls_key": pem(KEY, b"secret")},
        "tls.key is not a private key in PEM form",
    ),
}


@pytest.mark.parametrize(("data", "problem"), PROBLEMS.values(), ids=PROBLEMS)
def test_what_envoy_would_refuse_is_a_problem(data: dict[str, bytes], problem: str) -> None:
    assert read_tls_secret(secret(**data)).problem == problem


@pytest.mark.parametrize("data", [{}, {"tls_crt": certificate("a.b")}, {"tls_crt": certificate("a.b"), "tls_key": b""}])
def test_a_pair_has_both(data: dict[str, bytes]) -> None:
    result = read_tls_secret(secret(**data))
    assert (result.has_pair, result.names, result.problem) == (False, None, None)


def test_without_cryptography_the_keys_names_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_secret, "HAS_CRYPTOGRAPHY", False)
    result = read_tls_secret(secret(tls_crt=certificate("a.b"), tls_key=pem(KEY)))
    assert (result.has_pair, result.names, result.key_fits, result.problem) == (True, None, None, None)
