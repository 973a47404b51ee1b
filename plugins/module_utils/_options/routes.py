# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Where requests go, as data: options service and routes in, routes out, or one sentence about what is wrong. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
    check_label,
    check_port,
    is_label,
    texts,
)


@dataclass(frozen=True)
class Destination:
    """Where requests go: a Service's full host name, a port (None: the Service's only one), a weight (None: all)."""

    host: str
    port: int | None = None
    weight: int | None = None
    subset: str | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Mirror:
    """Where a copy of the requests goes, and of how many of a hundred (None: of all)."""

    destination: Destination
    percentage: float | None = None


@dataclass(frozen=True)
class Route:
    """What becomes of requests that meet any of the matches (none: of every request).

    They go to the destinations, unless the settings have a redirect, a direct response or a delegate. Matches and
    settings are the user's options, checked; spec is Istio's own words, merged over all else.
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
    """Those endpoints of a Service of the exposure's namespace whose pods have all of the labels."""

    service: str
    host: str
    name: str
    labels: Mapping[str, str]


def parse_routes(params: Mapping[str, Any], namespace: str) -> tuple[Route, ...]:
    """The routes that a module's params describe, at least one; raises OptionError."""
    domain = params.get("cluster_domain") or "cluster.local"
    if params.get("service"):
        only = {"service": params["service"], "port": params.get("port")}
        return (Route(destinations=(_destination("", only, namespace, domain),)),)
    if not params.get("routes"):
        raise OptionError("service: say where the requests go, with service (and port) or with routes.")
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

    Istio looks for DestinationRules beside the client, which is the gateway, and beside the Service
    (https://istio.io/latest/docs/ops/best-practices/traffic-management/#cross-namespace-configuration), so the
    exposure, whose objects are in its own namespace, can make them only for Services there.
    """
    domain = params.get("cluster_domain") or "cluster.local"
    found: list[Subset] = []
    for index, options in enumerate(params.get("subsets") or []):
        where = f"subsets[{index}]"
        service, name = options["service"], options["name"]
        if not is_label(service):
            raise OptionError(
                f"{where}.service: '{service}' is not the name of a Service in '{namespace}'; for one elsewhere make "
                "the DestinationRule there."
            )
        check_label(f"{where}.name", name)
        if any((subset.service, subset.name) == (service, name) for subset in found):
            raise OptionError(f"{where}.name: '{name}' of {service} is in the list twice.")
        labels = texts(f"{where}.labels", options["labels"])
        if not labels:
            raise OptionError(f"{where}.labels: there are none, so it is no part of the Service; name one.")
        found.append(Subset(service, service_host(f"{where}.service", service, namespace, domain), name, labels))
    return tuple(found)


def check_connections(routes: tuple[Route, ...], reason: str) -> None:
    """Where the gateway hands on connections, it sees no requests, and so there is one route without more."""
    only = routes[0]
    at = None
    if len(routes) > 1:
        at = "routes[1]"
    elif only.matches:
        at = "routes[0].match"
    elif only.settings:
        at = f"routes[0].{next(iter(only.settings))}"
    elif only.mirrors:
        at = "routes[0].mirrors"
    else:
        with_headers = [index for index, destination in enumerate(only.destinations) if destination.headers]
        at = f"routes[0].destinations[{with_headers[0]}].headers" if with_headers else None
    if at:
        raise OptionError(
            f"{at}: with {reason} the gateway sees connections and no requests; give one route with destinations alone."
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
        spec=options.get("spec") or {},
    )


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


def _mirrors(where: str, mirrors: list[Mapping[str, Any]], namespace: str, domain: str) -> tuple[Mirror, ...]:
    found = []
    for index, options in enumerate(mirrors):
        percentage = options.get("percentage")
        if percentage is not None:
            check_percentage(f"{where}[{index}].percentage", percentage)
        found.append(Mirror(_destination(f"{where}[{index}].", options, namespace, domain), percentage))
    return tuple(found)


def _destination(where: str, options: Mapping[str, Any], namespace: str, domain: str) -> Destination:
    """A destination with its full host name."""
    weight = options.get("weight")
    if weight is not None and not 0 <= weight <= 2**31 - 1:
        raise OptionError(f"{where}weight: {weight} is not a weight; give a number from 0 up.")
    port = options.get("port")
    return Destination(
        host=options.get("host") or service_host(f"{where}service", options["service"], namespace, domain),
        port=None if port is None else check_port(f"{where}port", port),
        weight=weight,
        subset=options.get("subset"),
        headers=check_headers(f"{where}headers", options.get("headers") or {}),
    )


def service_host(option: str, service: str, namespace: str, domain: str) -> str:
    """A Service's full host name.

    Istio takes a name with a dot as a full one (https://istio.io/latest/docs/reference/config/networking/virtual-service/#Destination),
    so "shop.prod" would lead nowhere: it is completed here.
    """
    labels = service.split(".")
    if not all(is_label(label) for label in labels) or (len(labels) > 2 and labels[2] != "svc"):
        raise OptionError(
            f"{option}: '{service}' is not a Service's name; write name, name.namespace or "
            f"name.namespace.svc.{domain} (a host outside Kubernetes goes into routes[].destinations[].host)."
        )
    if len(labels) <= 2:
        labels = [labels[0], labels[1] if len(labels) > 1 else namespace, "svc"]
    return ".".join(labels[:3] + (labels[3:] or [domain]))
