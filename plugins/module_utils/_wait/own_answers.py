# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The answers that the gateway gives by itself, because a route says so: a direct response, or an injected fault. Pure.

They look like Envoy's answers to requests that it cannot forward.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .._kubernetes.objects import Manifest

_NO_CONDITIONS = {"name", "statPrefix", "ignoreUriCase", "gateways"}


@dataclass(frozen=True)
class Asked:
    """A request as far as routes look at it; number is the port of the Gateway's server."""

    url: str
    number: int
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)


def own_statuses(virtual_service: Manifest, asked: Asked) -> tuple[int, ...]:
    """The statuses with which the route that takes the request answers by itself; none if it does not."""
    for route in _in_istiods_order(virtual_service):
        if any(_takes(match, asked) for match in route.get("match") or [{}]):
            abort = (route.get("fault") or {}).get("abort") or {}
            statuses = (route.get("directResponse") or {}).get("status"), abort.get("httpStatus")
            return tuple(status for status in statuses if status)
    return ()


def _in_istiods_order(virtual_service: Manifest) -> Iterator[dict[str, Any]]:
    """As istiod sorts them: those that take every request come last."""
    routes = virtual_service["spec"].get("http") or []
    yield from (route for route in routes if not _takes_all(route))
    yield from (route for route in routes if _takes_all(route))


def _takes_all(route: Mapping[str, Any]) -> bool:
    matches = route.get("match") or [{}]
    return any(not match.keys() - _NO_CONDITIONS - {"port"} or match.get("uri") == {"prefix": "/"} for match in matches)


def _takes(match: Mapping[str, Any], asked: Asked) -> bool:
    """Whether a request meets all conditions, as far as they can be known outside the gateway."""
    return all(_meets(key, wanted, match, asked) for key, wanted in match.items() if key not in _NO_CONDITIONS)


def _meets(key: str, wanted: Any, match: Mapping[str, Any], asked: Asked) -> bool:
    parts = urlsplit(asked.url)
    headers = {name.lower(): value for name, value in asked.headers.items()}
    if key == "uri":
        return _fits(parts.path, wanted, bool(match.get("ignoreUriCase")))
    if key == "port":
        return bool(wanted == asked.number)
    if key == "headers":
        return all(_fits(headers.get(name.lower()), value) for name, value in wanted.items())
    if key == "withoutHeaders":
        return not any(_fits(headers.get(name.lower()), value) for name, value in wanted.items())
    if key == "queryParams":
        given = parse_qs(parts.query, keep_blank_values=True)
        return all(_fits(next(iter(given.get(name, [])), None), value) for name, value in wanted.items())
    said = {"method": asked.method, "scheme": parts.scheme, "authority": parts.netloc}.get(key)
    return _fits(said, wanted)


def _fits(value: str | None, wanted: Mapping[str, str] | None, ignore_case: bool = False) -> bool:
    """Istio's StringMatch; an empty one takes every value."""
    if value is None:
        return False
    for kind, text in (wanted or {}).items():
        fold = str.lower if ignore_case else str
        if kind == "exact" and fold(value) != fold(text):
            return False
        if kind == "prefix" and not fold(value).startswith(fold(text)):
            return False
        if kind == "regex" and not _fits_pattern(value, text):
            return False
    return True


def _fits_pattern(value: str, pattern: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:  # the syntax of RE2 is not all of Python's
        return False
