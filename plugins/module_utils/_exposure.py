# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What the user wants, as data: options in, exposures out, or one sentence about what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# RFC 1123; a label's value in Kubernetes is at most 63 characters, and the exposure's name becomes one.
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_RESERVED_LABELS = ("app.kubernetes.io/managed-by", "gatehouse.istio/")


class OptionError(Exception):
    """One sentence for the user: which option is wrong, why, and what to write instead."""


@dataclass(frozen=True)
class Destination:
    """Where requests go: a Service's full host name, a port (None: the Service's only one), a weight (None: all)."""

    host: str
    port: int | None = None
    weight: int | None = None


@dataclass(frozen=True)
class UriMatch:
    """One condition on the path: kind is prefix, exact or regex (RE2)."""

    kind: str
    value: str


@dataclass(frozen=True)
class Route:
    """Requests that meet any of the matches (none: every request) go to the destinations."""

    destinations: tuple[Destination, ...]
    matches: tuple[UriMatch, ...] = ()
    name: str | None = None


@dataclass(frozen=True)
class Tls:
    """How the hosts are served: mode is none, simple or passthrough."""

    mode: str = "none"
    credential_name: str | None = None
    redirect: bool = False
    min_protocol_version: str | None = None


@dataclass(frozen=True)
class OwnGateway:
    """A Gateway object that belongs to the exposure."""

    namespace: str
    name: str
    selector: Mapping[str, str]
    http_port: int = 80
    https_port: int = 443


@dataclass(frozen=True)
class ExistingGateway:
    """A Gateway object of somebody else, to which the exposure attaches."""

    namespace: str
    name: str


@dataclass(frozen=True)
class Exposure:
    """The intent: these hosts, through this gateway, with this TLS, to these routes."""

    namespace: str
    name: str
    hosts: tuple[str, ...]
    gateway: OwnGateway | ExistingGateway
    tls: Tls
    routes: tuple[Route, ...]
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


def parse_name(params: Mapping[str, Any]) -> tuple[str, str]:
    """The exposure's (namespace, name) from a module's params; raises OptionError."""
    for option in ("namespace", "name"):
        _check_label(option, params[option])
    return params["namespace"], params["name"]


def parse(params: Mapping[str, Any]) -> Exposure:
    """The exposure that a module's params (see _options.EXPOSURE) describe; raises OptionError."""
    namespace, name = parse_name(params)
    hosts = _hosts(params["hosts"])
    gateway = _gateway(params["gateway"], namespace, name)
    tls = _tls(params.get("tls"), isinstance(gateway, ExistingGateway))
    routes = _routes(params, namespace)
    if tls.mode == "passthrough" and (len(routes) > 1 or routes[0].matches):
        raise OptionError(
            "routes: with tls.mode=passthrough the gateway does not see paths, so give one route without match."
        )
    return Exposure(
        namespace=namespace,
        name=name,
        hosts=hosts,
        gateway=gateway,
        tls=tls,
        routes=routes,
        labels=_strings("labels", params.get("labels"), reserved=_RESERVED_LABELS),
        annotations=_strings("annotations", params.get("annotations")),
    )


def _check_label(option: str, value: str) -> None:
    if not _LABEL.fullmatch(value):
        raise OptionError(
            f"{option}: '{value}' is not a valid name: use at most 63 lower-case letters, digits and '-', "
            "beginning and ending with a letter or digit."
        )


def _hosts(hosts: list[str]) -> tuple[str, ...]:
    if not hosts:
        raise OptionError("hosts: the list is empty; name at least one host.")
    for index, host in enumerate(hosts):
        problem = _host_problem(host)
        if problem:
            raise OptionError(f"hosts[{index}]: '{host}' {problem}")
        if host in hosts[:index]:
            raise OptionError(f"hosts[{index}]: '{host}' is in the list twice.")
    return tuple(hosts)


