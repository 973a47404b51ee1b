# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What the user wants, as data: options in, exposures out, or one sentence about what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._checks import (
    OptionError,
    check_export_to,
    check_hosts,
    check_label,
    check_port,
    is_label,
    texts,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._shared_gateway import ANNOTATION_PREFIX
from ansible_collections.gatehouse.istio.plugins.module_utils._tls import Tls, parse_tls

_RESERVED_LABELS = ("app.kubernetes.io/managed-by", "gatehouse.istio/")
_RESERVED_ANNOTATIONS = ("gatehouse.istio/", ANNOTATION_PREFIX)


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
class OwnGateway:
    """A Gateway object that belongs to the exposure; or, if shared, one that other exposures add to as well."""

    namespace: str
    name: str
    selector: Mapping[str, str]
    http_port: int = 80
    https_port: int = 443
    pods_namespace: str | None = None
    shared: bool = False


@dataclass(frozen=True)
class ExistingGateway:
    """A Gateway object of somebody else, to which the exposure attaches."""

    namespace: str
    name: str
    http_port: int = 80
    https_port: int = 443


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
    export_to: tuple[str, ...] = ()

    @property
    def needs_pods_namespace(self) -> bool:
        """Whether something that it needs lives where the gateway's pods are."""
        tls = self.tls
        return isinstance(self.gateway, OwnGateway) and (
            tls.certificate is not None or tls.asks_for_client_certificates
        )


def parse_name(params: Mapping[str, Any]) -> tuple[str, str]:
    """The exposure's (namespace, name) from a module's params; raises OptionError."""
    for option in ("namespace", "name"):
        check_label(option, params[option])
    return params["namespace"], params["name"]


def parse(params: Mapping[str, Any]) -> Exposure:
    """The exposure that a module's params (see _options.EXPOSURE) describe; raises OptionError."""
    namespace, name = parse_name(params)
    hosts = check_hosts("hosts", params["hosts"])
    gateway = _gateway(params["gateway"], namespace, name)
    tls = parse_tls(params.get("tls"), hosts, f"{name}.{namespace}", isinstance(gateway, ExistingGateway))
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
        labels=texts("labels", params.get("labels"), reserved=_RESERVED_LABELS),
        annotations=texts("annotations", params.get("annotations"), reserved=_RESERVED_ANNOTATIONS),
        export_to=check_export_to(params.get("export_to")),
    )


def _gateway(options: Mapping[str, Any], namespace: str, name: str) -> OwnGateway | ExistingGateway:
    http_port = check_port("gateway.http_port", options.get("http_port") or 80)
    https_port = check_port("gateway.https_port", options.get("https_port") or 443)
    if http_port == https_port:
        raise OptionError(f"gateway: http_port and https_port are both {http_port}; they must differ.")
    if options.get("existing"):
        return ExistingGateway(*_named("gateway.existing", options["existing"], namespace), http_port, https_port)
    selector = texts("gateway.selector", options.get("selector"))
    if not selector:
        raise OptionError(
            "gateway.selector: it is empty, and an empty selector matches every gateway and sidecar of the mesh; "
            "give the labels of one ingress gateway's pods, such as {istio: ingressgateway}."
        )
    at = (options.get("namespace") or namespace, options.get("name") or name)
    if options.get("shared"):
        at = _named("gateway.shared", options["shared"], namespace)
    own = OwnGateway(
        namespace=at[0],
        name=at[1],
        selector=selector,
        http_port=http_port,
        https_port=https_port,
        pods_namespace=options.get("pods_namespace"),
        shared=bool(options.get("shared")),
    )
    check_label("gateway.namespace", own.namespace)
    check_label("gateway.name", own.name)
    if own.pods_namespace is not None:
        check_label("gateway.pods_namespace", own.pods_namespace)
    return own


def _named(option: str, value: str, namespace: str) -> tuple[str, str]:
    """The namespace and the name that an option gives as name or namespace/name."""
    first, slash, second = value.partition("/")
    found = (first, second) if slash else (namespace, first)
    for part in found:
        check_label(option, part)
    return found


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
        if not all(is_label(label) for label in labels) or (len(labels) > 2 and labels[2] != "svc"):
            raise OptionError(
                f"{where}service: '{service}' is not a Service's name; write name, name.namespace or "
                f"name.namespace.svc.{domain} (a host outside Kubernetes goes into routes[].destinations[].host)."
            )
        if len(labels) <= 2:
            labels = [labels[0], labels[1] if len(labels) > 1 else namespace, "svc"]
        host = ".".join(labels[:3] + (labels[3:] or [domain]))
    port = options.get("port")
    return Destination(host=host, port=None if port is None else check_port(f"{where}port", port), weight=weight)
