# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""A request, and why a match of a VirtualService's route does not take it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import comb
from typing import Any
from urllib.parse import urlsplit

# Headers whose values are nobody's business.
_SECRET_HEADER = re.compile(r"auth|cookie|token|secret|key|password|session", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_CLAIMS = "@request.auth.claims"
# Envoy's regexes (RE2) take time in proportion to the text and have no lookaround or backreferences. Python's may try
# every way to divide the text among repetitions: what could take long is not tried.
_NOT_RE2 = re.compile(r"\(\?(?:[=!>(#]|<[=!]|P=)|\\[1-9Z]")
_REPETITION = re.compile(r"(?<!\\)[*+{]")
_REPEATED_GROUP = re.compile(r"\)[*+{]")
_MOST_WAYS = 10**7
_LONGEST_FOR_REPEATED_GROUPS = 16


class CannotTellError(ValueError):
    """What decides about the match is not known here. The text says what."""


@dataclass(frozen=True)
class Request:
    """What a client asks for. Names of headers are in lower case."""

    scheme: str
    host: str
    port: int
    path: str = "/"
    query: str = ""
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, url: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Request:
        """Raises ValueError with one sentence if it is not a URL that a browser could ask for."""
        # First of all: the other sentences repeat the URL.
        if "@" in re.split(r"[/?#]", url.partition("//")[2])[0]:
            raise ValueError("the URL has a user name in it: give an Authorization header instead.")
        try:
            parts = urlsplit(url.strip())
            port = parts.port
        except ValueError as exc:
            raise ValueError(f"{url!r} is not a URL: {exc}.") from None
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or port == 0:
            raise ValueError(f"{url!r} is not a URL such as https://shop.example.com/cart.")
        return cls(
            scheme=parts.scheme,
            host=parts.hostname,
            port=port or _DEFAULT_PORTS[parts.scheme],
            path=parts.path or "/",
            query=parts.query,
            method=method.upper(),
            headers={name.lower(): value for name, value in (headers or {}).items()},
        )

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}{'?' if self.query else ''}{self.query}"

    @property
    def authority(self) -> str:
        """As clients send it: a scheme's own port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def parameters(self) -> dict[str, str]:
        """The first value of each, not decoded: Envoy compares them as they are sent."""
        found: dict[str, str] = {}
        for part in self.query.split("&"):
            name, _equals, value = part.partition("=")
            found.setdefault(name, value)
        return found

    def header(self, name: str) -> str | None:
        own = {":authority": self.authority, "host": self.authority, ":method": self.method, ":scheme": self.scheme}
        return own.get(name.lower(), self.headers.get(name.lower()))


def why_not(
    match: Mapping[str, Any],
    request: Request,
    gateway: str = "",
    port: int | None = None,
    whole_segments: bool = False,
) -> str | None:
    """Why a match does not take a request that comes in at this Gateway and port; None if it takes it.

    With whole_segments a prefix ends where a part of the path does, as istiod has it for Ingresses.
    Raises CannotTellError if all that can be judged matches, and something is left that cannot be judged.
    """
    unknown = None
    for part in _parts(match, request, gateway, port or request.port, whole_segments):
        if isinstance(part, CannotTellError):
            unknown = unknown or part
        else:
            return part
    if unknown:
        raise unknown
    return None


def _parts(
    match: Mapping[str, Any], request: Request, gateway: str, port: int, whole_segments: bool
) -> Iterator[str | CannotTellError]:
    """Each part of the match that does not take the request, or of which it cannot be told."""
    gateways = match.get("gateways")
    if gateways and gateway not in gateways:
        yield f"it is only for the gateways {', '.join(gateways)}"
    if not gateways and (match.get("sourceLabels") or match.get("sourceNamespace")):
        yield CannotTellError("it depends on labels or the namespace of the gateway's pods")
    if match.get("port") not in (None, 0, port):
        yield f"it is only for port {match['port']}, not {port}"
    prefix = str((match.get("uri") or {}).get("prefix", "/"))
    if whole_segments and prefix != "/":
        if not f"{request.path}/".startswith(f"{prefix.rstrip('/')}/"):
            yield f"the path {request.path!r} is not {prefix!r}, and not below it"
    else:
        yield from _differs("the path", match.get("uri"), request.path, ignore_case=bool(match.get("ignoreUriCase")))
    yield from _differs("the method", match.get("method"), request.method)
    yield from _differs("the authority", match.get("authority"), request.authority)
    yield from _differs("the scheme", match.get("scheme"), request.scheme)
    for name, wanted in (match.get("headers") or {}).items():
        if name.lower().startswith(_CLAIMS):
            yield CannotTellError(f"it depends on the token's claim {name}")
        else:
            yield from _header_differs(name, wanted, request.header(name))
    for name, unwanted in (match.get("withoutHeaders") or {}).items():
        yield from _has_unwanted(name, unwanted, request)
    parameters = request.parameters
    for name, wanted in (match.get("queryParams") or {}).items():
        yield from _differs(f"the query parameter {name}", wanted, parameters.get(name))


def _has_unwanted(name: str, unwanted: Mapping[str, Any] | None, request: Request) -> Iterator[str | CannotTellError]:
    if name.lower().startswith(_CLAIMS):
        yield CannotTellError(f"it depends on the token's claim {name}")
        return
    value = request.header(name)
    if _asks_for_presence(unwanted):
        if value is not None:
            yield f"the header {name} is there"
        return
    # Envoy takes a header that is missing as empty here.
    differences = list(_differs(f"the header {name}", unwanted, value or ""))
    if not differences:
        said = "has a value" if _SECRET_HEADER.search(name) else f"is {value or ''!r}"
        yield f"the header {name} {said}, which it does not take"
    elif isinstance(differences[0], CannotTellError):
        yield differences[0]


def _header_differs(name: str, wanted: Mapping[str, Any] | None, value: str | None) -> Iterator[str | CannotTellError]:
    for difference in _differs(f"the header {name}", wanted, value):
        is_secret = isinstance(difference, str) and value is not None and _SECRET_HEADER.search(name)
        yield f"the header {name} has another value" if is_secret else difference


def _asks_for_presence(wanted: Mapping[str, Any] | None) -> bool:
    # istiod takes the regex "*", which is none, as "any value".
    return not wanted or wanted.get("regex") == "*"


def _differs(
    what: str, wanted: Mapping[str, Any] | None, value: str | None, *, ignore_case: bool = False
) -> Iterator[str | CannotTellError]:
    if value is None:
        yield f"{what} is missing"
        return
    if not wanted or (_asks_for_presence(wanted) and what != "the path"):
        return
    kind, text = tuple(wanted.items())[0]  # noqa: RUF015  (in a generator, next() would need a default)
    left, right = (value.lower(), str(text).lower()) if ignore_case else (value, str(text))
    if kind == "exact" and left != right:
        yield f"{what} is {value!r}, not {text!r}"
    elif kind == "prefix" and not left.startswith(right):
        yield f"{what} {value!r} does not begin with {text!r}"
    elif kind == "regex":
        # Letters' case always counts in regexes: ignoreUriCase is not for them.
        try:
            found = _fullmatch(str(text), value)
        except (re.error, OverflowError, RecursionError):
            yield CannotTellError(f"the regex {text!r} is not one that can be judged here")
            return
        if not found:
            yield f"{what} {value!r} does not match the regex {text!r} as a whole"


def _fullmatch(regex: str, value: str) -> bool:
    """Whether a regex takes the whole text; raises re.error also if Envoy's might differ, or it could take long."""
    if _NOT_RE2.search(regex):
        raise re.error("RE2 does not have this")
    repetitions = len(_REPETITION.findall(regex))
    ways = comb(len(value) + repetitions, repetitions)
    if ways > _MOST_WAYS or (_REPEATED_GROUP.search(regex) and len(value) > _LONGEST_FOR_REPEATED_GROUPS):
        raise re.error("it could take long")
    return re.fullmatch(regex, value, re.ASCII) is not None
