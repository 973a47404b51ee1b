# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What istiod makes of all Gateways that select the same pods: which servers listen, and which it drops. Pure.

The rules are those of istiod's mergeGateways: oldest Gateway first, then by name; a TLS server is dropped as a whole if
an earlier one has one of its hosts on the same port, and any server whose protocol the port's first one rules out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .._kubernetes.objects import Manifest
from .._mesh.names import full_name
from .hosts import server_hosts
from .references import ca_credential_of, credential_of, selects

_HTTP = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTP_PROXY")
# Where servers listen that name no address.
_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104  (the gateway's, not ours)
_NO_TRANSLATION = "experimental.istio.io/disable-gateway-port-translation"
_REVISION = "istio.io/rev"


@dataclass(frozen=True, eq=False)
class Workload:
    """Pods of an ingress gateway that serve the same, and the Services that select them.

    namespace is None if no pod exists that would tell it; container_ports are the named ports of the pods.
    """

    namespace: str | None
    labels: Mapping[str, str]
    services: tuple[Manifest, ...] = ()
    container_ports: tuple[tuple[str, int], ...] = ()

    def port(self, number: int) -> int:
        """The port on which the pods listen for a server's port, which is the Service's: its targetPort.

        istiod takes the first port of that number, also one for UDP.
        """
        for service in self.services:
            for entry in service["spec"].get("ports") or []:
                if entry["port"] == number and _NO_TRANSLATION not in (service["metadata"].get("labels") or {}):
                    return self.target(entry)
        return number

    def target(self, service_port: Mapping[str, Any]) -> int:
        """The port of the pods to which a Service's port leads."""
        number: int = service_port["port"]
        target = service_port.get("targetPort", number)
        return target if isinstance(target, int) else dict(self.container_ports).get(target, number)

    def uses(self, gateway: Manifest, scoped_to_namespace: bool) -> bool:
        """Whether istiod gives the Gateway to these pods."""
        if scoped_to_namespace and self.namespace not in (None, gateway["metadata"]["namespace"]):
            return False
        revision = (gateway["metadata"].get("labels") or {}).get(_REVISION)
        if revision and revision != self.labels.get(_REVISION, "default"):
            return False
        return selects(gateway["spec"].get("selector"), self.labels)


@dataclass(unsafe_hash=True)  # not frozen, as that takes three times as long, and there are thousands
class Server:
    """One server of a Gateway, on the port where the pods listen; hosts are namespace/host or host."""

    gateway: str
    index: int
    hosts: tuple[str, ...]
    number: int
    port: int
    bind: str
    protocol: str
    mode: str | None = None
    credential: str | None = None
    ca_credential: str | None = None
    redirects: bool = False

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The hosts without namespaces: what TLS clients send as server name (SNI)."""
        return tuple(dict.fromkeys(host.rpartition("/")[2] for host in self.hosts))

    @cached_property
    def names_set(self) -> frozenset[str]:
        """In lower case, as clients send and compare them."""
        return frozenset(name.lower() for name in self.names)

    @cached_property
    def hosts_set(self) -> frozenset[str]:
        """The hosts with their namespaces, in lower case."""
        return frozenset(host.lower() for host in self.hosts)

    @property
    def is_http(self) -> bool:
        return self.protocol in _HTTP

    @property
    def has_tls(self) -> bool:
        """Whether it listens for TLS. A server of plain HTTP that redirects has TLS settings, too."""
        return self.mode is not None and not self.is_http

    @property
    def passes_through(self) -> bool:
        return self.mode in ("PASSTHROUGH", "AUTO_PASSTHROUGH")

    @cached_property
    def ends_https(self) -> bool:
        return self.has_tls and self.protocol == "HTTPS" and not self.passes_through

    @cached_property
    def kind(self) -> str | None:
        """The kind of routes that it uses: http, tls or tcp; None if it needs no routes."""
        if self.mode == "AUTO_PASSTHROUGH":
            return None
        if self.is_http or self.ends_https:
            return "http"
        return "tls" if self.passes_through else "tcp"

    @property
    def place(self) -> tuple[int, str]:
        """Where it listens: servers of the same place share a listener."""
        return self.port, self.bind or _EVERY_ADDRESS

    def __str__(self) -> str:
        return f"Gateway {self.gateway}, servers[{self.index}]"


@dataclass(frozen=True)
class Dropped:
    """A server that istiod drops for an earlier one: for these hosts or, without any, for its protocol."""

    server: Server
    by: Server
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Listeners:
    """The servers of a workload: those that listen, and those that istiod dropped."""

    servers: tuple[Server, ...]
    dropped: tuple[Dropped, ...]


def age(live: Manifest) -> tuple[bool, str, str, str]:
    """Sorts objects as istiod does: oldest first, then by name.

    Objects that do not exist yet will be the newest, in the order in which they are written: that order is kept.
    """
    metadata = live["metadata"]
    created = metadata.get("creationTimestamp")
    return (False, created, metadata["name"], metadata["namespace"]) if created else (True, "", "", "")


def listeners(workload: Workload, gateways: Iterable[Manifest], scoped_to_namespace: bool = False) -> Listeners:
    """Merges the Gateways, oldest first, as istiod does for these pods.

    istiod compares addresses as they are written: none and 0.0.0.0 are two for it, though they are one listener.
    """
    kept: list[Server] = []
    dropped: list[Dropped] = []
    tls_hosts: dict[tuple[int, str], Server] = {}
    plain: dict[int, Server] = {}
    for gateway in gateways:
        for server in servers_of(gateway, workload) if workload.uses(gateway, scoped_to_namespace) else []:
            taken = {host: tls_hosts.get((server.port, host)) for host in server.hosts}
            losers = tuple(host for host, winner in taken.items() if winner and winner.bind == server.bind)
            if server.mode is not None and losers:
                winner = taken[losers[0]]
                dropped += [Dropped(server, winner, losers)] if winner else []
                continue
            if server.mode is not None:
                tls_hosts.update({(server.port, host): server for host in server.hosts})
            first = plain.get(server.port)
            if first and first.bind == server.bind and not (first.is_http and server.is_http):
                dropped.append(Dropped(server, first))
                continue
            if not server.has_tls and (first is None or first.bind != server.bind):
                plain[server.port] = server
            kept.append(server)
    return Listeners(tuple(kept), tuple(dropped))


def servers_of(gateway: Manifest, workload: Workload) -> list[Server]:
    """The servers of one Gateway, on the ports of these pods."""
    return [
        Server(
            gateway=full_name(gateway),
            index=index,
            hosts=server_hosts(server, gateway["metadata"]["namespace"]),
            number=server["port"]["number"],
            port=workload.port(server["port"]["number"]),
            bind=server.get("bind") or "",
            protocol=str(server["port"].get("protocol", "")).upper(),
            mode=(server["tls"].get("mode") or "PASSTHROUGH") if server.get("tls") is not None else None,
            credential=credential_of(server),
            ca_credential=ca_credential_of(server),
            redirects=bool((server.get("tls") or {}).get("httpsRedirect")),
        )
        for index, server in enumerate(gateway["spec"].get("servers") or [])
    ]
