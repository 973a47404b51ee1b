# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""How host names are matched. Pure.

There are two rules. Istio matches by suffix: `*.example.com` takes `a.b.example.com`. A certificate's wildcard stands
for exactly one label: `*.example.com` is valid for `a.example.com` only. Neither takes `example.com` itself. A host
of a Gateway's server may name the namespace of the VirtualServices that it is for: `namespace/host`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._kubernetes.objects import Manifest


def without_namespace(host: str) -> str:
    """The host name of a server's host, which may be namespace/host."""
    return host.rpartition("/")[2]


def is_within(host: str, wider: str) -> bool:
    """Whether a host (or every host that its wildcard stands for) is one of the wider host's, by Istio's rule."""
    if wider.startswith("*"):
        rest = host.removeprefix("*")
        return len(host) >= len(wider) and rest.endswith(wider[1:])
    return host == wider


def narrower_of(host: str, other: str) -> str | None:
    """The narrower one of two hosts, by Istio's rule; None if they have no host in common."""
    if host == other or is_within(host, other):
        return host
    return other if is_within(other, host) else None


def is_more_specific(host: str, hosts: Iterable[str], others: Iterable[str]) -> bool:
    """Whether the first hosts are for a host in particular, and the others have it only by a wider wildcard."""

    def narrowest(names: Iterable[str]) -> tuple[bool, int]:
        within = [name for name in names if is_within(host, name)]
        return max(((not name.startswith("*"), len(name)) for name in within), default=(False, 0))

    return narrowest(hosts) > narrowest(others) > (False, 0)


def server_hosts(server: Mapping[str, Any], namespace: str) -> tuple[str, ...]:
    """The hosts of a Gateway's server as istiod reads them: ./host is of the Gateway's namespace, */host of all."""
    hosts = []
    for entry in server.get("hosts") or []:
        prefix, slash, name = entry.rpartition("/")
        if prefix == "*" and name == "*":
            return ("*",)
        hosts.append(f"{namespace}/{name}" if prefix == "." else name if prefix == "*" else f"{prefix}{slash}{name}")
    return tuple(hosts)


def ends_istiod(server: Mapping[str, Any]) -> str | None:
    """The host of a Gateway's server with which istiod 1.31 and older ends: one of these forms after */*."""
    hosts = server.get("hosts") or []
    after = hosts[hosts.index("*/*") + 1 :] if "*/*" in hosts else []
    return next((host for host in after if host.partition("/")[0] in (".", "*") and host not in ("*", "*/*")), None)


def routed_hosts(hosts: Iterable[str], virtual_service: Manifest) -> list[str]:
    """The hosts of a server (as server_hosts() returns them) that a VirtualService routes: of each two the narrower."""
    namespace = virtual_service["metadata"]["namespace"]
    routed: dict[str, None] = {}
    for entry in hosts:
        prefix, slash, name = entry.rpartition("/")
        if slash and prefix != namespace:
            continue
        for host in virtual_service["spec"].get("hosts") or []:
            if narrower := narrower_of(name, host):
                routed[narrower] = None
    return list(routed)


def certificate_covers(name: str, host: str) -> bool:
    """Whether a certificate's name is valid for a host (RFC 6125, 6.4.3): a wildcard stands for exactly one label."""
    return name in covering_names(host)


def certificate_meets(name: str, host: str) -> bool:
    """Whether a certificate's name is valid for a host or, if that is a wildcard, for one that it stands for."""
    if host.startswith("*"):
        return name.removeprefix("*").endswith(host[1:])
    return certificate_covers(name, host)


def covering_names(host: str) -> tuple[str, ...]:
    """The names of certificates that are valid for a host, see certificate_covers()."""
    first, dot, rest = host.partition(".")
    return (host, f"*.{rest}") if dot and first != "*" else (host,)
