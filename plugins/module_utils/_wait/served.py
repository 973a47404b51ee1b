# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Waits until an exposure is served: real requests for each of its hosts, through each address of its gateway."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .._istio.addresses import Address, GatewayEndpoints, addresses_at, blocks, clients_port
from .._istio.tls_secret import HAS_CRYPTOGRAPHY, CertificateIdentity, identify, identify_secret
from .._istio.workloads import is_running
from .._kubernetes.errors import ClusterError, ForbiddenError
from .._kubernetes.objects import Manifest, Ref
from .._kubernetes.reader import Reader
from .._options.exposure import Exposure
from .._options.probe import Probe
from .._options.values import OptionError
from .._task import Task
from .deadline import Deadline
from .expectations import HANDSHAKE, Expectation, expectations, first_few, mismatch
from .probe import Request, ask, tls_client

Result = dict[str, Any]
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 1.0
_REQUEST_SECONDS = 5.0
# An answer does not tell which version of the objects it follows. Envoy has a new one well within this time.
_SETTLE_SECONDS = 1.0


@dataclass
class ProbeSession:
    """The expectations of an exposure, how to reach its gateway, and for each URL and address what came of it so far:
    in `served` the result of a good answer, in `failures` one sentence.
    """

    task: Task
    probe: Probe
    expectations: list[Expectation]
    selector: dict[str, str]
    pods_namespace: str | None
    tls: ssl.SSLContext
    endpoints: GatewayEndpoints = field(default_factory=GatewayEndpoints)
    served: dict[tuple[Expectation, Address], Result] = field(default_factory=dict)
    failures: dict[tuple[Expectation, Address], str] = field(default_factory=dict)

    def is_blocked_by(self, leaving: Manifest) -> bool:
        """Whether nothing new is served before this object is deleted."""
        if leaving["kind"] != "Gateway":
            return False
        ports = {expectation.number for expectation in self.expectations if expectation.is_tls}
        pods_are_known = self.endpoints.pods or not self.probe.addresses
        return blocks(leaving, self.selector, ports, self.endpoints.pods if pods_are_known else None)


def start_session(
    task: Task,
    reader: Reader,
    exposure: Exposure,
    gateway: Manifest | None,
    virtual_service: Manifest,
    probe: Probe,
) -> ProbeSession:
    """Finds everything that would make the wait pointless before the first write; raises OptionError or ClusterError.

    gateway (None: it may not be read) and virtual_service are as they will be.
    """
    at = Ref("Gateway", exposure.gateway.namespace, exposure.gateway.name)
    if gateway is None:
        raise ClusterError(
            f"wait: these credentials may not read {at}, so it is not known where to ask whether the hosts are served; "
            "give the right to get it, or set probe.enabled: false."
        )
    redirected_port = exposure.gateway.http_port if exposure.tls.redirect else None
    expected, unserved = expectations(exposure.hosts, gateway, virtual_service, redirected_port, probe)
    if unserved:
        raise OptionError(
            f"wait: no server of {at} has the host {' or '.join(unserved)}, so it would never be served; add it there, "
            "correct hosts, or set probe.enabled: false."
        )
    session = ProbeSession(
        task=task,
        probe=probe,
        expectations=expected,
        selector=gateway["spec"].get("selector") or {},
        pods_namespace=getattr(exposure.gateway, "pods_namespace", None),
        tls=_tls_client(probe),
    )
    if session.expectations:
        session.endpoints = _read_endpoints(session, reader)
    return session


def _tls_client(probe: Probe) -> ssl.SSLContext:
    """One for all requests. Without a CA no chain is verified: the Secret's certificate is what must be served."""
    try:
        return tls_client(probe.ca_cert, probe.client_cert, probe.client_key, verify=probe.ca_cert is not None)
    except OSError as error:
        files = {"ca_cert": probe.ca_cert, "client_cert": probe.client_cert, "client_key": probe.client_key}
        options = " or ".join(f"probe.{name} ({path})" for name, path in files.items() if path)
        raise OptionError(f"{options}: it cannot be used as PEM file: {error.strerror or error}.") from error


def _read_endpoints(session: ProbeSession, reader: Reader) -> GatewayEndpoints:
    """The gateway's pods and Services, as far as they are needed.

    Raises OptionError or ClusterError if they cannot be known, or may not be read.
    """
    addresses = session.probe.addresses
    needs_namespace = not session.pods_namespace and any(entry.credential for entry in session.expectations)
    if addresses and not needs_namespace:
        return GatewayEndpoints()
    if not session.selector:  # then Istio selects all pods of the cluster, and it is not certain which is the gateway
        if addresses:
            return GatewayEndpoints()
        raise OptionError(
            "wait: the Gateway does not have a selector, so it is not known which pods serve it; give the gateway's "
            "addresses with probe.addresses, or set probe.enabled: false."
        )
    try:
        pods = tuple(filter(is_running, reader.find("Pod", session.selector, session.pods_namespace)))
        if addresses:
            return GatewayEndpoints(pods)
        namespaces = GatewayEndpoints(pods).namespaces
        services = [service for namespace in namespaces for service in reader.find("Service", {}, namespace)]
        return GatewayEndpoints(pods, tuple(services))
    except ForbiddenError as error:
        if addresses:
            return GatewayEndpoints()
        scope = f"the namespace {session.pods_namespace}" if session.pods_namespace else "all namespaces"
        raise ClusterError(
            f"wait: these credentials may not list pods in {scope}, and Services in the namespaces of those, so the "
            "gateway's addresses are not known; give them with probe.addresses, or set probe.enabled: false "
            f"(the API server: {error})."
        ) from error


