# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Connections that HTTP/2 clients reuse for hosts of other servers, by certificates (RFC 9113, 9.1.1). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import groupby

from .config import WorkloadConfig, secret_at
from .hosts import certificate_meets, covering_names
from .indexes import once
from .listeners import Server
from .misdirected import is_sent_away

# With thousands of servers of one certificate, each conflicts with all others, millions of pairs: a few are enough.
ENOUGH = 3
_PlaceAndName = tuple[tuple[int, str], str]


@dataclass(frozen=True)
class Reuse:
    """Clients use connections to the first server for a host of the second one, at the same address and port.

    places are the positions of the two among all servers of the workload.
    """

    places: tuple[int, int]
    first: Server
    second: Server
    host: str


class Connections:
    """All servers of a workload, by the hosts that they serve and by the names of their certificates."""

    def __init__(self, workload_config: WorkloadConfig) -> None:
        self._workload_config = workload_config
        self._servers = workload_config.listeners.servers
        self._certificates = [_certificate_names(workload_config, server) for server in self._servers]
        self._by_gateway: dict[str, list[int]] = {}
        self._by_host: dict[_PlaceAndName, list[int]] = {}
        self._by_certificate: dict[_PlaceAndName, list[int]] = {}
        for position, (server, names) in enumerate(zip(self._servers, self._certificates)):
            self._by_gateway.setdefault(server.gateway, []).append(position)
            for name in names:
                self._by_certificate.setdefault((server.place, name), []).append(position)
            for name in _valid_names(server):
                self._by_host.setdefault((server.place, name), []).append(position)
        # Those whose certificate is valid for hosts of others, or the other way round: usually none are.
        self._meeting: set[int] = set()
        for key, positions in self._by_certificate.items():
            others = self._by_host.get(key, [])
            if others and (len(others) > 1 or positions != others):
                self._meeting.update(positions, others)

    def of(self, gateway: str, is_preexisting: Callable[[Reuse], bool]) -> list[Reuse]:
        """Reuses with a server of the Gateway, oldest first; of each server some, new ones before preexisting."""
        reuses: dict[tuple[int, int], Reuse] = {}
        for position in self._by_gateway.get(gateway, ()):
            if position in self._meeting and _speaks_https(self._servers[position]):
                for candidates in (self._with_my_certificate(position), self._with_my_hosts(position)):
                    reuses.update((reuse.places, reuse) for reuse in _enough(candidates, is_preexisting))
        return [reuses[places] for places in sorted(reuses)]

    def hosts(self, first: str, second: str) -> set[str]:
        """The hosts of the second Gateway for which connections to the first one are used."""
        reuses = (
            self._reuse(position, other)
            for position in self._by_gateway.get(first, ())
            for other in self._by_gateway.get(second, ())
        )
        return {reuse.host for reuse in reuses if reuse}

    def _with_my_certificate(self, position: int) -> Iterator[Reuse]:
        place = self._servers[position].place
        lists = [self._by_host.get((place, name), []) for name in self._certificates[position]]
        return self._reuses((position, other) for other in _merged(lists, position))

    def _with_my_hosts(self, position: int) -> Iterator[Reuse]:
        place = self._servers[position].place
        lists = [self._by_certificate.get((place, name), []) for name in _valid_names(self._servers[position])]
        return self._reuses((other, position) for other in _merged(lists, position))

    def _reuses(self, pairs: Iterable[tuple[int, int]]) -> Iterator[Reuse]:
        return filter(None, (self._reuse(*pair) for pair in pairs))

    def _reuse(self, position: int, other: int) -> Reuse | None:
        first, second, certificate = self._servers[position], self._servers[other], self._certificates[position]
        if first is second or first.place != second.place or not _speaks_https(second):
            return None
        is_shared = _same_certificate(second) in certificate
        for host in map(str.lower, second.names):
            if (
                host != "*"
                and host not in first.names_set
                and (is_shared or not certificate.isdisjoint(covering_names(host)))
                and not is_sent_away(self._workload_config, first, host)
            ):
                return Reuse((position, other), first, second, host)
        return None


@once
def connections(workload_config: WorkloadConfig) -> Connections:
    return Connections(workload_config)


def _enough(reuses: Iterable[Reuse], is_preexisting: Callable[[Reuse], bool]) -> list[Reuse]:
    preexisting: list[Reuse] = []
    new: list[Reuse] = []
    for reuse in reuses:
        (preexisting if is_preexisting(reuse) else new).append(reuse)
        if len(new) == ENOUGH:
            break
    return new + preexisting[:ENOUGH]


def _merged(lists: list[list[int]], without: int) -> Iterator[int]:
    """The numbers of several sorted lists, sorted, each once. Nothing is read before it is needed.

    Lists of only one number, which the caller already knows, are left out: nearly all are.
    """
    filled = [numbers for numbers in lists if numbers and numbers != [without]]
    return iter(filled[0]) if len(filled) == 1 else (number for number, _same in groupby(merge(*filled)))


def _speaks_https(server: Server) -> bool:
    """Whether HTTP clients may use it. Clients of other TLS servers share no connections."""
    return server.ends_https or server.passes_through


def _valid_names(server: Server) -> set[str]:
    """The names of certificates that are valid for its hosts, and its own certificate, in case it is unknown."""
    if not _speaks_https(server):
        return set()
    return {_same_certificate(server), *(name for host in server.names for name in covering_names(host))}


def _same_certificate(server: Server) -> str:
    """Stands for the names of a certificate that are not known. No host contains a space."""
    return f"credential {server.credential}"


def _certificate_names(workload_config: WorkloadConfig, server: Server) -> frozenset[str]:
    """The names for which a server's certificate is valid; if not known, it is known to be that of its own Secret."""
    if not server.ends_https or not server.credential:
        return frozenset()
    at = secret_at(workload_config.workload, server.credential)
    names: tuple[str, ...] | None = None
    if at and at in workload_config.requested_certificates:
        names = workload_config.requested_certificates[at]
    elif at:
        secret = workload_config.cluster_state.tls_secrets.get(at)
        names = secret.names if secret else None
    if names is None:
        return frozenset((_same_certificate(server),))
    # A browser that refuses the certificate for all of the server's hosts has no connection to it.
    hosts = [host.lower() for host in server.names]
    return frozenset(names if any(certificate_meets(name, host) for name in names for host in hosts) else ())
