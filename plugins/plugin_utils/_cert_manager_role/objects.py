# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Role cert_manager, step 1: its variables → chart values and objects. Pure: no file, no cluster."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import FIELD_MANAGER, MANAGED_BY
from ansible_collections.gatehouse.istio.plugins.module_utils._options.raw_fields import CERTIFICATE, raw_fields
from ansible_collections.gatehouse.istio.plugins.module_utils._options.values import OptionError, is_dns_name, is_label

from .._roles.helm_values import (
    duration_problems,
    duration_seconds,
    merge_values,
    parsed_files,
    user_layers,
)
from .issuers import (
    chosen_types,
    issuer_spec,
    secrets_read,
    shaped_issuer,
    solver_problems,
)

Options = Mapping[str, Any]

CERT_MANAGER = "cert-manager.io/v1"
# What a server's certificate is for. cert-manager's default lacks the last, without which Apple's clients refuse it.
SERVER_USAGES = ("digital signature", "key encipherment", "server auth")


@dataclass(frozen=True)
class Item:
    """One object that the role writes or removes; its content travels apart, so that no loop prints a Secret."""

    id: str
    api_version: str
    kind: str
    namespace: str
    name: str
    state: str


@dataclass(frozen=True)
class Need:
    """A Secret that an issuer reads, and where it must lie."""

    namespace: str
    name: str
    key: str
    by: str


_CERTIFICATE = {**CERTIFICATE, "secretName": str}


@dataclass
class Desired:
    """What the variables ask for, while it is collected."""

    items: list[Item] = field(default_factory=list)
    manifests: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    issued: dict[tuple[str, str], list[str]] = field(
        default_factory=dict
    )  # Certificates by their Secrets' namespace and name
    issuer_kinds: set[str] = field(default_factory=set)  # of those that Certificates name

    @contextmanager
    def noting_mistakes(self) -> Iterator[None]:
        try:
            yield
        except OptionError as error:
            self.problems.append(str(error))

    def add(self, api_version: str, kind: str, options: Options, content: Options) -> Item:
        namespace, name = options.get("namespace") or "", options["name"]
        at = f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"
        item = Item(at, api_version, kind, namespace, name, options.get("state") or "present")
        metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
        metadata["labels"] = {MANAGED_BY: FIELD_MANAGER}
        self.items.append(item)
        self.manifests[at] = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}
        if not is_dns_name(name):
            self.problems.append(
                f"The name of the {at} is not valid: use lower-case letters, digits, '-' and '.', beginning and ending "
                "with a letter or digit."
            )
        if namespace and not is_label(namespace):
            self.problems.append(f"The namespace of the {at} is not valid: use lower-case letters, digits and '-'.")
        return item


def _add_secret(desired: Desired, secret: Options, home: str) -> None:
    data = {key: base64.b64encode(str(value).encode()).decode() for key, value in (secret.get("data") or {}).items()}
    content = {"type": secret.get("type") or "Opaque", "data": data}
    item = desired.add("v1", "Secret", {**secret, "namespace": secret.get("namespace") or home}, content)
    if item.state == "present" and not data:
        desired.problems.append(f"The {item.id} of cert_manager_secrets has no data; give its keys and values.")


def _add_issuer(desired: Desired, issuer: Options, home: str) -> None:
    kind = issuer.get("kind") or "ClusterIssuer"
    item = desired.add(CERT_MANAGER, kind, issuer, {"spec": issuer_spec(issuer)})
    if kind == "ClusterIssuer" and item.namespace:
        desired.problems.append(
            f"The ClusterIssuer {item.name} cannot have a namespace; remove it, or set kind to Issuer."
        )
    if kind == "Issuer" and not item.namespace:
        desired.problems.append(f"The Issuer {item.name} needs a namespace; give it one, or set kind to ClusterIssuer.")
    if item.state == "absent":
        return
    types = chosen_types(issuer)
    if len(types) > 1:
        desired.problems.append(f"The {item.id} must have one type, but has {' and '.join(types)}.")
    if not types and not issuer.get("spec"):
        desired.problems.append(f"The {item.id} has no type; give it one of acme, ca, self_signed and vault.")
    desired.problems += solver_problems(item.id, issuer)
    at = item.namespace or home
    desired.needs += [Need(at, secret.name, secret.key, item.id) for secret in secrets_read(issuer_spec(issuer))]


def _private_key(key: Options) -> dict[str, Any]:
    settings = {"algorithm": key.get("algorithm"), "rotationPolicy": key.get("rotation_policy")}
    spec: dict[str, Any] = {name: value for name, value in settings.items() if value}
    return {**spec, "size": int(key["size"])} if key.get("size") else spec


def _certificate_spec(certificate: Options) -> dict[str, Any]:
    issuer = certificate["issuer"]
    is_ca = bool(certificate.get("is_ca"))
    usages = certificate.get("usages") or ([] if is_ca else SERVER_USAGES)
    spec = {
        "secretName": certificate.get("secret_name") or certificate["name"],
        "issuerRef": {
            "name": issuer["name"],
            "kind": issuer.get("kind") or "ClusterIssuer",
            "group": issuer.get("group") or "cert-manager.io",
        },
        "commonName": certificate.get("common_name"),
        "dnsNames": list(certificate.get("dns_names") or []),
        "duration": certificate.get("duration"),
        "renewBefore": certificate.get("renew_before"),
        "isCA": is_ca,
        "privateKey": _private_key(certificate.get("private_key") or {}),
        "usages": list(usages),
    }
    return merge_values([{key: value for key, value in spec.items() if value}, certificate.get("spec") or {}])


