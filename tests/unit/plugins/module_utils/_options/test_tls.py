# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Option tls → Tls, or an error with one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._options.tls import Certificate, Issuer, Tls, parse_tls
from ansible_collections.gatehouse.istio.plugins.module_utils._options.values import OptionError
from cluster.pki import KeyPair, ensure_ca

HOSTS = ("shop.example.com",)
ISSUER = {"name": "letsencrypt"}
CERTIFICATE = {"issuer": ISSUER}


def parsed(options: dict[str, Any], hosts: tuple[str, ...] = HOSTS, existing: bool = False) -> Tls:
    return parse_tls(options, hosts, "shop.web", existing)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    directory = tmp_path_factory.mktemp("ca")
    pair = KeyPair(directory / "ca.crt", directory / "ca.key")
    ensure_ca(pair, "partners")
    return pair


def text(path: Path) -> str:
    return path.read_text()


def test_minimal_certificate() -> None:
    tls = parsed({"certificate": CERTIFICATE})
    assert tls == Tls(
        mode="simple",
        credential_name="shop.web",
        certificate=Certificate(Issuer("letsencrypt", "ClusterIssuer", "cert-manager.io"), HOSTS),
    )
    assert tls.certificate is not None
    assert tls.certificate.usages == ("digital signature", "key encipherment", "server auth")


def test_all_options_of_a_certificate() -> None:
    options = {
        "issuer": {"name": "ca", "kind": "Issuer", "group": "issuers.example.com"},
        "dns_names": ["shop.example.com", "www.example.com"],
        "duration": "2160h",
        "renew_before": "360h30m",
        "private_key": {"algorithm": "ECDSA", "size": 384, "rotation_policy": "Never"},
        "usages": ["server auth"],
        "spec": {"subject": {"organizations": ["Shop"]}},
    }
    tls = parsed({"credential_name": "front", "certificate": options})
    assert tls.credential_name == "front"
    assert tls.certificate == Certificate(
        issuer=Issuer("ca", "Issuer", "issuers.example.com"),
        dns_names=("shop.example.com", "www.example.com"),
        duration="2160h",
        renew_before="360h30m",
        private_key={"algorithm": "ECDSA", "size": 384, "rotationPolicy": "Never"},
        usages=("server auth",),
        spec={"subject": {"organizations": ["Shop"]}},
    )


@pytest.mark.parametrize("mode", ["mutual", "optional_mutual"])
def test_client_ca_keeps_only_the_certificates(authority: KeyPair, mode: str) -> None:
    pem = text(authority.certificate)
    tls = parsed({"mode": mode, "credential_name": "cert", "client_ca": {"pem": f"# The partners\n{pem.strip()}"}})
    assert (tls.client_ca, tls.client_ca_secret) == (pem, "cert-cacert")
    assert tls.asks_for_client_certificates


def test_client_ca_is_optional_with_mode_mutual() -> None:
    tls = parsed({"mode": "mutual", "certificate": CERTIFICATE})
    assert (tls.client_ca, tls.client_ca_secret) == (None, "shop.web-cacert")


@pytest.mark.parametrize("mode", ["simple", "mutual", "optional_mutual", "passthrough"])
def test_an_existing_gateway_allows_only_mode_and_redirect(mode: str) -> None:
    assert parsed({"mode": mode, "redirect": True}, existing=True) == Tls(mode=mode, redirect=True)


@pytest.mark.parametrize(
    ("names", "hosts"),
    [
        (["*.example.com"], ["shop.example.com"]),
        (["*.example.com", "example.com"], ["*.example.com", "example.com"]),
        (["b.example.com", "a.example.com"], ["a.example.com"]),
    ],
)
def test_dns_names_may_differ_from_the_hosts_that_they_cover(names: list[str], hosts: list[str]) -> None:
    tls = parsed({"certificate": {**CERTIFICATE, "dns_names": names}}, tuple(hosts))
    assert tls.certificate is not None
    assert tls.certificate.dns_names == tuple(names)


def certificate(**changes: Any) -> dict[str, Any]:
    return {"certificate": {**CERTIFICATE, **changes}}


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """An invalid value of option tls."""

    id: str
    options: dict[str, Any]  # the value
    hosts: tuple[str, ...]  # the exposure's
    message: str  # a part of the error's


