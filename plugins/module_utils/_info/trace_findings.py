# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The findings that explain where a request breaks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from .._analysis.context import Analysis
from .._analysis.finding import Finding
from .._checks.registry import find_in, with_levels
from .._kubernetes.objects import Manifest, ref
from .._mesh.names import full_name, gateway_names
from .describe import objects_of
from .trace_routes import gateways_with, virtual_services_with
from .trace_steps import Trace

_SERVERS = ("host-served-twice", "port-taken", "sni-twice", "gateway-port-closed", "gateway-out-of-scope")
_ATTACHED = ("gateway-missing", "host-not-on-gateway", "host-without-domain", "gateway-without-namespace")
_ROUTES = ("no-route-for-host", "route-unused", "routes-shadowed", "connections-shadowed", "route-behind-wider")
_DESTINATIONS = (
    "destination-missing",
    "destination-port-missing",
    "destination-protocol",
    "destination-not-visible",
    "destination-without-endpoints",
    "subset-missing",
    "not-discovered",
)
# The codes that may be the reason for a break at a step.
_EXPLAINING: Mapping[str, tuple[str, ...]] = {
    "gateway_pods": ("no-gateway-pods", "gateway-not-injected", "gateway-out-of-scope"),
    "listener": (*_SERVERS, *_ATTACHED),
    "server": (*_SERVERS, *_ATTACHED),
    "certificate": (
        "secret-missing",
        "secret-unusable",
        "client-ca-missing",
        "certificate-expired",
        "host-not-in-certificate",
    ),
    "virtual_host": (*_ATTACHED, *_ROUTES, "not-exported", "not-discovered"),
    "route": (*_SERVERS, *_ATTACHED, *_ROUTES, "not-exported", "delegate-left-out"),
    "delegate": ("delegate-left-out",),
    "destination": _DESTINATIONS,
    "service": _DESTINATIONS,
    "endpoints": _DESTINATIONS,
}
# Without a break: why Envoy, a browser, or what is before the gateway may make something else of it.
_OTHERWISE = (
    "sni-twice",
    "certificate-on-two-servers",
    "gateway-port-closed",
    "load-balancer-ends-tls",
    "destination-protocol",
    "routes-shadowed",
    "route-behind-wider",
)
# Steps whose object says which of several findings is meant.
_BY_OBJECT = ("certificate", "destination", "service", "endpoints")


def explained(analysis: Analysis, trace: Trace, levels: Mapping[str, str]) -> Trace:
    """The trace with the findings about its host that say why it breaks or, if it does not, why it still might."""
    step = next((step for step in trace.steps if step.ok is False), None)
    found = [finding for objects in _exposures(analysis, trace) for finding in findings_of(analysis, objects)]
    codes = _EXPLAINING[step.step] if step else _OTHERWISE
    at = step.object if step and step.step in _BY_OBJECT else None
    related = [
        finding for finding in dict.fromkeys(found) if finding.code in codes and (at is None or at in finding.objects)
    ]
    return replace(trace, findings=tuple(with_levels(related, levels)))


def findings_of(analysis: Analysis, objects: Iterable[Manifest]) -> list[Finding]:
    """What the checks find about an exposure, however many traces ask for it."""
    entries = list(objects)
    key = ("findings", *map(ref, entries))
    if key not in analysis.memory:
        analysis.memory[key] = find_in(analysis.context(entries))
    found: list[Finding] = analysis.memory[key]
    return found


def _exposures(analysis: Analysis, trace: Trace) -> Iterator[list[Manifest]]:
    """Those with the host, and the Gateways with it that no VirtualService uses."""
    used: set[str] = set()
    for entry in virtual_services_with(analysis.after, trace.request.host):
        names = dict.fromkeys(gateway_names(entry))
        used.update(names)
        yield objects_of(entry, filter(None, map(analysis.after.gateway, names)))
    for gateway in gateways_with(analysis.after, trace.request.host):
        if full_name(gateway) not in used:
            yield [gateway]
