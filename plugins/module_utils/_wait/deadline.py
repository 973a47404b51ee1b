# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""How long a task waits at most; and the wait until cert-manager has made a certificate."""

from __future__ import annotations

import time
from dataclasses import dataclass

from .._kubernetes.client import ClusterError
from .._kubernetes.objects import Manifest, Ref, ref
from .._kubernetes.reader import Reader
from .certificate import explain, has_failed, is_ready

_PAUSE_SECONDS = 1.0
_CERT_MANAGER = "cert-manager.io"


@dataclass(frozen=True)
class Limit:
    """All waiting of a task must end by the deadline, which is so many seconds after its start."""

    seconds: float
    deadline: float

    @classmethod
    def starting_now(cls, seconds: float) -> Limit:
        return cls(seconds, time.monotonic() + seconds)

    @property
    def left(self) -> float:
        return max(0.0, self.deadline - time.monotonic())


def until_ready(cluster: Reader, certificate: Manifest, limit: Limit) -> Manifest:
    """The Certificate once it is ready; raises ClusterError with the reason if it fails or takes too long."""
    at = ref(certificate)
    live: Manifest | None = certificate
    while True:
        if live is not None and is_ready(live):
            return live
        if live is not None and has_failed(live):
            raise ClusterError(f"{at} could not be issued: {_why(cluster, at, live)}.")
        if not limit.left:
            raise ClusterError(f"{at} is not ready after {limit.seconds:g} s: {_why(cluster, at, live)}.")
        time.sleep(min(_PAUSE_SECONDS, limit.left))
        live = cluster.get(at)


def _why(cluster: Reader, at: Ref, certificate: Manifest | None) -> str:
    def every(kind: str) -> list[Manifest]:
        try:
            return cluster.find(kind, {}, at.namespace)
        except ClusterError:
            return []  # what may not be read cannot explain anything

    return explain(
        certificate, every("CertificateRequest"), every("Order"), every("Challenge"), _issuer(cluster, at, certificate)
    )


def _issuer(cluster: Reader, at: Ref, certificate: Manifest | None) -> Manifest | None:
    reference = certificate["spec"]["issuerRef"] if certificate else {}
    if reference.get("group") != _CERT_MANAGER or reference.get("kind") not in ("Issuer", "ClusterIssuer"):
        return None
    namespace = at.namespace if reference["kind"] == "Issuer" else ""
    try:
        return cluster.get(Ref(reference["kind"], namespace, reference["name"]))
    except ClusterError:
        return None
