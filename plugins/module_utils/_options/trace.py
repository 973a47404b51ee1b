# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The option `trace` of istio_exposure_info → requests, or an OptionError with one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .._istio.requests import Request
from .exposure_file import parse_text
from .probe import parse_headers
from .typed import shown, typed
from .values import OptionError, percent_encoded

_ENTRY = {
    "options": {
        "url": {"type": "str", "required": True},
        "method": {"type": "str", "default": "GET"},
        "headers": {"type": "dict"},
    }
}
_METHOD = re.compile(r"[A-Za-z]+")
# A dictionary in a text, as surveys and the command line give it.
_DICTIONARY = re.compile(r"\{|url\s*:\s")


def parse_traces(entries: Iterable[Any] | None) -> tuple[Request, ...]:
    """The requests that the option describes; raises OptionError."""
    return tuple(_request(f"trace[{index}]", entry) for index, entry in enumerate(entries or ()))


def _request(place: str, entry: Any) -> Request:
    if isinstance(entry, str) and _DICTIONARY.match(entry.strip()):
        try:
            entry = parse_text(entry)
        except (TypeError, ValueError, RecursionError) as error:
            raise OptionError(f"{place}: {shown(entry)} is neither YAML nor JSON; correct it.") from error
    if isinstance(entry, str):
        return _of(place, entry, "GET", {})
    if not isinstance(entry, dict):
        raise OptionError(f"{place}: {shown(entry)} is not a URL, nor a dictionary with url, method and headers.")
    options = typed(place, entry, _ENTRY)
    method = options.get("method", "GET")
    if not _METHOD.fullmatch(method):
        raise OptionError(f"{place}.method: {shown(method)} is not an HTTP method; use one such as GET or HEAD.")
    return _of(f"{place}.url", options["url"], method, parse_headers(f"{place}.headers", options.get("headers")))


def _of(place: str, url: str, method: str, headers: Any) -> Request:
    try:
        request = Request.of(url, method, headers)
    except ValueError as error:
        raise OptionError(f"{place}: {error}") from error
    if not request.host.isascii():
        raise OptionError(f"{place}: '{request.host}' is not sent like that; write it in its form that begins xn--.")
    sent = request.path + request.query
    if percent_encoded(sent) != sent:
        raise OptionError(f"{place}: '{sent}' is not sent like that; percent-encode it.")
    return request
