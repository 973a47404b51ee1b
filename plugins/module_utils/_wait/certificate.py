# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Waits until cert-manager has issued a certificate and, if it does not, says why."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from .._kubernetes.errors import ClusterError
from .._kubernetes.objects import Manifest, Ref, ref
from .._kubernetes.reader import Reader
from .deadline import Deadline

_PAUSE_SECONDS = 1.0
_CERT_MANAGER = "cert-manager.io"
_NAME = "cert-manager.io/certificate-name"
_REVISION = "cert-manager.io/certificate-revision"


def wait_until_ready(reader: Reader, certificate: Manifest, deadline: Deadline) -> Manifest:
    """The Certificate once it is ready; raises ClusterError with the reason if it fails or takes too long."""
    at = ref(certificate)
    live: Manifest | None = certificate
    while True:
        if live is not None and is_ready(live):
            return live
        if live is not None and has_failed(live):
            raise ClusterError(f"{at} could not be issued: {_reason(reader, at, live)}.")
        if not deadline.remaining:
            raise ClusterError(f"{at} is not ready after {deadline.seconds:g} s: {_reason(reader, at, live)}.")
        time.sleep(min(_PAUSE_SECONDS, deadline.remaining))
        live = reader.get(at)


def _reason(reader: Reader, at: Ref, certificate: Manifest | None) -> str:
    def list_kind(kind: str) -> list[Manifest]:
        try:
            return reader.find(kind, {}, at.namespace)
        except ClusterError:
            return []  # what may not be read cannot explain anything

    requests, orders, challenges = (list_kind(kind) for kind in ("CertificateRequest", "Order", "Challenge"))
    return explain(certificate, requests, orders, challenges, _issuer(reader, at, certificate))


def _issuer(reader: Reader, at: Ref, certificate: Manifest | None) -> Manifest | None:
    reference = certificate["spec"]["issuerRef"] if certificate else {}
    if reference.get("group") != _CERT_MANAGER or reference.get("kind") not in ("Issuer", "ClusterIssuer"):
        return None
    namespace = at.namespace if reference["kind"] == "Issuer" else ""
    try:
        return reader.get(Ref(reference["kind"], namespace, reference["name"]))
    except ClusterError:
        return None


def is_ready(certificate: Manifest) -> bool:
    """Whether a valid certificate exists that matches the object's current generation."""
    ready = _condition(certificate, "Ready")
    return ready.get("status") == "True" and _is_current(certificate, ready)


def has_failed(certificate: Manifest) -> bool:
    """Whether cert-manager has failed, and tries again only after an hour or more."""
    issuing = _condition(certificate, "Issuing")
    return issuing.get("status") == "False" and issuing.get("reason") != "Issued" and _is_current(certificate, issuing)


def explain(
    certificate: Manifest | None,
    requests: list[Manifest],
    orders: list[Manifest],
    challenges: list[Manifest],
    issuer: Manifest | None = None,
) -> str:
    """Why a certificate is not ready, in one line: the last message of every object that takes part in issuing it.

    The lists may hold all objects of a namespace: those of the certificate are known by annotation and owner.
    """
    if certificate is None:
        return "it does not exist"
    parts: list[str] = []
    for what, message in _messages(certificate, requests, orders, challenges, issuer):
        # Some objects repeat another one's message; once is enough.
        text = " ".join(message.split()).rstrip(".")
        if text and not any(text in part for part in parts):
            parts.append(f"{what}: {text}")
    return "; ".join(parts)


def _messages(
    certificate: Manifest,
    requests: list[Manifest],
    orders: list[Manifest],
    challenges: list[Manifest],
    issuer: Manifest | None,
) -> Iterator[tuple[str, str]]:
    failed = _condition(certificate, "Issuing") if has_failed(certificate) else _condition(certificate, "Ready")
    yield "Certificate", failed.get("message") or "cert-manager has not said anything (is its controller running?)"
    if issuer and _condition(issuer, "Ready").get("status") != "True":
        yield (
            f"{issuer['kind']} {issuer['metadata']['name']}",
            _condition(issuer, "Ready").get("message") or "not ready",
        )
    request = _newest_request(certificate, requests)
    if request is None:
        return
    yield f"CertificateRequest {request['metadata']['name']}", _request_message(request)
    for order in _owned_by(request, orders):
        yield f"Order {order['metadata']['name']}", _state_message(order)
        for challenge in _owned_by(order, challenges):
            spec = challenge["spec"]
            yield f"Challenge {spec['type']} for {spec['dnsName']}", _state_message(challenge)


def _newest_request(certificate: Manifest, requests: list[Manifest]) -> Manifest | None:
    def annotation(request: Manifest, key: str) -> str:
        return (request["metadata"].get("annotations") or {}).get(key, "")

    own = [request for request in requests if annotation(request, _NAME) == certificate["metadata"]["name"]]
    return max(own, key=lambda request: int(annotation(request, _REVISION) or 0), default=None)


def _request_message(request: Manifest) -> str:
    for kind in ("InvalidRequest", "Denied", "Ready"):
        condition = _condition(request, kind)
        if condition and (condition.get("status") == "True") == (kind != "Ready"):
            return condition.get("message") or condition.get("reason") or kind
    return "no issuer has answered" if not _condition(request, "Ready") else ""


def _state_message(entry: Manifest) -> str:
    status = entry.get("status") or {}
    return status.get("reason") or (f"it is {status['state']}" if status.get("state") else "it has not started")


def _owned_by(parent: Manifest, entries: list[Manifest]) -> list[Manifest]:
    uid = parent["metadata"]["uid"]
    return [
        entry
        for entry in entries
        if any(owner["uid"] == uid for owner in entry["metadata"].get("ownerReferences") or [])
    ]


def _condition(entry: Manifest, kind: str) -> dict[str, Any]:
    conditions = (entry.get("status") or {}).get("conditions") or []
    return next((condition for condition in conditions if condition["type"] == kind), {})


def _is_current(certificate: Manifest, condition: dict[str, Any]) -> bool:
    """Whether the condition is about the object's current generation, not about one before the last change."""
    return condition.get("observedGeneration", 0) >= certificate["metadata"].get("generation", 0)
