# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The servers at a port of a gateway's pods, as requests choose among them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Optional

from .._istio.config import WorkloadConfig
from .._istio.listeners import Server
from .._istio.route_order import applies
from .._kubernetes.objects import Manifest
from .trace_routes import Routed, virtual_hosts

# What Envoy chooses by the TLS name: a server or, for passthrough, also a VirtualService's rule; and the names.
Chain = tuple[Server, Optional[Manifest], Optional[Mapping[str, Any]], tuple[str, ...]]


class Port:
    """Worked out once for all requests, as thousands of servers may share a port."""

    def __init__(self, workload_config: WorkloadConfig, number: int) -> None:
        self._config = workload_config
        self.servers = [server for server in workload_config.listeners.servers if server.port == number]
        self.plain = [server for server in self.servers if server.is_http]

    @cached_property
    def plain_names(self) -> dict[str, Server]:
        """The servers without TLS by their hosts in lower case: of two with the same host the first."""
        return {name: server for server in reversed(self.plain) for name in server.names_set}

    @cached_property
    def plain_hosts(self) -> tuple[dict[str, list[Routed]], dict[str, Server]]:
        """The virtual hosts of the servers without TLS, which share their routes."""
        return virtual_hosts(self._config, self.plain)

    @cached_property
    def chains(self) -> dict[str, Chain]:
        """What takes TLS connections, by the names that clients send: Envoy compares them in lower case."""
        return {name.lower(): chain for chain in reversed(list(self._chains())) for name in chain[3]}

    def _chains(self) -> Iterator[Chain]:
        for server in self.servers:
            if server.mode == "PASSTHROUGH" and not server.is_http:
                for entry, _hosts in self._config.config.routed(server, self._config.workload.namespace):
                    for index, rule in enumerate(entry["spec"].get("tls") or []):
                        for match in rule.get("match") or []:
                            if applies(match, server):
                                named = {**rule, "place": f"tls[{index}]"}
                                yield server, entry, named, tuple(match.get("sniHosts") or ())
            elif server.has_tls:
                yield server, None, None, server.names


def port_of(workload_config: WorkloadConfig, number: int) -> Port:
    """The port on which the pods listen."""
    key = ("port", number)
    if key not in workload_config.memory:
        workload_config.memory[key] = Port(workload_config, number)
    port: Port = workload_config.memory[key]
    return port