def _host_problem(host: str) -> str | None:
    """What is wrong with a host as Istio wants it in Gateway and VirtualService; None if nothing is."""
    if "://" in host:
        return "is a URL; give the host's name alone, without scheme and path."
    if "/" in host:
        return "contains '/'; give the host's name alone, without path or namespace."
    if ":" in host:
        return "contains ':'; give the host's name alone (ports are gateway.http_port and gateway.https_port)."
    if not host.isascii():
        return "has characters outside ASCII; write an international name in its 'xn--' form."
    if host != host.lower():
        return f"has capital letters; write '{host.lower()}'."
    name = host.removeprefix("*.")
    if name != "*" and (len(host) > 253 or not all(_LABEL.fullmatch(label) for label in name.split("."))):
        return "is not a host name; write one such as shop.example.com or *.example.com ('*' only as the first label)."
    return None


def _gateway(options: Mapping[str, Any], namespace: str, name: str) -> OwnGateway | ExistingGateway:
    if options.get("existing"):
        first, slash, second = options["existing"].partition("/")
        found = ExistingGateway(first, second) if slash else ExistingGateway(namespace, first)
        _check_label("gateway.existing", found.namespace)
        _check_label("gateway.existing", found.name)
        return found
    selector = _strings("gateway.selector", options.get("selector"))
    if not selector:
        raise OptionError(
            "gateway.selector: it is empty, and an empty selector matches every gateway and sidecar of the mesh; "
            "give the labels of one ingress gateway's pods, such as {istio: ingressgateway}."
        )
    own = OwnGateway(
        namespace=options.get("namespace") or namespace,
        name=options.get("name") or name,
        selector=selector,
        http_port=_port("gateway.http_port", options.get("http_port") or 80),
        https_port=_port("gateway.https_port", options.get("https_port") or 443),
    )
    _check_label("gateway.namespace", own.namespace)
    _check_label("gateway.name", own.name)
    if own.http_port == own.https_port:
        raise OptionError(f"gateway: http_port and https_port are both {own.http_port}; they must differ.")
    return own


def _tls(options: Mapping[str, Any] | None, existing_gateway: bool) -> Tls:
    if options is None:
        return Tls()
    tls = Tls(
        mode=options.get("mode") or "simple",
        credential_name=options.get("credential_name"),
        redirect=bool(options.get("redirect")),
        min_protocol_version=options.get("min_protocol_version"),
    )
    given = [
        option
        for option, is_given in (
            ("credential_name", tls.credential_name is not None),
            ("redirect", tls.redirect),
            ("min_protocol_version", tls.min_protocol_version is not None),
        )
        if is_given
    ]
    if existing_gateway and given:
        raise OptionError(
            f"tls.{given[0]}: it is a setting of the Gateway, and gateway.existing names one that this task does not "
            "manage; set it there, and give only tls.mode here."
        )
    if not existing_gateway:
        allowed = {"none": [], "simple": given, "passthrough": ["redirect"]}[tls.mode]
        for option in given:
            if option not in allowed:
                raise OptionError(f"tls.{option}: it has no meaning with tls.mode={tls.mode}; remove it.")
        if tls.mode == "simple" and not tls.credential_name:
            raise OptionError(
                "tls.credential_name: tls.mode=simple needs the name of the Secret with certificate and key, "
                "in the namespace of the gateway's pods."
            )
        if "/" in (tls.credential_name or ""):
            raise OptionError(
                f"tls.credential_name: '{tls.credential_name}' contains '/'; give the Secret's name alone, Istio looks "
                "it up in the namespace of the gateway's pods."
            )
    return tls


