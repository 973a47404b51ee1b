# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""For which hosts of other servers clients use the connections to a server: those of its certificate. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import groupby

from .config import WorkloadConfig, secret_at
from .hosts import covering_names
from .indexes import once
from .listeners import Server

# With thousands of servers of one certificate each has all others, millions of pairs: it is enough to tell a few.
ENOUGH = 10
_Key = tuple[tuple[int, str], str]


@dataclass(frozen=True)
class Reuse:
    """Connections to the first server are used for a host of the second one, at the same address and port.

    places say which servers they are, among all that listen there.
    """

    places: tuple[int, int]
    first: Server
    second: Server
    host: str


class Connections:
    """All servers on some pods, found by the hosts that they serve and by the names of their certificates."""

    def __init__(self, workload_config: WorkloadConfig) -> None:
        self._servers = workload_config.listeners.servers
        self._certificates = [_certificate(workload_config, server) for server in self._servers]
        self._of_gateway: dict[str, list[int]] = {}
        self._by_host: dict[_Key, list[int]] = {}
        self._by_certificate: dict[_Key, list[int]] = {}
        for at, (server, names) in enumerate(zip(self._servers, self._certificates, strict=True)):
            self._of_gateway.setdefault(server.gateway, []).append(at)
            for name in names:
                self._by_certificate.setdefault((server.place, name), []).append(at)
            for name in _found_by(server):
                self._by_host.setdefault((server.place, name), []).append(at)

    def of(self, gateway: str, is_preexisting: Callable[[Reuse], bool]) -> list[Reuse]:
        """Those with a server of the Gateway, oldest first: of each server some, above all such as are not settled."""
        found: dict[tuple[int, int], Reuse] = {}
        for at in self._of_gateway.get(gateway, ()):
            if not _is_for_https(self._servers[at]):
                continue
            for some in (self._by_my_certificate(at), self._by_my_hosts(at)):
                found.update((one.places, one) for one in _enough(some, is_preexisting))
        return [found[places] for places in sorted(found)]

    def hosts(self, first: str, second: str) -> set[str]:
        """For which hosts of the second Gateway connections to the first one are used."""
        found = (
            self._reuse(one, other)
            for one in self._of_gateway.get(first, ())
            for other in self._of_gateway.get(second, ())
        )
        return {reuse.host for reuse in found if reuse}

    def _by_my_certificate(self, at: int) -> Iterator[Reuse]:
        place = self._servers[at].place
        lists = [self._by_host.get((place, name), []) for name in self._certificates[at]]
        return self._reuses((at, other) for other in _each(lists))

    def _by_my_hosts(self, at: int) -> Iterator[Reuse]:
        place = self._servers[at].place
        lists = [self._by_certificate.get((place, name), []) for name in _found_by(self._servers[at])]
        return self._reuses((other, at) for other in _each(lists))

    def _reuses(self, places: Iterable[tuple[int, int]]) -> Iterator[Reuse]:
        return filter(None, (self._reuse(*pair) for pair in places))

    def _reuse(self, at: int, other: int) -> Reuse | None:
        first, second, certificate = self._servers[at], self._servers[other], self._certificates[at]
        if first is second or first.place != second.place or not _is_for_https(second):
            return None
        is_shared = f"credential {second.credential}" in certificate
        for host in second.names:
            if (
                host != "*"
                and host not in first.names_set
                and (is_shared or not certificate.isdisjoint(covering_names(host)))
            ):
                return Reuse((at, other), first, second, host)
        return None


@once
def connections(workload_config: WorkloadConfig) -> Connections:
    return Connections(workload_config)


def _enough(found: Iterable[Reuse], is_preexisting: Callable[[Reuse], bool]) -> list[Reuse]:
    settled: list[Reuse] = []
    told: list[Reuse] = []
    for one in found:
        (settled if is_preexisting(one) else told).append(one)
        if len(told) == ENOUGH:
            break
    return told + settled[:ENOUGH]


def _each(lists: list[list[int]]) -> Iterator[int]:
    """Of several sorted lists, sorted; what is in more than one of them once. Nothing is read before it is needed."""
    given = [one for one in lists if one]
    return iter(given[0]) if len(given) == 1 else (at for at, _same in groupby(merge(*given)))


def _is_for_https(server: Server) -> bool:
    """Other TLS servers are for clients that speak no HTTP, and so share no connections."""
    return server.ends_https or server.passes_through


def _found_by(server: Server) -> set[str]:
    """The names of certificates that are good for the server's hosts, and its own certificate, should it be unknown."""
    if not _is_for_https(server):
        return set()
    return {f"credential {server.credential}", *(name for host in server.names for name in covering_names(host))}


def _certificate(workload_config: WorkloadConfig, server: Server) -> frozenset[str]:
    """For what a server's certificate is valid.

    Of one that is not known, only servers of the same one are known to share it.
    """
    if not server.ends_https or not server.credential:
        return frozenset()
    at = secret_at(workload_config.workload, server.credential)
    names: tuple[str, ...] | None = None
    if at and at in workload_config.requested_certificates:
        names = workload_config.requested_certificates[at]
    elif at:
        found = workload_config.cluster_state.tls_secrets.get(at)
        names = found.names if found else None
    return frozenset((f"credential {server.credential}",) if names is None else names)
