# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Serial number and expiry of certificates, as a TLS server and a Secret give them."""

from __future__ import annotations

import base64
import ssl

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._istio import tls_secret
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.tls_secret import identify, identify_secret
from cluster.pki import KeyPair, ensure_ca, ensure_certificate


@pytest.fixture(scope="module")
def leaf(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    """A server's certificate, with its CA's behind it in the same file."""
    directory = tmp_path_factory.mktemp("x509")
    ca, leaf = (KeyPair(directory / f"{name}.crt", directory / f"{name}.key") for name in ("ca", "leaf"))
    ensure_ca(ca, "CA")
    ensure_certificate(leaf, ca, "leaf", ["shop.example.com"])
    leaf.certificate.write_bytes(leaf.certificate.read_bytes() + ca.certificate.read_bytes())
    return leaf


def encoded(pem: bytes) -> str:
    return base64.b64encode(pem).decode()


@pytest.mark.parametrize("key", ["tls.crt", "cert"])
def test_of_a_chain_the_first_is_the_servers(leaf: KeyPair, key: str) -> None:
    pem = leaf.certificate.read_bytes()
    certificate, _key = leaf.load()
    result = identify_secret({key: encoded(pem), "ca.crt": "bm8="})
    assert result is not None
    assert int(result.serial, 16) == certificate.serial_number
    assert result.not_after == certificate.not_valid_after_utc
    assert len(result.serial) % 2 == 0, "as OpenSSL writes it"
    first = pem.decode().partition("-----END CERTIFICATE-----\n")
    assert identify(ssl.PEM_cert_to_DER_cert(first[0] + first[1])) == result


@pytest.mark.parametrize(
    "data",
    [None, {}, {"tls.key": "eA=="}, {"tls.crt": ""}, {"tls.crt": encoded(b"no PEM")}, {"tls.crt": "no base64"}],
)
def test_what_holds_no_certificate(data: dict[str, str] | None) -> None:
    assert identify_secret(data) is None


def test_what_is_no_certificate() -> None:
    assert identify(b"no DER") is None


def test_without_cryptography_nothing_is_known(leaf: KeyPair, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is there wherever these tests run, so its absence is made up."""
    monkeypatch.setattr(tls_secret, "HAS_CRYPTOGRAPHY", False)
    assert identify_secret({"tls.crt": encoded(leaf.certificate.read_bytes())}) is None
    assert identify(b"anything") is None
