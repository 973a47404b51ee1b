# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The answers that the gateway gives by itself, because a route says so: a direct response, or an injected fault. Pure.

They look like Envoy's answers to requests that it cannot forward.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._istio.requests import CannotTellError, Request, why_not
from .._istio.route_order import takes_all
from .._kubernetes.objects import Manifest


def own_statuses(virtual_service: Manifest, request: Request, gateway: str, number: int) -> tuple[int, ...]:
    """The statuses with which the route that takes the request answers by itself; none if it does not.

    number is the port of the Gateway's server.
    """
    routes = virtual_service["spec"].get("http") or []
    matches = [(match, route) for route in routes for match in route.get("match") or [{}]]
    for match, route in sorted(matches, key=lambda one: takes_all(one[0])):  # as istiod sorts them
        if _takes(match, request, gateway, number):
            abort = (route.get("fault") or {}).get("abort") or {}
            statuses = (route.get("directResponse") or {}).get("status"), abort.get("httpStatus")
            return tuple(status for status in statuses if status)
    return ()


def _takes(match: Mapping[str, Any], request: Request, gateway: str, number: int) -> bool:
    """Whether it does, as far as it can be known outside the gateway."""
    try:
        return why_not(match, request, gateway, number) is None
    except CannotTellError:
        return False
