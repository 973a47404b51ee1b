# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Validators of option values, and the error that they raise. Pure.

A check_ function raises OptionError for a wrong value. Its parameter option is the option's path in the message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# A label of RFC 1123. The exposure's name becomes the value of a label, which Kubernetes limits to 63 characters, too.
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|h|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


class OptionError(Exception):
    """A wrong option: one sentence with the option's path, what is wrong with its value, and what to do."""


def is_label(value: str) -> bool:
    """Whether it is a DNS label in lower case (RFC 1123)."""
    return bool(_LABEL.fullmatch(value))


def is_dns_name(value: str) -> bool:
    """Whether it is a DNS name in lower case (RFC 1123, at most 253 characters)."""
    return len(value) <= 253 and all(is_label(label) for label in value.split("."))


def check_label(option: str, value: str) -> None:
    if not is_label(value):
        raise OptionError(
            f"{option}: '{value}' is not a valid name: use at most 63 lower-case letters, digits and '-', "
            "starting and ending with a letter or digit."
        )


def check_port(option: str, port: int) -> int:
    if not 1 <= port <= 65535:
        raise OptionError(f"{option}: {port} is not a port; give a number from 1 to 65535.")
    return port


def check_duration(option: str, value: str) -> float:
    """A duration in seconds. Istio accepts Go's notation (https://pkg.go.dev/time#ParseDuration), from 1ms up."""
    parts = list(_DURATION_PART.finditer(value))
    if not value or "".join(part.group(0) for part in parts) != value:
        raise OptionError(
            f"{option}: '{value}' is not a duration; write hours, minutes, seconds and milliseconds, such as 1m30s or "
            "500ms."
        )
    seconds = sum(float(part.group(1)) * _SECONDS[part.group(2)] for part in parts)
    if seconds < _SECONDS["ms"]:
        raise OptionError(
            f"{option}: '{value}' is shorter than 1ms, which Istio refuses; give a longer one, or leave it out."
        )
    return seconds


def check_hosts(option: str, hosts: list[str]) -> tuple[str, ...]:
    """Host names for Gateway and VirtualService: DNS names, with * only as the whole first label."""
    if not hosts:
        raise OptionError(f"{option}: the list is empty; name at least one host.")
    for index, host in enumerate(hosts):
        problem = _host_problem(host)
        if problem:
            raise OptionError(f"{option}[{index}]: '{host}' {problem}")
        if host in hosts[:index]:
            raise OptionError(f"{option}[{index}]: '{host}' is in the list twice; remove one.")
    return tuple(hosts)


def check_export_to(namespaces: list[str] | None) -> tuple[str, ...]:
    """Istio's exportTo: namespaces, '.' or '*'. An empty tuple means Istio's default."""
    if namespaces is None:
        return ()
    if not namespaces:
        raise OptionError("export_to: the list is empty; name namespaces, or leave it out for Istio's default.")
    if "*" in namespaces and len(namespaces) > 1:
        raise OptionError("export_to: '*' already means all namespaces; remove the others.")
    for index, namespace in enumerate(namespaces):
        if namespace not in (".", "*"):
            check_label(f"export_to[{index}]", namespace)
        if namespace in namespaces[:index]:
            raise OptionError(f"export_to[{index}]: '{namespace}' is in the list twice; remove one.")
    return tuple(namespaces)


def _host_problem(host: str) -> str | None:
    """The rest of a sentence about an invalid host; None if it is valid."""
    if "://" in host:
        return "is a URL; give only the host name, without scheme and path."
    if "/" in host:
        return "contains '/'; give only the host name, without path or namespace."
    if ":" in host:
        return "contains ':'; give only the host name (set ports with gateway.http_port and gateway.https_port)."
    if not host.isascii():
        return "has non-ASCII characters; write an international name in its 'xn--' form."
    if host != host.lower():
        return f"has capital letters; write '{host.lower()}'."
    if host != "*" and not (len(host) <= 253 and is_dns_name(host.removeprefix("*."))):
        return "is not a host name; write one such as shop.example.com or *.example.com ('*' only as the first label)."
    return None


def check_strings(option: str, values: Mapping[str, Any] | None, reserved: tuple[str, ...] = ()) -> Mapping[str, str]:
    """Keys and values as strings, such as labels. Keys with a reserved prefix are errors.

    Numbers are converted. Booleans are not: YAML reads words such as yes and on as true, so the original text is lost.
    """
    strings = {}
    for key, value in (values or {}).items():
        if str(key).startswith(reserved or ("\0",)):
            raise OptionError(f"{option}: '{key}' is set by this module to recognize its own objects; remove it.")
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise OptionError(f"{option}: the value of '{key}' is not a string; write it in quotes.")
        strings[str(key)] = str(value)
    return strings
