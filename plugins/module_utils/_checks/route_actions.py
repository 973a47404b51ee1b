# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: what routes do to requests and answers, and what cannot have been meant. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from .._analysis.context import Context, route_option
from .._analysis.finding import Finding
from .._kubernetes.objects import Manifest
from .._mesh.names import full_name

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://")


def rewrite_slashes(context: Context) -> Iterator[Finding]:
    """Envoy puts the new prefix in place of the one that matched, and adds or removes no slash."""
    for entry, where, route in _http_routes(context):
        new = (route.get("rewrite") or {}).get("uri")
        for match in (route.get("match") or []) if new else ():
            old = (match.get("uri") or {}).get("prefix")
            if not old or str(old).endswith("/") is str(new).endswith("/"):
                continue
            example = f"{str(old).rstrip('/')}/a"
            becomes = f"{new}{example[len(str(old)) :]}"
            message = f"{where} of VirtualService {full_name(entry)} rewrites {example} to {becomes}."
            fix = (
                "End both with a slash, or neither; for the path without it add a match exact with the same rewrite, "
                "or use uri_regex_rewrite."
            )
            yield Finding(
                (f"VirtualService {full_name(entry)}",), f"{route_option(entry, where)}.rewrite", message, fix
            )
            break


def cors_origin_never_matches(context: Context) -> Iterator[Finding]:
    """An origin is scheme, host and a port that is not the scheme's own, in lower case (RFC 6454, 6.2)."""
    for entry, where, route in _http_routes(context):
        policy = route.get("corsPolicy") or {}
        origins = [
            *(policy.get("allowOrigins") or []),
            *({"exact": origin} for origin in policy.get("allowOrigin") or []),
        ]
        for origin in origins:
            why = _why_never(origin)
            if why:
                (value,) = origin.values()
                message = (
                    f"no browser sends an origin that {value!r}, in corsPolicy of {where} of VirtualService "
                    f"{full_name(entry)}, allows: {why}."
                )
                option = f"{route_option(entry, where)}.cors_policy"
                fix = "Write it as browsers send it, such as https://shop.example.com."
                yield Finding((f"VirtualService {full_name(entry)}",), option, message, fix)


def _http_routes(context: Context) -> Iterator[tuple[Manifest, str, Mapping[str, Any]]]:
    for entry in context.my_virtual_services:
        for index, route in enumerate(entry["spec"].get("http") or []):
            yield entry, f"http[{index}]", route


def _why_never(origin: Mapping[str, Any]) -> str | None:
    exact, prefix = origin.get("exact"), origin.get("prefix")
    if prefix is not None:
        starts = any(str(known).startswith(str(prefix)) for known in ("http://", "https://"))
        return None if starts or _SCHEME.match(str(prefix)) else "an origin begins with its scheme"
    if exact is None or exact in ("*", "null"):
        return None
    if not _SCHEME.match(str(exact)):
        return "an origin begins with its scheme"
    return _why_not_an_origin(str(exact))


def _why_not_an_origin(value: str) -> str | None:
    parts = urlsplit(value)
    if parts.path or parts.query or parts.fragment:
        return "an origin has no path, and no slash at its end"
    if "*" in parts.netloc:
        return "it is compared letter by letter, so * stands for nothing else (use a regex)"
    if parts.netloc != parts.netloc.lower():
        return "browsers send it in lower case"
    if parts.netloc.endswith(f":{_DEFAULT_PORTS.get(parts.scheme)}"):
        return "browsers leave out the scheme's own port"
    return None