def _add_certificate(desired: Desired, certificate: Options) -> None:
    if certificate.get("state") == "absent":
        desired.add(CERT_MANAGER, "Certificate", certificate, {})
        return
    if not certificate.get("issuer"):
        desired.add(CERT_MANAGER, "Certificate", certificate, {})
        desired.problems.append(f"The Certificate {certificate['namespace']}/{certificate['name']} needs an issuer.")
        return
    spec = _certificate_spec(certificate)
    item = desired.add(CERT_MANAGER, "Certificate", certificate, {"spec": spec})
    reference = spec.get("issuerRef") or {}  # null among the raw fields removes it, and the API server will refuse that
    if reference.get("group") == "cert-manager.io" and reference.get("kind"):
        desired.issuer_kinds.add(reference["kind"])
    if spec.get("secretName"):
        desired.issued.setdefault((item.namespace, spec["secretName"]), []).append(item.id)
    for name in spec.get("dnsNames") or []:
        if not is_dns_name(name.removeprefix("*.")):
            desired.problems.append(
                f"The {item.id} lists '{name}', which is not a DNS name; write one such as shop.example.com or "
                "*.example.com."
            )
    for option in ("duration", "renew_before"):
        text = certificate.get(option)
        if text and duration_seconds(text) is None:
            desired.problems.append(
                f"The {item.id} has {option} '{text}', which is not a duration; write hours, such as 2160h for 90 days."
            )


def _name_problems(desired: Desired) -> list[str]:
    return [
        f"The {at} is listed {count} times; list it once."
        for at, count in Counter(item.id for item in desired.items).items()
        if count > 1
    ]


def _secret_problems(desired: Desired) -> list[str]:
    """Secrets that two would write, and those that are given but not as the issuer wants them."""
    given = {(item.namespace, item.name): item for item in desired.items if item.kind == "Secret"}
    problems = []
    for at, certificates in desired.issued.items():
        if len(certificates) > 1:
            problems.append(
                f"The {' and the '.join(certificates)} name the same Secret {'/'.join(at)}; give each its own "
                "secret_name."
            )
        if at in given:
            problems.append(
                f"The Secret {'/'.join(at)} belongs to the {certificates[0]}; take it out of cert_manager_secrets."
            )
    for need in desired.needs:
        item = given.get((need.namespace, need.name))
        if item is None:
            continue
        if item.state == "absent":
            problems.append(f"The {item.id} has state absent, but the {need.by} reads it.")
        elif need.key and need.key not in desired.manifests[item.id]["data"]:
            problems.append(
                f"The {item.id} of cert_manager_secrets lacks the key '{need.key}' that the {need.by} reads."
            )
    return problems


def _chart_values(variables: Options, files: Options) -> dict[str, Any]:
    """Later wins: the role's own, the values files in order, the values dictionary."""
    own: dict[str, Any] = {
        "crds": {"enabled": True, "keep": True},
        # A Job that asks the webhook once; the role does that by itself, and needs no further image for it.
        "startupapicheck": {"enabled": False},
    }
    if variables["cert_manager_image_registry"]:
        own["imageRegistry"] = variables["cert_manager_image_registry"]
    return merge_values(
        [own, *user_layers(variables["cert_manager_values"], variables["cert_manager_values_files"], files)]
    )


def cert_manager_objects(variables: Options, texts: Mapping[str, str]) -> dict[str, Any]:
    """Chart values, objects and their manifests. A mistake is a sentence in `problems`.

    `variables` are those of the role by name, `texts` has the values files by path.
    """
    files, problems = parsed_files(texts)
    values = _chart_values(variables, files)
    timeout = variables["cert_manager_timeout"]
    # Where cert-manager looks up what a ClusterIssuer reads.
    home = str(values.get("clusterResourceNamespace") or values.get("namespace") or variables["cert_manager_namespace"])
    desired = Desired(problems=problems + duration_problems("cert_manager_timeout", timeout))
    for secret in variables["cert_manager_secrets"]:
        _add_secret(desired, secret, home)
    for index, issuer in enumerate(variables["cert_manager_issuers"]):
        with desired.noting_mistakes():
            _add_issuer(desired, shaped_issuer(f"cert_manager_issuers[{index}]", issuer), home)
    for index, certificate in enumerate(variables["cert_manager_certificates"]):
        with desired.noting_mistakes():
            spec = raw_fields(f"cert_manager_certificates[{index}].spec", certificate.get("spec"), _CERTIFICATE)
            _add_certificate(desired, {**certificate, "spec": spec})
    given = {(item.namespace, item.name) for item in desired.items if item.kind == "Secret"}
    needs = [need for need in desired.needs if (need.namespace, need.name) not in given.union(desired.issued)]
    to_read = given.union((need.namespace, need.name) for need in needs)
    return {
        "values": values,
        "timeout_seconds": duration_seconds(timeout) or 0,
        "objects": [asdict(item) for item in desired.items],
        "manifests": desired.manifests,
        "needs": [asdict(need) for need in needs],
        "kinds_to_read": sorted(
            {item.kind for item in desired.items if item.kind != "Secret"}.union(desired.issuer_kinds)
        ),
        "secrets_to_read": [{"namespace": namespace, "name": name} for namespace, name in sorted(to_read)],
        "problems": desired.problems + _name_problems(desired) + _secret_problems(desired),
    }
