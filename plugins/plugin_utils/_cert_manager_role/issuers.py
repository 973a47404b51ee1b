# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Role cert_manager: an entry of cert_manager_issuers → the spec of an Issuer, and the Secrets that it reads. Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._options.raw_fields import Shape, raw_fields

from .._roles.helm_values import merge_values

Options = Mapping[str, Any]

TYPES = ("acme", "ca", "self_signed", "vault")
# https://letsencrypt.org/docs/acme-protocol-updates/ and https://letsencrypt.org/docs/staging-environment/
DIRECTORIES = {
    "production": "https://acme-v02.api.letsencrypt.org/directory",
    "staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
}
# Istio takes an Ingress of this class (meshConfig.ingressClass) without an object IngressClass.
INGRESS_CLASS = "istio"


# What is read here of raw fields of cert-manager; the rest is for the API server to judge.
_AUTH = {"clientCertificate": {"secretName": str}}
_SPEC = {"ca": {"secretName": str}, "vault": {"auth": _AUTH}}
_HTTP01: Shape = {"ingress": {}}


@dataclass(frozen=True)
class SecretKey:
    """A Secret that an issuer reads, and the key in it; no key where cert-manager knows it."""

    name: str
    key: str = ""


def chosen_types(issuer: Options) -> list[str]:
    """Which of acme, ca, self_signed and vault an entry has. YAML's `self_signed:` without a value chooses it, too."""
    return [name for name in TYPES if issuer.get(name) is not None or (name == "self_signed" and name in issuer)]


def issuer_spec(issuer: Options) -> dict[str, Any]:
    """The spec; what the entry says as `spec`, raw fields of cert-manager, wins."""
    made = {"acme": _acme, "ca": _ca, "self_signed": lambda _issuer: {"selfSigned": {}}, "vault": _vault}
    return merge_values([*(made[name](issuer) for name in chosen_types(issuer)), issuer.get("spec") or {}])


def shaped_issuer(place: str, issuer: Options) -> Options:
    """The entry, whose raw fields have the shape in which they are read here. Raises OptionError."""
    shaped = {**issuer, "spec": raw_fields(f"{place}.spec", issuer.get("spec"), _SPEC)}
    if issuer.get("vault"):
        auth = raw_fields(f"{place}.vault.auth", issuer["vault"]["auth"], _AUTH)
        shaped["vault"] = {**issuer["vault"], "auth": auth}
    if issuer.get("acme"):
        solvers = [
            {**solver, "http01": raw_fields(f"{place}.acme.solvers[{index}].http01", solver["http01"], _HTTP01)}
            if solver.get("http01") is not None
            else solver
            for index, solver in enumerate(issuer["acme"].get("solvers") or [])
        ]
        shaped["acme"] = {**issuer["acme"], "solvers": solvers}
    return shaped


def _ca(issuer: Options) -> dict[str, Any]:
    return {"ca": {"secretName": issuer["ca"]["secret_name"]}}


def _vault(issuer: Options) -> dict[str, Any]:
    vault = issuer["vault"]
    spec = {"server": vault["server"], "path": vault["path"], "auth": vault["auth"]}
    if vault.get("namespace"):
        spec["namespace"] = vault["namespace"]
    return {"vault": spec | _ca_bundle(vault)}


def _acme(issuer: Options) -> dict[str, Any]:
    acme = issuer["acme"]
    spec = {
        "server": DIRECTORIES.get(acme["server"], acme["server"]),
        "privateKeySecretRef": {"name": acme.get("account_key_secret") or f"{issuer['name']}-account-key"},
        **_ca_bundle(acme),
        "solvers": [_solver(solver) for solver in acme.get("solvers") or []],
    }
    if acme.get("email"):
        spec["email"] = acme["email"]
    if acme.get("external_account_binding"):
        binding = acme["external_account_binding"]
        secret = {"name": binding["secret_name"], "key": binding.get("secret_key") or "secret"}
        spec["externalAccountBinding"] = {"keyID": binding["key_id"], "keySecretRef": secret}
    return {"acme": spec}


def _ca_bundle(options: Options) -> dict[str, Any]:
    pem = options.get("ca_bundle")
    return {"caBundle": base64.b64encode(str(pem).encode()).decode()} if pem else {}


def _solver(solver: Options) -> dict[str, Any]:
    made: dict[str, Any] = {}
    selector = {"dnsZones": solver.get("dns_zones"), "dnsNames": solver.get("dns_names")}
    selector = {key: list(names) for key, names in selector.items() if names}
    if selector:
        made["selector"] = selector
    if solver.get("dns01") is not None:
        made["dns01"] = dict(solver["dns01"])
    elif solver.get("http01") is not None:
        made["http01"] = _http01(solver["http01"])
    return merge_values([made, solver.get("spec") or {}])


def _http01(http01: Options) -> dict[str, Any]:
    """Through Istio, unless it says otherwise: the gateway reaches the solver's pods, so no node's port is needed."""
    if "gatewayHTTPRoute" in http01:
        return dict(http01)
    ingress = http01.get("ingress") or {}
    by_class = {} if {"class", "ingressClassName", "name"} & set(ingress) else {"class": INGRESS_CLASS}
    return {**http01, "ingress": {"serviceType": "ClusterIP", **by_class, **ingress}}


def solver_problems(where: str, issuer: Options) -> list[str]:
    """An ACME issuer's solvers each solve in exactly one way; cert-manager would fail at the first challenge only."""
    solvers = (issuer.get("acme") or {}).get("solvers") or []
    problems = []
    for number, solver in enumerate(solvers, start=1):
        spec = solver.get("spec") or {}
        types = [name for name in ("http01", "dns01") if solver.get(name) is not None or spec.get(name)]
        if len(types) != 1:
            problems.append(
                f"Solver {number} of the {where} must have either http01 or dns01, but has "
                f"{' and '.join(types) if types else 'neither'}."
            )
    return problems


def secrets_read(spec: Options) -> list[SecretKey]:
    """The Secrets that must be there before the issuer can work."""
    secrets = set(_secret_refs(spec))
    if (spec.get("ca") or {}).get("secretName"):
        secrets.add(SecretKey(spec["ca"]["secretName"], "tls.key"))
    client = ((spec.get("vault") or {}).get("auth") or {}).get("clientCertificate") or {}
    if client.get("secretName"):
        secrets.add(SecretKey(client["secretName"], "tls.key"))
    return sorted(secrets, key=lambda secret: (secret.name, secret.key))


def _secret_refs(value: Any) -> Iterator[SecretKey]:
    """By the name that cert-manager gives such fields; not what a webhook's solver has, which may mean anything."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            is_ref = str(name).endswith("ecretRef") and isinstance(inner, Mapping) and inner.get("name")
            if is_ref and (name != "privateKeySecretRef" or value.get("disableAccountKeyGeneration")):
                yield SecretKey(str(inner["name"]), str(inner.get("key") or ""))
            elif name not in ("webhook", "privateKeySecretRef"):
                yield from _secret_refs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _secret_refs(inner)
