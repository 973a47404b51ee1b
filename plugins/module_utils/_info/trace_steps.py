# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The steps of a trace, and those behind a route: destination, Service, endpoints. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._analysis.back_ends import Destination, destination_of
from .._analysis.context import Analysis
from .._analysis.finding import Finding
from .._checks.destinations import destination_rules
from .._istio.hosts import certificate_covers
from .._istio.listeners import Server
from .._istio.requests import Request
from .._istio.tls_secret import TlsSecret
from .._kubernetes.objects import Manifest, ref
from .._mesh.destination_rules import subsets
from .._mesh.destinations import Target
from .._mesh.visibility import is_service_visible

Result = dict[str, Any]

_MOST_NAMED = 3


@dataclass(frozen=True)
class PassedOver:
    """A route that comes before the one that takes the request, and why it does not take it."""

    object: str
    route: str
    name: str | None
    why: str

    def result(self) -> Result:
        return {"object": self.object, "route": self.route, "name": self.name, "why": self.why}


@dataclass(frozen=True)
class Step:
    """Where the request passes: ok is None where it is not known whether it does."""

    step: str
    ok: bool | None
    object: str | None
    message: str
    passed_over: tuple[PassedOver, ...] = ()

    def result(self) -> Result:
        result = {"step": self.step, "ok": self.ok, "object": self.object, "message": self.message}
        return {**result, "passed_over": [entry.result() for entry in self.passed_over]} if self.passed_over else result


@dataclass(frozen=True)
class Expected:
    """What the client gets: a status of the gateway's own, or the answer of one of the Services; else no answer."""

    message: str
    status: int | None = None
    location: str | None = None
    services: tuple[str, ...] = ()

    def result(self) -> Result:
        return {
            "status": self.status,
            "location": self.location,
            "services": list(self.services),
            "message": self.message,
        }


@dataclass(frozen=True)
class Trace:
    """The way of a request through the pods of one gateway, which is None if there is none; pods are those that run."""

    request: Request
    gateway: str | None
    steps: tuple[Step, ...]
    expected: Expected
    pods: tuple[Manifest, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def breaks_at(self) -> str | None:
        """The first step at which it fails."""
        return next((step.step for step in self.steps if step.ok is False), None)

    def result(self) -> Result:
        return {
            "url": self.request.url,
            "method": self.request.method,
            "gateway": self.gateway,
            "steps": [step.result() for step in self.steps],
            "breaks_at": self.breaks_at,
            "expected": self.expected.result(),
            "findings": [finding.result() for finding in self.findings],
        }


def steps_behind(
    analysis: Analysis, virtual_service: Manifest, target: Target, server: Server, pods_namespace: str | None
) -> Iterator[Step]:
    """From a destination to its endpoints; the last one is the one at which it breaks, or is not known."""
    port = f", port {target.port}" if target.port else ""
    subset = f", subset {target.subset}" if target.subset else ""
    named = f"{target.host}{port}{subset}"
    destination = destination_of(analysis, virtual_service, target)
    if destination is None:
        yield Step("destination", None, target.host, f"{named}: it may not be read whether it exists.")
        return
    live = destination.backend.live
    if live is None:
        what = "does not exist" if target.service else "is the host of no Service and of no ServiceEntry"
        at = str(target.service or target.host)
        yield Step("destination", False, at, f"{at} {what}, {destination.consequence}.")
        return
    yield Step("destination", True, target.host, f"Requests go to {named}.")
    service = _service(analysis, destination, server, pods_namespace)
    yield service
    if service.ok:
        yield _endpoints(analysis, destination, pods_namespace)


def _service(analysis: Analysis, destination: Destination, server: Server, pods_namespace: str | None) -> Step:
    backend = destination.backend
    named = backend.alias or backend.live
    at = str(ref(named)) if named else backend.host
    number = destination.number or server.number
    if named and not is_service_visible(named, pods_namespace, analysis.cluster_state.settings):
        message = f"{at} is not for namespace {pods_namespace}, where the gateway's pods are"
        return Step("service", False, at, f"{message}, {destination.consequence}.")
    if not backend.port(number):
        listed = ", ".join(str(port["number"]) for port in backend.ports) or "none"
        message = f"{at} does not have port {number} (its ports: {listed})"
        return Step("service", False, at, f"{message}, {destination.consequence}.")
    return Step("service", True, at, f"{at} has port {number}.")


def _endpoints(analysis: Analysis, destination: Destination, pods_namespace: str | None) -> Step:
    live = destination.backend.live
    at = str(ref(live)) if live else destination.backend.host
    if destination.nothing_behind:
        message = f"{destination.nothing_behind}, {destination.consequence}."
        return Step("endpoints", False, at, message)
    if destination.target.subset:
        step = _subset(analysis, destination, at, pods_namespace)
        if step:
            return step
    if live is None or live["kind"] != "Service":
        return Step("endpoints", None, at, "What is behind it is outside the cluster.")
    if not destination.slices:
        return Step("endpoints", None, at, "Its EndpointSlices are not known.")
    count = sum(
        (endpoint.get("conditions") or {}).get("ready") is not False
        for entry in destination.slices
        for endpoint in entry.get("endpoints") or []
    )
    return Step("endpoints", True, at, f"{count} endpoint{'s are' if count > 1 else ' is'} ready.")


def _subset(analysis: Analysis, destination: Destination, at: str, pods_namespace: str | None) -> Step | None:
    """What is wrong with the subset; None if nothing is."""
    subset, live = destination.target.subset, destination.backend.live
    if analysis.cluster_state.destination_rules is None:
        return Step("endpoints", None, at, f"The DestinationRules, which say what subset '{subset}' is, are not known.")
    namespace = live["metadata"]["namespace"] if live else None
    rules = destination_rules(analysis).of(destination.backend.host, namespace, pods_namespace)
    labels = subsets(rules).get(str(subset))
    if labels is None:
        message = f"No DestinationRule that the gateway gets has the subset '{subset}'"
        return Step("endpoints", False, at, f"{message}, {destination.consequence}.")
    if labels and destination.has_no_pod_with(labels):
        selected = ", ".join(f"{key}={value}" for key, value in labels.items())
        message = f"No pod behind it has the labels {selected} of subset '{subset}'"
        return Step("endpoints", False, at, f"{message}, {destination.consequence}.")
    return None


def handshake_fault(secret: TlsSecret | None) -> str | None:
    """Why a gateway cannot use a Secret; None if it can."""
    if secret is None:
        return "does not exist"
    if not secret.has_pair:
        return "lacks the keys tls.crt and tls.key"
    return f"is refused by Envoy ({secret.problem})" if secret.problem else None


def why_refused(secret: TlsSecret, host: str, now: datetime) -> str | None:
    """Why clients refuse a certificate; None if they do not, or it cannot be told."""
    if secret.not_after and secret.not_after < now:
        return f"it expired at {secret.not_after:%Y-%m-%dT%H:%M:%SZ}"
    if secret.names is not None and not any(certificate_covers(name, host) for name in secret.names):
        return f"it is for {', '.join(secret.names[:_MOST_NAMED]) or 'no name'}, not for {host}"
    return None
