# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that a route's match takes. If an earlier route takes them all, the match is never reached."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from itertools import product
from typing import Any

# Values that the regular expressions of generated scenarios match; of others, text_for() makes one.
REGEXES = {"/c+": "/cc", "/a/.*": "/a/~", ".*": "/~", "GET|PUT": "PUT", "3+": "33", "v[12]": "v1"}
_ORDINARY = "x1-/_.A "
_parser: Any = import_module("re._parser")
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
    if "regex" in match:
        return REGEXES.get(match["regex"]) or text_for(match["regex"])
    return ODD_PATH


def text_for(regex: str) -> str:
    """A short text that a regular expression matches, unless that looks ahead or behind."""
    try:
        return "".join(_texts(_parser.parse(regex)))
    except (ValueError, re.error):
        return ODD_PATH


def _texts(parts: Any) -> Iterator[str]:
    for kind, value in parts:
        name = str(kind)
        if name == "LITERAL":
            yield chr(value)
        elif name == "ANY":
            yield "x"
        elif name == "NOT_LITERAL":
            yield _ORDINARY[_ORDINARY.startswith(chr(value))]
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, repeated = value
            yield "".join(_texts(repeated)) * min(max(least, 1), most)
        elif name == "SUBPATTERN":
            yield "".join(_texts(value[-1]))
        elif name == "BRANCH":
            yield "".join(_texts(value[1][-1]))
        elif name == "IN":
            yield _one_of(value)
        elif name != "AT":
            raise ValueError(f"{name} is not known")


def _one_of(entries: Any) -> str:
    """The first letter of a class."""
    (kind, value), *_rest = entries
    if str(kind) == "LITERAL":
        return chr(value)
    if str(kind) == "RANGE":
        return chr(value[0])
    if str(kind) == "CATEGORY":
        return {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " ", "CATEGORY_NOT_DIGIT": "x"}.get(str(value), "x")
    return next(letter for letter in _ORDINARY if ("LITERAL", ord(letter)) not in [(str(k), v) for k, v in entries])


def _paths(match: Mapping[str, Any]) -> Iterator[str]:
    uri = match.get("uri") or {}
    if not uri:
        yield from ("/", f"/{ODD_PATH}")
    else:
        for odd in (False, True):
            path = f"/{value_for(uri, odd).removeprefix('/')}"
            yield path
            if match.get("ignoreUriCase"):
                yield path.upper()


def _headers(match: Mapping[str, Any], odd: bool, others: Mapping[str, set[str]]) -> dict[str, str]:
    headers = {":method": "PURGE" if odd else "GET"}
    if odd:
        headers |= dict.fromkeys(others["headers"] - set(match.get("withoutHeaders") or {}), ODD_PATH)
    headers |= {name: value_for(entry) for name, entry in (match.get("headers") or {}).items()}
    if match.get("method"):
        headers[":method"] = value_for(match["method"]).upper()
    return headers


def _query(match: Mapping[str, Any], odd: bool, others: Mapping[str, set[str]]) -> str:
    parameters = dict.fromkeys(sorted(others["queryParams"]), ODD_PATH) if odd else {}
    parameters |= {name: value_for(entry) for name, entry in (match.get("queryParams") or {}).items()}
    return f"?{'&'.join(f'{name}={value}' for name, value in parameters.items())}" if parameters else ""