def wait_until_served(session: ProbeSession, reader: Reader, deadline: Deadline, updated: bool) -> list[Result]:
    """One result for every URL and address, once all answers are good; raises ClusterError with what is not served.

    updated: objects that had existed before were changed.
    """
    if updated and session.expectations:
        time.sleep(min(_SETTLE_SECONDS, deadline.remaining))
    pause = _FIRST_PAUSE_SECONDS
    while True:
        failures = list(_ask_all(session, reader, deadline))
        if not failures:
            order = {expectation: position for position, expectation in enumerate(session.expectations)}
            return [session.served[key] for key in sorted(session.served, key=lambda key: order[key[0]])]
        if not deadline.remaining:
            raise ClusterError(f"Not served after {deadline.seconds:g} s: {'; '.join(first_few(failures))}")
        time.sleep(min(pause, deadline.remaining))
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
        session.endpoints = _read_endpoints(session, reader)


def _ask_all(session: ProbeSession, reader: Reader, deadline: Deadline) -> Iterator[str]:
    """Asks for what is not known to be served; yields a sentence for each that still is not."""
    secrets = _Secrets(session.task, reader)
    asked = False
    for expectation in session.expectations:
        addresses, no_address = _addresses(session, expectation)
        if no_address:
            yield f"{expectation.url}: {no_address}"
        for address in addresses:
            key = expectation, address
            if key not in session.served and (deadline.remaining or not asked):
                asked = True
                _ask(session, expectation, address, secrets, max(1.0, min(_REQUEST_SECONDS, deadline.remaining)))
            elif key not in session.served:
                session.failures.setdefault(key, "not asked, as the time was over")
            if key in session.failures:
                yield f"{expectation.url} through {address}: {session.failures[key]}"


def _addresses(session: ProbeSession, expectation: Expectation) -> tuple[list[Address], str]:
    """Where to ask, or one sentence why that is nowhere."""
    port = session.probe.https_port if expectation.is_tls else session.probe.http_port
    if not session.probe.addresses:
        addresses, no_address = addresses_at(session.endpoints, session.selector, expectation.number)
        return [Address(one.host, port or one.port, one.namespace) for one in addresses], no_address
    namespaces = [session.pods_namespace] if session.pods_namespace else session.endpoints.namespaces
    namespace = namespaces[0] if len(namespaces) == 1 else None
    return [Address(host, port or expectation.number, namespace) for host in session.probe.addresses], ""


def _ask(session: ProbeSession, expectation: Expectation, address: Address, secrets: _Secrets, seconds: float) -> None:
    """Sends the request, and records what came of it."""
    key = expectation, address
    held, unusable = secrets.certificate(expectation, address) if expectation.credential else (None, None)
    probe = session.probe
    handshake_only = expectation.kind == HANDSHAKE
    request = Request(expectation.url, probe.method, probe.headers, handshake_only=handshake_only, body=False)
    answer = ask(request, address.host, address.port, session.tls, seconds)
    served = identify(answer.der) if answer.der else None
    https_ports = [clients_port(session.endpoints, number) for number in expectation.https_numbers]
    problems = [mismatch(expectation, answer, probe, held, served, https_ports), unusable]
    if any(problems):
        session.failures[key] = "; ".join(filter(None, problems))
        return
    session.failures.pop(key, None)
    result = {"url": expectation.url, "address": address.host, "port": address.port, "status": answer.status}
    if answer.location:
        result["location"] = answer.location
    if served:
        not_after = served.not_after.strftime("%Y-%m-%dT%H:%M:%SZ")
        result["certificate"] = {"serial": served.serial, "not_after": not_after}
    session.served[key] = result


class _Secrets:
    """The certificates in the gateway's Secrets, each read once a round. Only the certificate of a Secret is kept."""

    def __init__(self, task: Task, reader: Reader) -> None:
        self._task = task
        self._reader = reader
        self._read: dict[Ref, tuple[CertificateIdentity | None, str | None]] = {}

    def certificate(self, expectation: Expectation, address: Address) -> tuple[CertificateIdentity | None, str | None]:
        """The certificate that must be served, and what is wrong with its Secret; both None if neither is known."""
        if not HAS_CRYPTOGRAPHY:
            return self._not_compared("the Python library cryptography is not installed where this task runs")
        if address.namespace is None:
            return self._not_compared("the namespace of the gateway's pods is not known (gateway.pods_namespace)")
        at = Ref("Secret", address.namespace, expectation.credential or "")
        if at not in self._read:
            self._read[at] = self._identity(at)
        return self._read[at]

    def _identity(self, at: Ref) -> tuple[CertificateIdentity | None, str | None]:
        try:
            live = self._reader.get(at)
        except ForbiddenError:
            return self._not_compared(f"these credentials may not read {at}")
        if live is None:
            return None, f"{at}, from which the gateway takes its certificate, does not exist"
        identity = identify_secret(live.get("data"))
        return identity, None if identity else f"{at}, from which the gateway takes its certificate, does not hold one"

    def _not_compared(self, why: str) -> tuple[None, None]:
        # Ansible shows a warning once, however often it is given.
        self._task.warn(f"The certificate that is served was not compared with the one in its Secret: {why}.")
        return None, None
