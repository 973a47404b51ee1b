# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What several exposures cannot have together on one shared Gateway. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .._istio.hosts import narrower_of
from .._kubernetes.objects import ExposureKey, Ref
from .contribution import (
    Contribution,
    Server,
    SharedGatewayError,
    ends_tls_of_connections,
    passes_through,
    protocol_family,
    settings_of,
)

_Selector = tuple[tuple[str, str], ...]


class _Entry(NamedTuple):
    exposure: ExposureKey
    server: Server


class Conflicts:
    """The contributions that are on a shared Gateway, by what a further one can conflict with."""

    def __init__(self, at: Ref, contributions: Iterable[Contribution] = ()) -> None:
        self._at = at
        self._selectors: dict[_Selector, list[ExposureKey]] = {}
        self._ports: dict[int, dict[str, list[_Entry]]] = {}
        self._hosts: dict[tuple[int, str], list[_Entry]] = {}
        self._connections: dict[int, list[_Entry]] = {}
        for contribution in contributions:
            self.add(contribution)

    def add(self, contribution: Contribution) -> None:
        exposure = contribution.exposure
        self._selectors.setdefault(_sorted(contribution.selector), []).append(exposure)
        for server in contribution.servers:
            entry, number = _Entry(exposure, server), server["port"]["number"]
            self._ports.setdefault(number, {}).setdefault(protocol_family(server), []).append(entry)
            if ends_tls_of_connections(server):
                self._connections.setdefault(number, []).append(entry)
            for host in server["hosts"]:
                self._hosts.setdefault((number, host), []).append(entry)

    def reason(self, mine: Contribution) -> SharedGatewayError | None:
        """Why this one cannot come, too; None if it can."""
        try:
            self.check(mine)
        except SharedGatewayError as error:
            return error
        return None

    def check(self, mine: Contribution) -> None:
        """Raises SharedGatewayError for what istiod would drop or mix up if this one came, too, or changed to this."""
        self._check_selector(mine)
        for server in mine.servers:
            self._check_port(mine.exposure, server)
            for host in server["hosts"]:
                self._check_host(mine.exposure, server, host)
            if ends_tls_of_connections(server):
                self._check_connections(mine.exposure, server)

    def _check_selector(self, mine: Contribution) -> None:
        for selector, exposures in self._selectors.items():
            others = [exposure for exposure in exposures if exposure != mine.exposure]
            if others and selector != _sorted(mine.selector):
                labels = ", ".join(f"{key}={value}" for key, value in selector)
                raise SharedGatewayError(
                    f"gateway.selector: {self._at} is shared with {_list_exposures(others)} and selects pods with "
                    f"{labels}; give the same selector, change all of them in one task of istio_exposures, or share "
                    "another Gateway."
                )

    def _check_port(self, mine: ExposureKey, server: Server) -> None:
        """Two protocols on one port, or one that has no host name by which the port could be shared."""
        port, family = server["port"]["number"], protocol_family(server)
        for theirs in self._ports.get(port, {}):
            other = next((entry for entry in self._ports[port][theirs] if entry.exposure != mine), None)
            if other and theirs != family:
                raise SharedGatewayError(
                    f"gateway: port {port} of {self._at} serves {other.server['port']['protocol']} for the exposure "
                    f"{other.exposure} and cannot serve {server['port']['protocol']}, too; choose another port, or "
                    "share another Gateway."
                )
            if other and family not in ("HTTP", "TLS"):
                raise SharedGatewayError(
                    f"gateway: port {port} of {self._at} is used by the exposure {other.exposure}, and only HTTP and "
                    "TLS connections have a host name by which a port can be shared; choose another port."
                )

    def _check_host(self, mine: ExposureKey, server: Server, host: str) -> None:
        """Two settings for one host on a port, or two rules that pass its connections through."""
        port = server["port"]["number"]
        for other in [entry for entry in self._hosts.get((port, host), ()) if entry.exposure != mine]:
            if settings_of(other.server) != settings_of(server):
                raise SharedGatewayError(
                    f"hosts: {self._at} serves '{host}' on port {port} with other TLS settings, for the exposure "
                    f"{other.exposure}; give both the same tls, or remove the host from one of them."
                )
            if passes_through(server):
                raise self._one_service_only(f"'{host}'", port, other)

    def _check_connections(self, mine: ExposureKey, server: Server) -> None:
        """For a server that ends the TLS of connections, istiod takes the oldest VirtualService of the Gateway whose
        hosts overlap the server's: a wildcard takes a narrower host's, too.
        """
        port = server["port"]["number"]
        for other in [entry for entry in self._connections.get(port, ()) if entry.exposure != mine]:
            for host in server["hosts"]:
                theirs = next((name for name in other.server["hosts"] if narrower_of(host, name)), None)
                if theirs:
                    what = f"'{host}'" if theirs == host else f"'{theirs}', which overlaps '{host}',"
                    raise self._one_service_only(what, port, other)

    def _one_service_only(self, what: str, port: int, other: _Entry) -> SharedGatewayError:
        return SharedGatewayError(
            f"hosts: {self._at} serves {what} on port {port} for the exposure {other.exposure}, and one Gateway sends "
            "the connections for a server name to one Service only; give each exposure other hosts, or a Gateway of "
            "its own."
        )


def _sorted(selector: Mapping[str, str]) -> _Selector:
    return tuple(sorted(selector.items()))


def _list_exposures(exposures: Iterable[ExposureKey]) -> str:
    """The first three exposures for a message, and the number of the others."""
    names = sorted(map(str, exposures))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"the exposure{'s' if len(names) > 1 else ''} {', '.join(names[:3])}{more}"
