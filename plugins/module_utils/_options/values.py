# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What every option's value is checked with, and the error that says what is wrong with it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# RFC 1123; a label's value in Kubernetes is at most 63 characters, and the exposure's name becomes one.
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|h|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


class OptionError(Exception):
    """One sentence for the user: which option is wrong, why, and what to write instead."""


def is_label(value: str) -> bool:
    return bool(_LABEL.fullmatch(value))


def is_dns_name(value: str) -> bool:
    return len(value) <= 253 and all(is_label(label) for label in value.split("."))


def check_label(option: str, value: str) -> None:
    if not is_label(value):
        raise OptionError(
            f"{option}: '{value}' is not a valid name: use at most 63 lower-case letters, digits and '-', "
            "beginning and ending with a letter or digit."
        )


def check_port(option: str, port: int) -> int:
    if not 1 <= port <= 65535:
        raise OptionError(f"{option}: {port} is not a port; give a number from 1 to 65535.")
    return port


def check_duration(option: str, value: str) -> float:
    """The seconds of a duration as Istio wants it: Go's, of a millisecond or more."""
    parts = list(_DURATION_PART.finditer(value))
    if not value or "".join(part.group(0) for part in parts) != value:
        raise OptionError(
            f"{option}: '{value}' is not a duration; write hours, minutes, seconds and milliseconds, such as 1m30s or "
            "500ms."
        )
    seconds = sum(float(part.group(1)) * _SECONDS[part.group(2)] for part in parts)
    if seconds < _SECONDS["ms"]:
        raise OptionError(f"{option}: '{value}' is shorter than 1ms, which Istio refuses; give more, or leave it out.")
    return seconds


def check_hosts(option: str, hosts: list[str]) -> tuple[str, ...]:
    """Host names as Istio wants them in Gateway and VirtualService."""
    if not hosts:
        raise OptionError(f"{option}: the list is empty; name at least one host.")
    for index, host in enumerate(hosts):
        problem = _host_problem(host)
        if problem:
            raise OptionError(f"{option}[{index}]: '{host}' {problem}")
        if host in hosts[:index]:
            raise OptionError(f"{option}[{index}]: '{host}' is in the list twice.")
    return tuple(hosts)


def check_export_to(namespaces: list[str] | None) -> tuple[str, ...]:
    """Istio's exportTo; none given means that Istio's default holds."""
    if namespaces is None:
        return ()
    if not namespaces:
        raise OptionError("export_to: the list is empty; name namespaces, or leave it out for Istio's default.")
    if "*" in namespaces and len(namespaces) > 1:
        raise OptionError("export_to: '*' is all namespaces already; remove the others.")
    for index, namespace in enumerate(namespaces):
        if namespace not in (".", "*"):
            check_label(f"export_to[{index}]", namespace)
        if namespace in namespaces[:index]:
            raise OptionError(f"export_to[{index}]: '{namespace}' is in the list twice.")
    return tuple(namespaces)


def _host_problem(host: str) -> str | None:
    """What is wrong with a host; None if nothing is."""
    if "://" in host:
        return "is a URL; give the host's name alone, without scheme and path."
    if "/" in host:
        return "contains '/'; give the host's name alone, without path or namespace."
    if ":" in host:
        return "contains ':'; give the host's name alone (ports are gateway.http_port and gateway.https_port)."
    if not host.isascii():
        return "has characters outside ASCII; write an international name in its 'xn--' form."
    if host != host.lower():
        return f"has capital letters; write '{host.lower()}'."
    if host != "*" and not (len(host) <= 253 and is_dns_name(host.removeprefix("*."))):
        return "is not a host name; write one such as shop.example.com or *.example.com ('*' only as the first label)."
    return None


def texts(option: str, given: Mapping[str, Any] | None, reserved: tuple[str, ...] = ()) -> Mapping[str, str]:
    """Labels or annotations: Kubernetes takes only strings, and YAML makes booleans of words such as yes and on."""
    found = {}
    for key, value in (given or {}).items():
        if str(key).startswith(reserved or ("\0",)):
            raise OptionError(f"{option}: '{key}' is set by this module, which knows its own objects by it; remove it.")
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise OptionError(f"{option}: the value of '{key}' is not text; write it in quotes.")
        found[str(key)] = str(value)
    return found
