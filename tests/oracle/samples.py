# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that a route's match takes. If an earlier route takes them all, the match is never reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

# Values that the regular expressions of generated scenarios match.
REGEXES = {"/c+": "/cc", "/a/.*": "/a/~", ".*": "/~", "GET|PUT": "PUT", "3+": "33", "v[12]": "v1"}
ODD_PATH = "~odd"


def samples(match: Mapping[str, Any], others: Mapping[str, set[str]]) -> list[tuple[str, dict[str, str]]]:
    """Requests for the match, by path and headers, which are as ordinary, and as odd, as it allows.

    others are names of headers and query parameters that other matches ask for: an odd request has all of them.
    """
    rest = [(_query(match, odd, others), _headers(match, odd, others)) for odd in (False, True)]
    return [(f"{path}{query}", headers) for path, (query, headers) in product(_paths(match), rest)]


def value_for(match: Mapping[str, Any], odd: bool = False) -> str:
    """A text that a match of strings (exact, prefix, regex) takes."""
    if "exact" in match:
        return str(match["exact"])
    if "prefix" in match:
        return f"{match['prefix']}{ODD_PATH if odd else ''}"
    return REGEXES[match["regex"]] if "regex" in match else ODD_PATH


def _paths(match: Mapping[str, Any]) -> Iterator[str]:
    uri = match.get("uri") or {}
    if not uri:
        yield from ("/", f"/{ODD_PATH}")
    else:
        for odd in (False, True):
            path = value_for(uri, odd)
            yield path
            if match.get("ignoreUriCase"):
                yield path.upper()


def _headers(match: Mapping[str, Any], odd: bool, others: Mapping[str, set[str]]) -> dict[str, str]:
    headers = {":method": "PURGE" if odd else "GET"}
    if odd:
        headers |= dict.fromkeys(others["headers"] - set(match.get("withoutHeaders") or {}), ODD_PATH)
    headers |= {name: value_for(entry) for name, entry in (match.get("headers") or {}).items()}
    if match.get("method"):
        headers[":method"] = value_for(match["method"])
    return headers


def _query(match: Mapping[str, Any], odd: bool, others: Mapping[str, set[str]]) -> str:
    parameters = dict.fromkeys(sorted(others["queryParams"]), ODD_PATH) if odd else {}
    parameters |= {name: value_for(entry) for name, entry in (match.get("queryParams") or {}).items()}
    return f"?{'&'.join(f'{name}={value}' for name, value in parameters.items())}" if parameters else ""
