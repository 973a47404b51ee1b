# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: the Services, ports and subsets to which routes lead. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._istio.indexes import once
from .._istio.references import Target, full_name, targets
from .._kubernetes.objects import Manifest
from .context import Scene, Scenes
from .finding import Finding

# What speaks neither HTTP nor anything that could turn out to be it.
_NOT_HTTP = ("mongo", "mysql", "redis", "udp")


def check(scene: Scene) -> Iterator[Finding]:
    for entry in scene.my_virtual_services:
        for target in dict.fromkeys(targets(entry, scene.cluster_domain)):
            yield from _destination(scene, entry, target)
            if target.subset:
                yield from _subset(scene, entry, target)


def _destination(scene: Scene, entry: Manifest, target: Target) -> Iterator[Finding]:
    at = target.service
    if at is None or at not in scene.around.services:
        return  # no Service, or none that may be read
    service = scene.around.services[at]
    ports = (service["spec"].get("ports") or []) if service else []
    one_of_several = target.port is None and len(ports) > 1
    port = None if one_of_several else next((one for one in ports if target.port in (None, one["port"])), None)
    is_http = target.protocol == "http"
    if port is not None and not (is_http and _protocol(port) in _NOT_HTTP):
        return
    where, objects = _option(entry, target), (str(at), f"VirtualService {full_name(entry)}")
    numbers = ", ".join(str(one["port"]) for one in ports) or "none"
    code, fix = "destination-port-missing", f"Give one of its ports: {numbers}."
    if service is None:
        code, fix = "destination-missing", "Create it, or correct the name."
        message = f"there is no {at}, so the gateway answers 503."
    elif one_of_several:
        message = f"{at} has several ports, so one must be given; without it the gateway has no route there."
    elif port is None:
        message = f"{at} has no port {target.port}, so the gateway answers 503."
    else:
        code, fix = (
            "destination-protocol",
            "Correct the port's appProtocol or name (http, http2, grpc, ...), or the port.",
        )
        message = f"port {port['port']} of {at} is declared as {_protocol(port)}, and the route sends it HTTP requests."
    yield Finding(code, objects, where, message, fix)


def _protocol(port: dict[str, Any]) -> str:
    """As Istio finds it (https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/)."""
    if str(port.get("protocol", "TCP")).upper() == "UDP":
        return "udp"
    return str(port.get("appProtocol") or str(port.get("name") or "").partition("-")[0]).lower()


def _subset(scene: Scene, entry: Manifest, target: Target) -> Iterator[Finding]:
    if scene.around.destination_rules is None:
        return
    exact, wild = _subsets(scene.scenes)
    if target.subset in exact.get(target.host, ()):
        return
    if any(target.host.endswith(end) and target.subset in names for end, names in wild.items()):
        return
    message = f"no DestinationRule for {target.host} has a subset '{target.subset}', so the gateway answers 503."
    objects = (f"VirtualService {full_name(entry)}",)
    yield Finding("subset-missing", objects, _option(entry, target), message, "Create it first, or correct the name.")


@once
def _subsets(scenes: Scenes) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """The subsets of each host for which there is or will be a DestinationRule, and of the ends of wildcard hosts."""
    exact: dict[str, set[str]] = {}
    wild: dict[str, set[str]] = {}
    own = [rule for rule in scenes.written.values() if rule["kind"] == "DestinationRule"]
    for rule in [*own, *(scenes.around.destination_rules or ())]:
        names = {subset.get("name") for subset in rule["spec"].get("subsets") or []}
        host = str(rule["spec"].get("host", ""))
        full = host if "." in host else f"{host}.{rule['metadata']['namespace']}.svc.{scenes.cluster_domain}"
        for name in (host, full):
            exact.setdefault(name, set()).update(names)
        if host.startswith("*"):
            wild.setdefault(host[1:], set()).update(names)
    return exact, wild


def _option(entry: Manifest, target: Target) -> str:
    """Where the task names a destination: in routes, or with the one option service."""
    routes = [route for kind in ("http", "tls", "tcp") for route in entry["spec"].get(kind) or []]
    if len([route for route in routes if route.get("name") != "https-redirect"]) == 1:
        return "service"
    own_redirect = (entry["spec"].get(target.protocol) or [{}])[0].get("name") == "https-redirect"
    index = int(target.where.partition("[")[2].rstrip("]")) - (1 if own_redirect and target.protocol == "http" else 0)
    return f"routes[{index}].destinations"
