# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Options service, routes and subsets → Routes and Subsets, or an OptionError with one sentence. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .raw_fields import ROUTE, raw_fields
from .route_spec import SETTINGS
from .route_values import (
    check_action,
    check_headers,
    check_match,
    check_percentage,
    check_settings,
)
from .values import (
    OptionError,
    check_cluster_domain,
    check_destination_host,
    check_label,
    check_labels,
    check_port,
    is_label,
)

_MAX_WEIGHT = 2**31 - 1  # Istio's field is an int32.


@dataclass(frozen=True)
class Destination:
    """A back end: a full host name, a port (None: the Service's only one), and a weight (None: all requests).

    headers has the operations on the headers of requests and responses, see check_headers().
    """

    host: str
    port: int | None = None
    weight: int | None = None
    subset: str | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Mirror:
    """A destination that gets copies of requests; percentage is from 0 to 100 (None: all requests)."""

    destination: Destination
    percentage: float | None = None


@dataclass(frozen=True)
class Route:
    """The action for requests that meet any of the matches (for every request, if there are none).

    They are sent to the destinations, unless the settings have a redirect, a direct response or a delegate. Matches and
    settings are checked options in snake_case; spec has raw Istio fields, which override everything else.
    """

    destinations: tuple[Destination, ...] = ()
    matches: tuple[Mapping[str, Any], ...] = ()
    name: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    mirrors: tuple[Mirror, ...] = ()
    spec: Mapping[str, Any] = field(default_factory=dict)

    @property
    def takes_every_request(self) -> bool:
        return not self.spec.get("match", self.matches)


@dataclass(frozen=True)
class Subset:
    """The endpoints of a Service in the exposure's namespace whose pods have all of the labels.

    service is the Service's name, host its full host name.
    """

    service: str
    host: str
    name: str
    labels: Mapping[str, str]


def parse_routes(params: Mapping[str, Any], namespace: str) -> tuple[Route, ...]:
    """The routes that a module's params describe, at least one; raises OptionError."""
    domain = check_cluster_domain("cluster_domain", params.get("cluster_domain") or "cluster.local")
    if params.get("service"):
        destination = {"service": params["service"], "port": params.get("port")}
        return (Route(destinations=(_destination("", destination, namespace, domain),)),)
    if not params.get("routes"):
        raise OptionError("service: requests have no destination; set service (and port), or routes.")
    routes: list[Route] = []
    for index, options in enumerate(params["routes"]):
        where = f"routes[{index}]"
        if routes and routes[-1].takes_every_request:
            raise OptionError(
                f"{where}: it is never reached, because routes[{index - 1}] has no match and takes every request; "
                "put the route without match last."
            )
        routes.append(_route(where, options, namespace, domain))
    return tuple(routes)


def parse_subsets(params: Mapping[str, Any], namespace: str) -> tuple[Subset, ...]:
    """The subsets that a module's params describe; raises OptionError.

    Istio looks up DestinationRules in the namespaces of the client, which is the gateway, and of the Service
    (https://istio.io/latest/docs/ops/best-practices/traffic-management/#cross-namespace-configuration). An exposure's
    objects are in its own namespace, so its subsets must be of Services there.
    """
    domain = params.get("cluster_domain") or "cluster.local"
    subsets: list[Subset] = []
    for index, options in enumerate(params.get("subsets") or []):
        where = f"subsets[{index}]"
        service, name = options["service"], options["name"]
        if not is_label(service):
            raise OptionError(
                f"{where}.service: '{service}' is not the name of a Service in namespace '{namespace}'; create "
                "the DestinationRule for a Service elsewhere in that Service's namespace."
            )
        check_label(f"{where}.name", name)
        if any((subset.service, subset.name) == (service, name) for subset in subsets):
            raise OptionError(f"{where}.name: '{name}' of Service {service} is in the list twice; remove one.")
        labels = check_labels(f"{where}.labels", options["labels"])
        if not labels:
            raise OptionError(
                f"{where}.labels: it is empty, so the subset would be the whole Service; give at least one label."
            )
        subsets.append(Subset(service, service_host(f"{where}.service", service, namespace, domain), name, labels))
    return tuple(subsets)


