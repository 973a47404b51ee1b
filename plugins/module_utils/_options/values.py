# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Validators of option values, and the error that they raise. Pure.

A check_ function raises OptionError for a wrong value. Its parameter option is the option's path in the message.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .._istio.hosts import narrower_of

# A label of RFC 1123. The exposure's name becomes the value of a label, which Kubernetes limits to 63 characters, too.
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
# Labels of Kubernetes: their values, and their keys after an optional DNS name and a slash.
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|h|m|s)")
# What the PEM blocks of all kinds of private keys say. No option takes one, and messages do not show one.
PRIVATE_KEY = "PRIVATE KEY-----"
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(-----END [A-Z0-9 ]*-----|$)", re.DOTALL)
_LINE_BREAKS = re.compile(r"\s*[\r\n\v\f\x85\u2028\u2029]+\s*")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


class OptionError(Exception):
    """A wrong option: one sentence with the option's path, what is wrong with its value, and what to do.

    It is one line, and shows no private key, whatever the value is that it quotes.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(_LINE_BREAKS.sub(" ", _KEY_BLOCK.sub("(a private key)", sentence)))


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


def check_seconds(option: str, seconds: int) -> int:
    if seconds < 1:
        raise OptionError(f"{option}: {seconds} is no time to wait; give a number of seconds from 1 up.")
    return seconds


def percent_encoded(path: str) -> str:
    """A path as clients send it: what is not printable ASCII in percent-encoding."""
    return quote(path, safe=_PRINTABLE)


def check_destination_host(option: str, host: str) -> str:
    """A host of Istio's registry, as Istio's webhook takes it; it may have capital letters and a wildcard."""
    name = host.lower()
    if host == "*" or not is_dns_name(name.removeprefix("*.")) or ("." in name and _last_label(name).isdigit()):
        raise OptionError(
            f"{option}: '{host}' is not a host of Istio's registry; write a name such as api.example.com, without "
            "scheme, port and path (an IP address needs a ServiceEntry with a name)."
        )
    return host


def check_cluster_domain(option: str, domain: str) -> str:
    """A DNS name that Istio's webhook takes as the end of a destination's host."""
    if not is_dns_name(domain) or _last_label(domain).isdigit():
        raise OptionError(
            f"{option}: '{domain}' is not a DNS domain; write one such as cluster.local, without dots around."
        )
    return domain


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
    if (seconds * 1000) % 1 > 1e-6:
        raise OptionError(f"{option}: '{value}' has parts of a millisecond, which Istio refuses; round it.")
    return seconds


def check_hosts(option: str, hosts: list[str]) -> tuple[str, ...]:
    """Hosts for Gateway and VirtualService; raises OptionError for what Istio's webhook refuses of either.

    A dry run of one exposure tells nothing of the hosts of others, see _apply/dry_run.py.
    """
    names = check_host_names(option, hosts)
    for index, host in enumerate(names):
        if "." not in host and host != "*":
            raise OptionError(
                f"{option}[{index}]: '{host}' has no domain, and Istio would take it for a Service of the cluster; "
                "write the full name, such as shop.example.com."
            )
        if _last_label(host).isdigit() and not _is_ip_address(host):
            raise OptionError(
                f"{option}[{index}]: '{host}' ends in a number, which no domain does, and Istio refuses it; correct it."
            )
        for other, earlier in enumerate(names[:index]):
            if narrower_of(host, earlier):
                raise OptionError(
                    f"{option}[{index}]: '{host}' and '{earlier}' ({option}[{other}]) overlap, and Istio refuses both "
                    "in one list; remove one, or give it an exposure of its own."
                )
    return names


def check_host_names(option: str, hosts: list[str]) -> tuple[str, ...]:
    """DNS names, with * only as the whole first label."""
    if not hosts:
        raise OptionError(f"{option}: the list is empty; name at least one host.")
    for index, host in enumerate(hosts):
        problem = _host_problem(host)
        if problem:
            raise OptionError(f"{option}[{index}]: '{host}' {problem}")
        if host in hosts[:index]:
            raise OptionError(f"{option}[{index}]: '{host}' is in the list twice; remove one.")
    return tuple(hosts)


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _last_label(name: str) -> str:
    return name.rpartition(".")[2]


def check_export_to(namespaces: list[str] | None, own_namespace: str) -> tuple[str, ...]:
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
    if {".", own_namespace} <= set(namespaces):
        raise OptionError(f"export_to: '.' and '{own_namespace}' are the same namespace; remove one.")
    return tuple(namespaces)


def _host_problem(host: str) -> str | None:
    """The rest of a sentence about an invalid host; None if it is valid."""
    parts = host.split(".")
    problems = {
        "is a URL; give only the host name, without scheme and path.": "://" in host,
        "contains '/'; give only the host name, without path or namespace.": "/" in host,
        "contains ':'; give only the host name (set ports with gateway.http_port and gateway.https_port).": ":" in host,
        "has non-ASCII characters; write an international name in its 'xn--' form.": not host.isascii(),
        f"has capital letters, and Istio and Envoy compare hosts as they are written; write '{host.lower()}'.": (
            host != host.lower()
        ),
        "contains '_', which host names may not; use '-', or a name without it.": "_" in host,
        "ends with a dot; leave it out.": host.endswith("."),
        "has a part of more than 63 characters, which DNS does not allow; shorten it.": max(map(len, parts)) > 63,
        "has more than 253 characters, which DNS does not allow; shorten it.": len(host) > 253,
        "is not a host name; write one such as shop.example.com or *.example.com ('*' only as the first label).": (
            host != "*" and not is_dns_name(host.removeprefix("*."))
        ),
    }
    return next((problem for problem, is_so in problems.items() if is_so), None)


def check_strings(option: str, values: Mapping[str, Any] | None, reserved: tuple[str, ...] = ()) -> Mapping[str, str]:
    """Keys and values as strings, such as annotations. Keys with a reserved prefix are errors.

    Whole numbers are converted. Other numbers and booleans are not: YAML reads 1.10 as 1.1, and words such as yes and
    on as true, so the original text is lost.
    """
    strings = {}
    for key, value in (values or {}).items():
        if str(key).startswith(reserved or ("\0",)):
            raise OptionError(f"{option}: '{key}' is set by this module to recognize its own objects; remove it.")
        if isinstance(value, float):
            raise OptionError(
                f"{option}: the value of '{key}' is the number {value}, and YAML does not keep how it was written "
                "(1.10 becomes 1.1); write it in quotes."
            )
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise OptionError(f"{option}: the value of '{key}' is not a string; write it in quotes.")
        strings[str(key)] = str(value)
    return strings


def check_labels(option: str, labels: Mapping[str, Any] | None, reserved: tuple[str, ...] = ()) -> Mapping[str, str]:
    """Labels of Kubernetes, as strings."""
    strings = check_strings(option, labels, reserved)
    for key, value in strings.items():
        prefix, slash, name = key.rpartition("/")
        if not name or not _LABEL_VALUE.fullmatch(name) or (slash and not is_dns_name(prefix)):
            raise OptionError(f"{option}: '{key}' is not a label's key; write one such as app or example.com/team.")
        if not _LABEL_VALUE.fullmatch(value):
            raise OptionError(
                f"{option}: the value '{value}' of '{key}' is not one of a label; use at most 63 letters, digits, '-', "
                "'_' and '.', starting and ending with a letter or digit."
            )
    return strings
