# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Routes → the http, tls and tcp routes of a VirtualService. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .._kubernetes.objects import merged
from .._options.route_spec import HEADERS, MATCH, SETTINGS
from .._options.routes import Destination, Route

Options = Mapping[str, Any]


def http_route(route: Route) -> dict[str, Any]:
    """Istio's HTTPRoute."""
    fields: dict[str, Any] = {}
    if route.name:
        fields["name"] = route.name
    if route.matches:
        fields["match"] = [to_istio_fields(match, MATCH) for match in route.matches]
    if route.destinations:
        fields["route"] = _destinations(route)
    fields.update(to_istio_fields(route.settings, SETTINGS))
    if route.mirrors:
        fields["mirrors"] = [
            {
                "destination": _destination(mirror.destination),
                **({} if mirror.percentage is None else {"percentage": _percent(mirror.percentage)}),
            }
            for mirror in route.mirrors
        ]
    return merged(fields, route.spec)


def tls_route(route: Route, hosts: tuple[str, ...]) -> dict[str, Any]:
    """Istio's TLSRoute: forwards TLS connections, without terminating TLS, by the client's SNI."""
    return merged({"match": [{"sniHosts": list(hosts)}], "route": _destinations(route)}, route.spec)


def tcp_route(route: Route, port: int) -> dict[str, Any]:
    """Istio's TCPRoute for one of the Gateway's ports, because a Gateway may have several."""
    return merged({"match": [{"port": port}], "route": _destinations(route)}, route.spec)


def to_istio_fields(options: Options, spec: Options) -> dict[str, Any]:
    """Options as Istio's fields in camelCase. Keys that the user chooses, such as header names, stay unchanged.

    spec is the argument spec of the options.
    """
    return {
        camel_case(option): _value(option, value, spec[option].get("options"))
        for option, value in options.items()
        if value is not None
    }


def camel_case(option: str) -> str:
    first, *others = option.split("_")
    return first + "".join(other.capitalize() for other in others)


def _value(option: str, value: Any, spec: Options | None) -> Any:
    if option in _WRAPPED:
        return _WRAPPED[option](value)
    if spec is None:
        return value
    if isinstance(value, list):
        return [to_istio_fields(entry, spec) for entry in value]
    return to_istio_fields(value, spec)


def _percent(value: float) -> dict[str, float]:
    """Istio's Percent. The API server returns 50.0 as 50, so an unchanged 50.0 would show up in the diff."""
    return {"value": int(value) if value == int(value) else value}


# Values that Istio wraps into an object with one field, by option.
_WRAPPED: dict[str, Callable[[Any], dict[str, Any]]] = {
    "percentage": _percent,
    "body": lambda text: {"string": text},
}


def _destinations(route: Route) -> list[dict[str, Any]]:
    entries = []
    for destination in route.destinations:
        entry: dict[str, Any] = {"destination": _destination(destination)}
        if destination.weight is not None:
            entry["weight"] = destination.weight
        if destination.headers:
            entry["headers"] = to_istio_fields(destination.headers, HEADERS["options"])
        entries.append(entry)
    return entries


def _destination(destination: Destination) -> dict[str, Any]:
    fields: dict[str, Any] = {"host": destination.host}
    if destination.subset:
        fields["subset"] = destination.subset
    if destination.port is not None:
        fields["port"] = {"number": destination.port}
    return fields
