# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What DNS and the gateway really say about a trace. The probe does the I/O; tests give other functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from .._istio.addresses import Address, GatewayEndpoints, addresses_at
from .._istio.cluster_state import ClusterState
from .._istio.requests import Request
from .._options.values import OptionError
from .._wait import probe
from .._wait.expectations import by_the_gateway_itself
from .trace_steps import Result, Step, Trace

# Others may change something behind the gateway.
_HARMLESS = ("GET", "HEAD", "OPTIONS")
_TIMEOUT = 5
# Envoy's response flags, by what its answers say:
# https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#response-flags.
_FLAGS: Mapping[str, str] = {
    "no healthy upstream": "UH",
    "upstream request timeout": "UT",
    "reset reason: connection termination": "UC",
    "reset reason: remote reset": "UR",
    "reset reason: local reset": "LR",
    "reset reason: overflow": "UO",
    "reset reason: protocol error": "UPE",
    "reset reason: remote connection failure": "UF",
    "reset reason: local connection failure": "UF",
    "reset reason: connection failure": "UF",
    "reset reason: connection timeout": "UF",
}

Ask = Callable[[probe.Request, str, int, bool], probe.ProbeResult]
Lookup = Callable[[str], probe.Found]


def asking(ca_cert: str | None = None) -> Ask:
    """Asks as a client that trusts the authorities of this file (PEM) or, without one, this machine's.

    Raises OptionError if the file cannot be used.
    """
    try:
        clients = {True: probe.tls_client(ca_cert), False: probe.tls_client(verify=False)}
    except OSError as error:
        message = f"probe_ca_cert ({ca_cert}): it cannot be used as PEM file: {error.strerror or error}."
        raise OptionError(message) from error
    return lambda request, host, port, verify: probe.ask(request, host, port, clients[verify], _TIMEOUT)


def answered(
    trace: Trace, state: ClusterState, ask_at: Ask, look_up: Lookup = probe.look_up
) -> tuple[Trace, Result | None]:
    """The trace with the steps before the gateway, and the gateway's answer; None if nobody was asked."""
    request = trace.request
    own, why = _own_addresses(trace, state)
    found = look_up(request.host)
    steps = (_dns(request, found), _address(found, own, why, look_up))
    # Its own address first: DNS may lead to another gateway.
    targets = [(entry.host, entry.port) for entry in own] or [(address, request.port) for address in found.addresses]
    trace = replace(trace, steps=(*steps, *trace.steps))
    if request.method not in _HARMLESS or not targets:
        return trace, None
    return trace, _answer(request, *targets[0], ask_at)


def _own_addresses(trace: Trace, state: ClusterState) -> tuple[list[Address], str]:
    if not trace.pods:
        return [], "the gateway's pods are not known"
    own, why = addresses_at(GatewayEndpoints(trace.pods, state.gateway_services), {}, trace.request.port)
    return own, why.partition(";")[0]  # the rest is about an option of other modules


def _dns(request: Request, found: probe.Found) -> Step:
    if found.addresses:
        return Step("dns", True, request.host, f"{request.host} is {', '.join(found.addresses)}.")
    ok = False if found.is_missing else None
    return Step("dns", ok, request.host, f"This machine does not find {request.host} in DNS: {found.error}.")


def _address(found: probe.Found, own: list[Address], why: str, look_up: Lookup) -> Step:
    if not own:
        return Step("address", None, None, f"{why[:1].upper()}{why[1:]}.")
    hosts = list(dict.fromkeys(entry.host for entry in own))
    listed = ", ".join(hosts)
    if not found.addresses:
        return Step("address", None, None, f"The gateway's Service has {listed}.")
    # Load balancers of some clouds have names.
    addresses = {address for host in hosts for address in look_up(host).addresses or (host,)}
    if addresses.intersection(found.addresses):
        return Step("address", True, None, f"That is the gateway's Service ({listed}).")
    message = f"The gateway's Service has {listed}: DNS leads to something before it, or elsewhere."
    return Step("address", None, None, message)


def _answer(request: Request, host: str, port: int, ask_at: Ask) -> Result:
    wanted = probe.Request(request.url, request.method, request.headers, body=False)
    result = ask_at(wanted, host, port, True)
    certificate_error = result.reason if result.is_refused_certificate else None
    if certificate_error:
        result = ask_at(wanted, host, port, False)
    return {
        "address": str(Address(host, port)),
        "status": result.status,
        "location": result.location,
        "flag": _flag(result),
        "error": result.error,
        "certificate_error": certificate_error,
    }


def _flag(result: probe.ProbeResult) -> str | None:
    """Envoy's response flag, if its answer tells it."""
    if not result.body or not by_the_gateway_itself(result):
        return None
    body = result.body.lower()
    return next((flag for text, flag in _FLAGS.items() if text in body), None)
