# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Option tls → Tls, or an OptionError with one sentence. Pure."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._istio.hosts import certificate_covers
from .raw_fields import CERTIFICATE, raw_fields
from .values import OptionError, check_host_names, is_dns_name

_REDIRECT = ("redirect",)
_SIMPLE = ("credential_name", "certificate", "redirect", "min_protocol_version")
_MUTUAL = (*_SIMPLE, "client_ca")
_OPTIONS_BY_MODE = {
    "none": (),
    "simple": _SIMPLE,
    "mutual": _MUTUAL,
    "optional_mutual": _MUTUAL,
    "passthrough": _REDIRECT,
}
# Go's time.Duration, which does not have a unit for days (https://pkg.go.dev/time#ParseDuration).
_DURATION = re.compile(r"([0-9]+(\.[0-9]+)?(h|m|s))+")
# cert-manager's default, and "server auth", without which Apple's clients refuse the certificate
# (https://support.apple.com/en-us/103769).
_USAGES = ("digital signature", "key encipherment", "server auth")
_PEM_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)


@dataclass(frozen=True)
class Issuer:
    """The issuer: an Issuer in the namespace of the gateway's pods, a ClusterIssuer, or a kind of another API group."""

    name: str
    kind: str = "ClusterIssuer"
    group: str = "cert-manager.io"


@dataclass(frozen=True)
class Certificate:
    """A certificate that cert-manager issues and renews. Durations are Go's, such as 2160h.

    private_key has the fields of cert-manager's privateKey; spec has raw fields of a Certificate's spec, which override
    everything else.
    """

    issuer: Issuer
    dns_names: tuple[str, ...]
    duration: str | None = None
    renew_before: str | None = None
    private_key: Mapping[str, Any] = field(default_factory=dict)
    usages: tuple[str, ...] = _USAGES
    spec: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Tls:
    """How the hosts are served.

    mode is none, simple, mutual, optional_mutual or passthrough. credential_name is the Secret with the certificate and
    its key; client_ca has the PEM certificates of the clients' CA.
    """

    mode: str = "none"
    credential_name: str | None = None
    certificate: Certificate | None = None
    client_ca: str | None = None
    redirect: bool = False
    min_protocol_version: str | None = None

    @property
    def asks_for_client_certificates(self) -> bool:
        return self.mode in ("mutual", "optional_mutual")

    @property
    def client_ca_secret(self) -> str:
        """The name of the Secret with the clients' CA, see client_ca_secret()."""
        return client_ca_secret(self.credential_name or "")


def client_ca_secret(credential_name: str) -> str:
    """The name of the Secret in which Istio looks up the clients' CA (https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings).

    Without this Secret, Istio uses ca.crt of the credential itself, which in cert-manager's Secrets is the issuer's CA.
    """
    return f"{credential_name}-cacert"


def parse_tls(
    options: Mapping[str, Any] | None, hosts: tuple[str, ...], default_credential: str, existing_gateway: bool
) -> Tls:
    """The TLS settings that the option describes; raises OptionError.

    default_credential is the Secret's name for a certificate of cert-manager. An existing gateway has its own settings.
    """
    if options is None:
        return Tls()
    mode = options.get("mode") or "simple"
    _check_allowed(options, mode, existing_gateway)
    if existing_gateway:
        return Tls(mode=mode, redirect=bool(options.get("redirect")))
    certificate = _certificate(options["certificate"], hosts) if options.get("certificate") else None
    credential_name = options.get("credential_name") or (default_credential if certificate else None)
    if mode not in ("none", "passthrough"):
        _check_credential_name(credential_name, mode)
    client_ca = options.get("client_ca")
    return Tls(
        mode=mode,
        credential_name=credential_name,
        certificate=certificate,
        client_ca=_check_client_ca("tls.client_ca.pem", client_ca["pem"]) if client_ca else None,
        redirect=bool(options.get("redirect")),
        min_protocol_version=options.get("min_protocol_version"),
    )