def check_connections(routes: tuple[Route, ...], reason: str) -> None:
    """Raises OptionError unless there is one route with only destinations, as for forwarded connections.

    reason is the option because of which the gateway forwards connections and does not see requests.
    """
    route = routes[0]
    option = None
    if len(routes) > 1:
        option = "routes[1]"
    elif route.matches:
        option = "routes[0].match"
    elif route.settings:
        option = f"routes[0].{next(iter(route.settings))}"
    elif route.mirrors:
        option = "routes[0].mirrors"
    else:
        with_headers = [index for index, destination in enumerate(route.destinations) if destination.headers]
        option = f"routes[0].destinations[{with_headers[0]}].headers" if with_headers else None
    if option:
        raise OptionError(
            f"{option}: with {reason} the gateway sees only connections and not requests; give one route with only "
            "destinations."
        )


def _route(where: str, options: Mapping[str, Any], namespace: str, domain: str) -> Route:
    check_action(where, options)
    matches = tuple(
        check_match(f"{where}.match[{index}]", match) for index, match in enumerate(options.get("match") or [])
    )
    destinations: tuple[Destination, ...] = ()
    if options.get("destinations") is not None:
        destinations = _destinations(f"{where}.destinations", options["destinations"], namespace, domain)
    settings = {option: options.get(option) for option in SETTINGS}
    return Route(
        destinations=destinations,
        matches=matches,
        name=options.get("name"),
        settings=check_settings(where, settings, matches),
        mirrors=_mirrors(f"{where}.mirrors", options.get("mirrors") or [], namespace, domain),
        spec=raw_fields(f"{where}.spec", options.get("spec"), ROUTE),
    )


def _destinations(where: str, entries: list[Mapping[str, Any]], namespace: str, domain: str) -> tuple[Destination, ...]:
    if not entries:
        raise OptionError(f"{where}: the list is empty; name at least one destination.")
    destinations = tuple(
        _destination(f"{where}[{index}].", options, namespace, domain) for index, options in enumerate(entries)
    )
    if len(destinations) > 1:
        for index, destination in enumerate(destinations):
            if destination.weight is None:
                raise OptionError(
                    f"{where}[{index}].weight: it is missing; give each of several destinations a weight."
                )
        if not any(destination.weight for destination in destinations):
            raise OptionError(f"{where}: all weights are 0, so no request would be sent; raise at least one.")
    return destinations


def _mirrors(where: str, entries: list[Mapping[str, Any]], namespace: str, domain: str) -> tuple[Mirror, ...]:
    mirrors = []
    for index, options in enumerate(entries):
        percentage = options.get("percentage")
        if percentage is not None:
            check_percentage(f"{where}[{index}].percentage", percentage)
        mirrors.append(Mirror(_destination(f"{where}[{index}].", options, namespace, domain), percentage))
    return tuple(mirrors)


def _destination(where: str, options: Mapping[str, Any], namespace: str, domain: str) -> Destination:
    """A destination with its full host name; where is the prefix of its options' paths. Raises OptionError."""
    weight = options.get("weight")
    if weight is not None and not 0 <= weight <= _MAX_WEIGHT:
        raise OptionError(f"{where}weight: {weight} is not a weight; give a number from 0 to {_MAX_WEIGHT}.")
    port = options.get("port")
    if not options.get("host") and not options.get("service"):
        raise OptionError(f"{where}host: it is empty; give a host name, or a Service with service.")
    host, subset = options.get("host"), options.get("subset")
    if subset:
        check_label(f"{where}subset", subset)
    return Destination(
        host=check_destination_host(f"{where}host", host)
        if host
        else service_host(f"{where}service", options["service"], namespace, domain),
        port=None if port is None else check_port(f"{where}port", port),
        weight=weight,
        subset=subset or None,
        headers=check_headers(f"{where}headers", options.get("headers") or {}),
    )


def service_host(option: str, service: str, namespace: str, domain: str) -> str:
    """A Service's full host name; namespace is the default, domain the cluster's. Raises OptionError.

    Istio completes only names without a dot (https://istio.io/latest/docs/reference/config/networking/virtual-service/#Destination),
    so with "shop.prod" it would not find the Service.
    """
    labels = service.split(".")
    if not all(is_label(label) for label in labels) or (len(labels) > 2 and labels[2] != "svc"):
        raise OptionError(
            f"{option}: '{service}' is not the name of a Service; write name, name.namespace or "
            f"name.namespace.svc.{domain} (a host outside Kubernetes goes into routes[].destinations[].host)."
        )
    if len(labels) <= 2:
        labels = [labels[0], labels[1] if len(labels) > 1 else namespace, "svc"]
    return ".".join(labels[:3] + (labels[3:] or [domain]))
