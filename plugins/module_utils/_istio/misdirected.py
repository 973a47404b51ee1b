# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Hosts to which a server answers 421 (Misdirected Request), upon which clients open another connection. Pure.

RFC 9110, 15.5.20. So a host of another server may be named in this one's certificate.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .config import WorkloadConfig
from .indexes import once
from .listeners import Server
from .route_order import Condition, conditions_of

_MISDIRECTED = 421
_HTTPS = 443


def is_sent_away(workload_config: WorkloadConfig, server: Server, host: str) -> bool:
    """Whether every request for a host that arrives at a server is answered with 421."""
    if server.gateway not in _gateways_that_send_away(workload_config):
        return False
    authority = host if server.number == _HTTPS else f"{host}:{server.number}"
    # istiod puts those that take every request last.
    for condition in sorted(_conditions(workload_config, server, host), key=lambda entry: entry.takes_all):
        if not _concerns(condition.match, authority):
            continue
        if not _is_misdirected(condition.action):
            return False
        if _takes_all(condition.match):
            return True
    return False


@once
def _gateways_that_send_away(workload_config: WorkloadConfig) -> frozenset[str]:
    """Hardly any. Only of these, routes are looked at."""
    config = workload_config.config
    return frozenset(
        name
        for name in {server.gateway for server in workload_config.listeners.servers if server.ends_https}
        for entry in config.attached(name)
        for route in entry["spec"].get("http") or []
        if _is_misdirected(route)
    )


def _is_misdirected(route: Mapping[str, Any]) -> bool:
    return (route.get("directResponse") or {}).get("status") == _MISDIRECTED


def _conditions(workload_config: WorkloadConfig, server: Server, host: str) -> list[Condition]:
    """Those of the narrowest virtual host that takes the host's requests: only that one counts for Envoy."""
    wider = _wider(host)
    by_width: dict[int, list[Condition]] = {}
    for entry in workload_config.config.with_host(host, server.gateway, workload_config.workload.namespace):
        own = f"{entry['metadata']['namespace']}/"
        at_server = [at for at, name in enumerate(wider) if {name, own + name} & server.hosts_set]
        hosts = {name.lower() for name in entry["spec"].get("hosts") or []}
        here = [at for at, name in enumerate(wider) if name in hosts]
        conditions = list(conditions_of(entry, server))
        # Without a route for it, such as with passthrough, istiod makes no virtual host.
        if at_server and here and conditions:
            by_width.setdefault(min(at_server[0], here[0]), []).extend(conditions)
    return by_width[min(by_width)] if by_width else []


def _wider(host: str) -> list[str]:
    """The host, and the wildcards that take it, from the narrowest on."""
    labels = host.removeprefix("*.").split(".")
    return list(dict.fromkeys([host, *(".".join(["*", *labels[at:]]) for at in range(1, len(labels))), "*"]))


def _concerns(match: Mapping[str, Any], authority: str) -> bool:
    """Whether it may take requests with the authority."""
    wanted = match.get("authority") or {}
    if authority.startswith("*"):
        return True
    if "exact" in wanted:
        return bool(wanted["exact"] == authority)
    if "prefix" in wanted:
        return authority.startswith(wanted["prefix"])
    try:
        return "regex" not in wanted or re.fullmatch(wanted["regex"], authority) is not None
    except re.error:
        return True


def _takes_all(match: Mapping[str, Any]) -> bool:
    """Whether it takes all requests with its authority."""
    uri = match.get("uri") or {}
    return not match.keys() - {"authority", "uri"} and (not uri or uri.get("prefix") == "/")