def _routes(params: Mapping[str, Any], namespace: str) -> tuple[Route, ...]:
    domain = params.get("cluster_domain") or "cluster.local"
    if params.get("service"):
        only = {"service": params["service"], "port": params.get("port")}
        return (Route(destinations=(_destination("", only, namespace, domain),)),)
    if not params.get("routes"):
        raise OptionError("service: say where the requests go, with service (and port) or with routes.")
    routes: list[Route] = []
    for index, options in enumerate(params["routes"]):
        where = f"routes[{index}]"
        if routes and not routes[-1].matches:
            raise OptionError(
                f"{where}: it is never reached, because routes[{index - 1}] has no match and takes every request; "
                "put the route without match last."
            )
        routes.append(
            Route(
                name=options.get("name"),
                matches=_matches(where, options.get("match")),
                destinations=_destinations(f"{where}.destinations", options["destinations"], namespace, domain),
            )
        )
    return tuple(routes)


def _matches(where: str, matches: list[Mapping[str, Any]] | None) -> tuple[UriMatch, ...]:
    found = []
    for index, match in enumerate(matches or []):
        kind, value = next((kind, value) for kind, value in match["uri"].items() if value is not None)
        if not value or (kind != "regex" and not value.startswith("/")):
            raise OptionError(
                f"{where}.match[{index}].uri.{kind}: '{value}' can match no path; a path begins with '/'."
            )
        found.append(UriMatch(kind, value))
    return tuple(found)


def _destinations(
    where: str, destinations: list[Mapping[str, Any]], namespace: str, domain: str
) -> tuple[Destination, ...]:
    if not destinations:
        raise OptionError(f"{where}: the list is empty; name at least one destination.")
    found = tuple(
        _destination(f"{where}[{index}].", options, namespace, domain) for index, options in enumerate(destinations)
    )
    if len(found) > 1:
        for index, destination in enumerate(found):
            if destination.weight is None:
                raise OptionError(f"{where}[{index}].weight: give every destination a weight, as there are several.")
        if not any(destination.weight for destination in found):
            raise OptionError(f"{where}: all weights are 0, so no request would be sent; give one of them more.")
    return found


def _destination(where: str, options: Mapping[str, Any], namespace: str, domain: str) -> Destination:
    """A destination with its full host name.

    Istio takes a name with a dot as a full one (https://istio.io/latest/docs/reference/config/networking/virtual-service/#Destination),
    so "shop.prod" would lead nowhere: it is completed here.
    """
    weight = options.get("weight")
    if weight is not None and not 0 <= weight <= 2**31 - 1:
        raise OptionError(f"{where}weight: {weight} is not a weight; give a number from 0 up.")
    host = options.get("host")
    if not host:
        service = options["service"]
        labels = service.split(".")
        if not all(_LABEL.fullmatch(label) for label in labels) or (len(labels) > 2 and labels[2] != "svc"):
            raise OptionError(
                f"{where}service: '{service}' is not a Service's name; write name, name.namespace or "
                f"name.namespace.svc.{domain} (a host outside Kubernetes goes into routes[].destinations[].host)."
            )
        if len(labels) <= 2:
            labels = [labels[0], labels[1] if len(labels) > 1 else namespace, "svc"]
        host = ".".join(labels[:3] + (labels[3:] or [domain]))
    port = options.get("port")
    return Destination(host=host, port=None if port is None else _port(f"{where}port", port), weight=weight)


def _port(where: str, port: int) -> int:
    if not 1 <= port <= 65535:
        raise OptionError(f"{where}: {port} is not a port; give a number from 1 to 65535.")
    return port


def _strings(option: str, given: Mapping[str, Any] | None, reserved: tuple[str, ...] = ()) -> Mapping[str, str]:
    """Labels or annotations: Kubernetes takes only strings, and YAML makes booleans of words such as yes and on."""
    found = {}
    for key, value in (given or {}).items():
        if str(key).startswith(reserved or ("\0",)):
            raise OptionError(f"{option}: '{key}' is set by this module, which knows its own objects by it; remove it.")
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise OptionError(f"{option}: the value of '{key}' is not text; write it in quotes.")
        found[str(key)] = str(value)
    return found
