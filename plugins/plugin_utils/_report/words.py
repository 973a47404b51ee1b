# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The report: routes, destinations and changes as the text of the page. Pure."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

Data = Mapping[str, Any]

_TEXTS = {"uri": "path", "scheme": "scheme", "method": "method", "authority": "host"}
_VALUES = {"exact": "is", "prefix": "begins with", "regex": "matches"}
# In RFC 4514's way of writing a name.
_SAID_OF_ISSUERS = re.compile(r"(?:^|,)(?:CN|O)=((?:[^,\\]|\\.)+)")
# Of a change, no more is shown: an exposure's Gateway has a dozen lines.
_DIFF_LINES = 200


def conditions(match: Data) -> list[str]:
    """One entry of a route's match, all of which must be met; what has no words of its own is shown as it is."""
    return [text for key, value in match.items() for text in _condition(key, value)] or ["everything"]


def _condition(key: str, value: Any) -> Iterator[str]:
    if key in _TEXTS:
        yield f"{_TEXTS[key]} {_compared(value)}"
    elif key == "headers" and isinstance(value, dict):
        yield from (f"header {name} {_compared(wanted)}" for name, wanted in value.items())
    elif key == "withoutHeaders" and isinstance(value, dict):
        yield from (f"not: header {name} {_compared(wanted)}" for name, wanted in value.items())
    elif key == "queryParams" and isinstance(value, dict):
        yield from (f"parameter {name} {_compared(wanted)}" for name, wanted in value.items())
    elif key == "port":
        yield f"port {value}"
    elif key == "sniHosts" and isinstance(value, list):
        yield f"name is {' or '.join(str(name) for name in value)}"
    elif key == "name":
        return  # of the match; it changes nothing
    elif key == "ignoreUriCase":
        if value:
            yield "whatever the case"
    else:
        yield f"{key}: {_as_it_is(value)}"


def _compared(value: Any) -> str:
    """A StringMatch of Istio's; an empty one takes whatever is there."""
    if not value:
        return "is there"
    if isinstance(value, dict) and len(value) == 1 and (how := next(iter(value))) in _VALUES:
        return f"{_VALUES[how]} {value[how]}"
    return _as_it_is(value)


def _as_it_is(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def destinations(route: Data) -> list[str]:
    """Where a route sends what it takes, or what becomes of it otherwise."""
    texts = [_destination(entry) for entry in route["destinations"]]
    if "redirect" in route:
        texts.append(f"redirect to {_target(route['redirect'])}")
    if "direct_response" in route:
        texts.append(f"answered by the gateway: {(route['direct_response'] or {}).get('status', '')}".rstrip(": "))
    if "delegate" in route:
        to = route["delegate"] or {}
        texts.append(f"as VirtualService {'/'.join(filter(None, (to.get('namespace'), to.get('name'))))} says")
    return texts or ["nowhere"]


def _destination(entry: Data) -> str:
    text = entry["host"] or "?"
    text += f":{entry['port']}" if entry["port"] is not None else ""
    text += f", subset {entry['subset']}" if entry["subset"] else ""
    return text + (f", {entry['weight']} %" if entry["weight"] is not None else "")


def _target(redirect: Data | None) -> str:
    """Such as https (301) or https://example.com/new (302): what a redirect changes of the URL."""
    said = redirect or {}
    scheme, host, port, path = (said.get(key) for key in ("scheme", "authority", "port", "uri"))
    if host or port:
        where = f"{scheme}://" if scheme else ""
        where += f"{host or 'the same host'}{f':{port}' if port else ''}{path or ''}"
    else:
        where = " ".join(str(part) for part in (scheme, path) if part)
    return f"{where or 'the same URL'} ({said.get('redirectCode', 301)})"


def issuer(name: str | None) -> str | None:
    """Who has issued a certificate, such as "R11, Let's Encrypt" for "CN=R11,O=Let's Encrypt,C=US"."""
    said = [re.sub(r"\\(.)", r"\1", part) for part in _SAID_OF_ISSUERS.findall(name or "")]
    return ", ".join(said) or name


def difference(before: Any, after: Any) -> list[dict[str, str]]:
    """What a change does, line by line of YAML: sign is '+', '-', or a space where nothing changes."""
    changes = list(difflib.unified_diff(_lines(before), _lines(after), lineterm="", n=2))[3:]  # after its header
    shown = [{"sign": " ", "text": "…"} if line.startswith("@@") else _signed(line) for line in changes]
    if len(shown) > _DIFF_LINES:
        more = {"sign": " ", "text": f"… and {len(shown) - _DIFF_LINES} lines more"}
        return [*shown[:_DIFF_LINES], more]
    return shown


def _signed(line: str) -> dict[str, str]:
    return {"sign": line[0], "text": line[1:]}


def _lines(value: Any) -> list[str]:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True).splitlines() if value else []