def _check_allowed(options: Mapping[str, Any], mode: str, existing_gateway: bool) -> None:
    for option in [name for name in _MUTUAL if options.get(name) not in (None, False)]:
        if existing_gateway and option != "redirect":
            raise OptionError(
                f"tls.{option}: it is a setting of the Gateway, and gateway.existing names one that this task does not "
                "manage; set it there, and give only tls.mode and tls.redirect here."
            )
        if option not in _OPTIONS_BY_MODE[mode]:
            raise OptionError(f"tls.{option}: it has no meaning with tls.mode={mode}; remove it.")


def _check_credential_name(name: str | None, mode: str) -> None:
    if not name:
        raise OptionError(
            f"tls.credential_name: tls.mode={mode} needs tls.certificate, or the name of a Secret with the certificate "
            "and its key in the namespace of the gateway's pods; give one of them."
        )
    if "/" in name:
        raise OptionError(
            f"tls.credential_name: '{name}' contains '/'; give only the Secret's name, which Istio looks up in "
            "the namespace of the gateway's pods."
        )
    if not is_dns_name(name):
        raise OptionError(
            f"tls.credential_name: '{name}' is not a valid Secret name: use lower-case letters, digits, '-' and '.'."
        )


def _certificate(options: Mapping[str, Any], hosts: tuple[str, ...]) -> Certificate:
    where = "tls.certificate"
    issuer = options["issuer"]
    spec = raw_fields(f"{where}.spec", options.get("spec"), CERTIFICATE, {"secretName": "tls.credential_name"})
    for option in ("duration", "renew_before"):
        value = options.get(option)
        if value is not None and not _DURATION.fullmatch(value):
            raise OptionError(
                f"{where}.{option}: '{value}' is not a duration; write hours, minutes and seconds, such as 2160h for "
                "90 days."
            )
    private_key = options.get("private_key") or {}
    fields = {"algorithm": "algorithm", "size": "size", "rotation_policy": "rotationPolicy"}
    usages = options.get("usages")
    return Certificate(
        issuer=Issuer(issuer["name"], issuer.get("kind") or Issuer.kind, issuer.get("group") or Issuer.group),
        dns_names=_dns_names(options.get("dns_names"), hosts),
        duration=options.get("duration"),
        renew_before=options.get("renew_before"),
        private_key={fields[name]: value for name, value in private_key.items() if value is not None},
        usages=_USAGES if usages is None else tuple(usages),
        spec=spec,
    )


def _dns_names(dns_names: list[str] | None, hosts: tuple[str, ...]) -> tuple[str, ...]:
    """The certificate's names, which default to the hosts and must cover them all; raises OptionError."""
    option = "hosts" if dns_names is None else "tls.certificate.dns_names"
    names = hosts if dns_names is None else check_host_names(option, dns_names)
    for index, name in enumerate(names):
        if name == "*":
            raise OptionError(
                f"{option}[{index}]: no certificate is valid for '*'; name the domains, such as *.example.com."
            )
    for host in hosts:
        if not any(certificate_covers(name, host) for name in names):
            raise OptionError(
                f"{option}: no name in it covers the host '{host}', so clients would refuse the certificate; add it."
            )
    return names


def _check_client_ca(option: str, pem: str) -> str:
    """The certificates of a PEM text, without the text between them; raises OptionError.

    A private key is refused: the Secret of the clients' CA is not meant for keys.
    """
    blocks = list(_PEM_BLOCK.finditer(pem))
    if any(block.group(1) != "CERTIFICATE" for block in blocks) or "PRIVATE KEY" in pem:
        raise OptionError(f"{option}: it contains something other than certificates; give only the CA's certificates.")
    certificates = "".join(f"{block.group(0)}\n" for block in blocks)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificates)
    except (ssl.SSLError, ValueError) as error:
        raise OptionError(
            f"{option}: it is not a PEM certificate; give the CA's certificate, which starts with "
            "-----BEGIN CERTIFICATE-----."
        ) from error
    return certificates
