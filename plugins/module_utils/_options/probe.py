# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Option probe → a Probe, or an OptionError with one sentence. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .values import OptionError, check_port, check_strings, percent_encoded

_METHOD = re.compile(r"[A-Z]+")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ADDRESS = re.compile(r"[0-9A-Za-z.:_-]+")


@dataclass(frozen=True)
class Probe:
    """The request that proves that an exposure is served, and the expected answer.

    What is empty or None follows from the exposure and its gateway, see _wait/expectations.py.
    """

    enabled: bool = True
    path: str | None = None
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    statuses: tuple[int, ...] = ()
    location: str | None = None
    addresses: tuple[str, ...] = ()
    http_port: int | None = None
    https_port: int | None = None
    ca_cert: str | None = None
    client_cert: str | None = None
    client_key: str | None = None


def parse_probe(options: Mapping[str, Any] | None) -> Probe:
    """The probe that the option describes; raises OptionError."""
    if options is None:
        return Probe()
    return Probe(
        enabled=options.get("enabled") is not False,
        path=_path(options.get("path")),
        method=_method(options.get("method") or Probe.method),
        headers=parse_headers("probe.headers", options.get("headers")),
        statuses=_statuses(options.get("status")),
        location=options.get("location"),
        addresses=_addresses(options.get("addresses")),
        http_port=_port("http_port", options),
        https_port=_port("https_port", options),
        ca_cert=options.get("ca_cert"),
        client_cert=options.get("client_cert"),
        client_key=options.get("client_key"),
    )


def _path(path: str | None) -> str | None:
    if path and not path.startswith("/"):
        raise OptionError(f"probe.path: '{path}' is not a path; start it with '/'.")
    if path and "#" in path:
        raise OptionError(
            f"probe.path: '{path}' contains '#', after which clients send nothing; remove what follows it."
        )
    if path and percent_encoded(path) != path:
        raise OptionError(f"probe.path: '{path}' is not sent like that; percent-encode it: '{percent_encoded(path)}'.")
    return path or None


def _method(method: str) -> str:
    if not _METHOD.fullmatch(method):
        raise OptionError(f"probe.method: '{method}' is not an HTTP method; use one such as GET or HEAD.")
    return method


def parse_headers(place: str, option: Mapping[str, Any] | None) -> Mapping[str, str]:
    """Headers of a request; raises OptionError."""
    headers = check_strings(place, option)
    for name, value in headers.items():
        if not _HEADER.fullmatch(name) or not value.isascii() or not value.isprintable():
            raise OptionError(
                f"{place}: '{name}' is not a header name, or its value is not one line of ASCII; correct it."
            )
        if name.lower() == "host":
            raise OptionError(f"{place}: 'Host' is set to the host that is asked for; remove it.")
    return headers


def _statuses(statuses: list[int] | None) -> tuple[int, ...]:
    for index, status in enumerate(statuses or []):
        if not 200 <= status <= 599:
            raise OptionError(f"probe.status[{index}]: {status} is not a status code; give numbers from 200 to 599.")
    return tuple(statuses or ())


def _addresses(addresses: list[str] | None) -> tuple[str, ...]:
    for index, address in enumerate(addresses or []):
        if not _ADDRESS.fullmatch(address):
            raise OptionError(
                f"probe.addresses[{index}]: '{address}' is not an address; give an IP address or a host name "
                "(set ports with probe.http_port and probe.https_port)."
            )
    return tuple(addresses or ())


def _port(name: str, options: Mapping[str, Any]) -> int | None:
    port = options.get(name)
    return None if port is None else check_port(f"probe.{name}", port)