MISTAKES = [
    Mistake(
        id="number for a list in spec",
        options=certificate(spec={"dnsNames": 5}),
        hosts=HOSTS,
        message="tls.certificate.spec.dnsNames: 5 is not a list, which this field is; begin each entry with '- '.",
    ),
    Mistake(
        id="text for a dictionary in spec",
        options=certificate(spec={"issuerRef": "ca"}),
        hosts=HOSTS,
        message="tls.certificate.spec.issuerRef: 'ca' is not a dictionary, which this field is; write one, such as",
    ),
    Mistake(
        id="mutual without credential",
        options={"mode": "mutual"},
        hosts=HOSTS,
        message="tls.credential_name: tls.mode=mutual needs tls.certificate, or the name of a Secret",
    ),
    Mistake(
        id="credential's name",
        options={"credential_name": "My_Cert"},
        hosts=HOSTS,
        message="'My_Cert' is not a valid Secret name",
    ),
    Mistake(
        id="passthrough",
        options={"mode": "passthrough", **certificate()},
        hosts=HOSTS,
        message="tls.certificate: it has no meaning with tls.mode",
    ),
    Mistake(
        id="none",
        options={"mode": "none", **certificate()},
        hosts=HOSTS,
        message="tls.certificate: it has no meaning with tls.mode=none",
    ),
    Mistake(
        id="simple with client CA",
        options={"credential_name": "c", "client_ca": {"pem": "x"}},
        hosts=HOSTS,
        message="tls.client_ca: it has no meaning with tls.mode=simple; remove it.",
    ),
    Mistake(
        id="days",
        options=certificate(duration="90d"),
        hosts=HOSTS,
        message="tls.certificate.duration: '90d' is not a duration; write hours",
    ),
    Mistake(
        id="no unit",
        options=certificate(renew_before="720"),
        hosts=HOSTS,
        message="tls.certificate.renew_before: '720' is not a duration",
    ),
    Mistake(
        id="secret name",
        options=certificate(spec={"secretName": "x"}),
        hosts=HOSTS,
        message="'secretName' is set by tls.credential_name",
    ),
    Mistake(
        id="host *",
        options=certificate(),
        hosts=("*",),
        message="hosts[0]: no certificate is valid for '*'; name the domains",
    ),
    Mistake(
        id="dns_names with *",
        options=certificate(dns_names=["*"]),
        hosts=("a.b",),
        message="tls.certificate.dns_names[0]: no certificate is valid",
    ),
    Mistake(
        id="empty dns_names",
        options=certificate(dns_names=[]),
        hosts=HOSTS,
        message="tls.certificate.dns_names: the list is empty",
    ),
    Mistake(
        id="invalid name",
        options=certificate(dns_names=["https://a"]),
        hosts=HOSTS,
        message="tls.certificate.dns_names[0]: 'https://a' is a URL",
    ),
    Mistake(
        id="name of another host",
        options=certificate(dns_names=["example.com"]),
        hosts=HOSTS,
        message="tls.certificate.dns_names: no name in it covers the host 'shop.example.com'",
    ),
    Mistake(
        id="apex",
        options=certificate(dns_names=["*.example.com"]),
        hosts=("example.com",),
        message="covers the host 'example.com'",
    ),
    Mistake(
        id="wildcard for two labels",
        options=certificate(dns_names=["*.b.c"]),
        hosts=("x.a.b.c",),
        message="covers the host 'x.a.b.c'",
    ),
    Mistake(
        id="wildcard host below a wildcard",
        options=certificate(dns_names=["*.b.c"]),
        hosts=("*.a.b.c",),
        message="covers the host '*.a.b.c'",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.id)
def test_an_invalid_option_raises_one_sentence(mistake: Mistake) -> None:
    with pytest.raises(OptionError) as caught:
        parsed(mistake.options, mistake.hosts)
    assert mistake.message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_certificate_for_an_existing_gateway_is_refused() -> None:
    with pytest.raises(OptionError, match=r"^tls.certificate: it is a setting of the Gateway"):
        parsed(certificate(), existing=True)


def test_a_private_key_in_client_ca_is_refused_and_not_in_the_error(authority: KeyPair) -> None:
    pem = text(authority.certificate) + text(authority.key)
    with pytest.raises(
        OptionError, match=r"^tls.client_ca.pem: it contains something other than certificates"
    ) as caught:
        parsed({"mode": "mutual", "credential_name": "c", "client_ca": {"pem": pem}})
    assert text(authority.key).splitlines()[1] not in str(caught.value)


@pytest.mark.parametrize(
    "pem", ["", "partners-ca.pem", "-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n"]
)
def test_client_ca_without_a_certificate_is_refused(pem: str) -> None:
    with pytest.raises(
        OptionError, match=r"^tls.client_ca.pem: it is not a PEM certificate; give the CA's certificate"
    ):
        parsed({"mode": "mutual", "credential_name": "c", "client_ca": {"pem": pem}})
