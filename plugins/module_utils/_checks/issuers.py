# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: the issuers of certificates that exposures request from cert-manager. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._analysis.context import Analysis, Context
from .._analysis.finding import Finding
from .._istio.indexes import once
from .._istio.references import issuer_of
from .._kubernetes.objects import Manifest, Ref, ref

_WHERE = "tls.certificate"


def issuer_missing(context: Context) -> Iterator[Finding]:
    issuers = context.cluster_state.issuers
    for certificate in _certificates(context):
        at = issuer_of(certificate)
        if at is None or at not in issuers or issuers[at] is not None:
            continue
        message = f"{_named(at)} does not exist, so {ref(certificate)} is never issued."
        namespace = certificate["metadata"]["namespace"]
        other = Ref("ClusterIssuer", "", at.name) if at.kind == "Issuer" else Ref("Issuer", namespace, at.name)
        fix = "Create it, or correct its name."
        if issuers.get(other):
            fix = f"There is {_named(other)}: give issuer.kind: {other.kind}."
        yield Finding((_named(at), str(ref(certificate))), f"{_WHERE}.issuer", message, fix)


def issuer_cannot_prove(context: Context) -> Iterator[Finding]:
    """An ACME issuer without a solver for a name; a wildcard is proven by DNS only (RFC 8555, 7.1.3)."""
    for certificate in _certificates(context):
        at = issuer_of(certificate)
        issuer = context.cluster_state.issuers.get(at) if at else None
        acme = (issuer["spec"].get("acme") or {}) if issuer else {}
        solvers = acme.get("solvers") or []
        unproven = [
            name for name in certificate["spec"].get("dnsNames") or [] if acme and not _is_proven(name, solvers)
        ]
        if at and unproven:
            message = (
                f"{_named(at)} has no solver that can prove {', '.join(unproven)}, so {ref(certificate)} is never "
                "issued."
            )
            fix = "Add a solver whose selector takes it; for wildcards one by DNS (dns01)."
            yield Finding((_named(at), str(ref(certificate))), f"{_WHERE}.issuer", message, fix)


def secret_of_two_certificates(context: Context) -> Iterator[Finding]:
    """cert-manager issues only the one that has it first; older versions issue both without end, in turns."""
    for certificate in _certificates(context):
        others = _by_secret(context.analysis).get(_secret_of(certificate), [])
        names = [str(ref(other)) for other in others if ref(other) != ref(certificate)]
        if names:
            message = (
                f"{ref(certificate)} and {' and '.join(names)} are for the same {_secret_of(certificate)}: "
                "cert-manager issues only the one that has it first, and the other never becomes ready."
            )
            fix = "Give each its own Secret (tls.credential_name), or use the existing one without tls.certificate."
            yield Finding((str(ref(certificate)), *names), f"{_WHERE}", message, fix)


def _certificates(context: Context) -> list[Manifest]:
    return [entry for entry in context.mine if entry["kind"] == "Certificate"]


def _named(at: Ref) -> str:
    return str(at) if at.namespace else f"{at.kind} {at.name}"


def _secret_of(certificate: Manifest) -> Ref:
    return Ref("Secret", certificate["metadata"]["namespace"], str(certificate["spec"].get("secretName")))


@once
def _by_secret(analysis: Analysis) -> dict[Ref, list[Manifest]]:
    """The Certificates that there will be, by their Secret."""
    written = {at: entry for at, entry in analysis.written.items() if at.kind == "Certificate"}
    live = [entry for entry in analysis.cluster_state.certificates if ref(entry) not in written]
    removed = {at for at in analysis.removals if at.kind == "Certificate"}
    by_secret: dict[Ref, list[Manifest]] = {}
    for entry in [*written.values(), *live]:
        if ref(entry) not in removed:
            by_secret.setdefault(_secret_of(entry), []).append(entry)
    return by_secret


def _is_proven(name: str, solvers: list[Mapping[str, Any]]) -> bool:
    return any(
        _is_selected(name, solver.get("selector") or {}) and ("dns01" in solver or not name.startswith("*."))
        for solver in solvers
    )


def _is_selected(name: str, selector: Mapping[str, Any]) -> bool:
    """As cert-manager selects solvers (https://cert-manager.io/docs/configuration/acme/#adding-multiple-solver-types)."""
    names, zones = selector.get("dnsNames") or [], selector.get("dnsZones") or []
    if not names and not zones:
        return True
    bare = name.removeprefix("*.")
    return name in names or any(bare == zone or bare.endswith(f".{zone}") for zone in zones)
