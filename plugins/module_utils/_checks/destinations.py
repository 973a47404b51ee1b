# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: the Services, ports and subsets to which VirtualServices send requests. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .._istio.indexes import once
from .._istio.references import Target, full_name, targets
from .._kubernetes.objects import Manifest, Ref
from .context import Analysis, Context
from .finding import Finding

# Protocols that are not HTTP, and that Istio does not try to detect.
_NOT_HTTP = ("mongo", "mysql", "redis", "udp")


@dataclass(frozen=True)
class _Destination:
    """A destination whose Service was looked up; service is None if it does not exist."""

    virtual_service: Manifest
    target: Target
    at: Ref
    service: Manifest | None

    @cached_property
    def ports(self) -> list[dict[str, Any]]:
        return (self.service["spec"].get("ports") or []) if self.service else []

    @property
    def is_ambiguous(self) -> bool:
        """Whether the Service has several ports, and the route does not name one."""
        return self.target.port is None and len(self.ports) > 1

    @cached_property
    def port(self) -> dict[str, Any] | None:
        if self.is_ambiguous:
            return None
        return next((port for port in self.ports if self.target.port in (None, port["port"])), None)

    def finding(self, message: str, fix: str) -> Finding:
        objects = (str(self.at), f"VirtualService {full_name(self.virtual_service)}")
        return Finding(objects, _option(self.virtual_service, self.target), message, fix)


def service_missing(context: Context) -> Iterator[Finding]:
    for destination in _destinations(context):
        if destination.service is None:
            message = f"{destination.at} does not exist, so the gateway answers 503."
            yield destination.finding(message, "Create it, or correct the name.")


def port_missing(context: Context) -> Iterator[Finding]:
    for destination in _destinations(context):
        if destination.service is None or destination.port is not None:
            continue
        message = f"{destination.at} does not have port {destination.target.port}, so the gateway answers 503."
        if destination.is_ambiguous:
            message = (
                f"{destination.at} has several ports, so one must be given; without it the gateway has no route there."
            )
        numbers = ", ".join(str(port["port"]) for port in destination.ports) or "none"
        yield destination.finding(message, f"Give one of its ports: {numbers}.")


def wrong_protocol(context: Context) -> Iterator[Finding]:
    for destination in _destinations(context):
        port = destination.port
        if port is not None and destination.target.protocol == "http" and _protocol(port) in _NOT_HTTP:
            message = (
                f"port {port['port']} of {destination.at} is declared as {_protocol(port)}, and the route sends it "
                "HTTP requests."
            )
            fix = "Correct the port's appProtocol or name (http, http2, grpc, ...), or the port."
            yield destination.finding(message, fix)


def subset_missing(context: Context) -> Iterator[Finding]:
    if context.cluster_state.destination_rules is None:
        return
    exact, by_suffix = _subsets(context.analysis)
    for entry, target in _targets(context):
        in_wildcards = (target.subset in names for suffix, names in by_suffix.items() if target.host.endswith(suffix))
        if target.subset and target.subset not in exact.get(target.host, ()) and not any(in_wildcards):
            message = (
                f"no DestinationRule for {target.host} has a subset '{target.subset}', so the gateway answers 503."
            )
            objects = (f"VirtualService {full_name(entry)}",)
            yield Finding(objects, _option(entry, target), message, "Create it first, or correct the name.")


@once
def _targets(context: Context) -> list[tuple[Manifest, Target]]:
    return [
        (entry, target)
        for entry in context.my_virtual_services
        for target in dict.fromkeys(targets(entry, context.cluster_domain))
    ]


@once
def _destinations(context: Context) -> list[_Destination]:
    """The destinations that are Services, as far as these may be read."""
    services = context.cluster_state.services
    return [
        _Destination(entry, target, target.service, services[target.service])
        for entry, target in _targets(context)
        if target.service is not None and target.service in services
    ]


def _protocol(port: dict[str, Any]) -> str:
    """As Istio selects it (https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/)."""
    if str(port.get("protocol", "TCP")).upper() == "UDP":
        return "udp"
    return str(port.get("appProtocol") or str(port.get("name") or "").partition("-")[0]).lower()


@once
def _subsets(analysis: Analysis) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """The subsets that there will be, by host, and by the suffix of wildcard hosts."""
    exact: dict[str, set[str]] = {}
    by_suffix: dict[str, set[str]] = {}
    written = [rule for rule in analysis.written.values() if rule["kind"] == "DestinationRule"]
    for rule in [*written, *(analysis.cluster_state.destination_rules or ())]:
        names = {subset.get("name") for subset in rule["spec"].get("subsets") or []}
        host = str(rule["spec"].get("host", ""))
        full = host if "." in host else f"{host}.{rule['metadata']['namespace']}.svc.{analysis.cluster_domain}"
        for name in (host, full):
            exact.setdefault(name, set()).update(names)
        if host.startswith("*"):
            by_suffix.setdefault(host[1:], set()).update(names)
    return exact, by_suffix


def _option(entry: Manifest, target: Target) -> str:
    """The option that names a destination: one in routes, or the single option service."""
    routes = [route for protocol in ("http", "tls", "tcp") for route in entry["spec"].get(protocol) or []]
    redirects = [route for route in routes if route.get("name") == "https-redirect"]  # they come first
    if len(routes) - len(redirects) == 1:
        return "service"
    index = int(target.where.partition("[")[2].rstrip("]")) - (len(redirects) if target.protocol == "http" else 0)
    return f"routes[{index}].destinations"
