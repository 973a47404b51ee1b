# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""All Gateways and VirtualServices at one time, and what istiod gives to the pods of a workload. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import is_
from typing import Any

from .._kubernetes.objects import Manifest, Ref
from .._mesh.names import full_name, gateway_names
from .._mesh.settings import DEFAULT_SETTINGS, MeshSettings
from .._mesh.visibility import export_to_of, is_visible
from .cluster_state import ClusterState
from .hosts import server_hosts
from .indexes import ByHost, BySelector
from .listeners import (
    Listeners,
    Server,
    Workload,
    age,
    servers_of,
)

_Place = tuple[int, Manifest]


@dataclass(frozen=True, eq=False)
class Config:
    """All Gateways and VirtualServices at one time, oldest first."""

    gateways: tuple[Manifest, ...]
    virtual_services: tuple[Manifest, ...]
    settings: MeshSettings = DEFAULT_SETTINGS
    memory: dict[Any, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def _gateways_by_name(self) -> dict[str, Manifest]:
        return {full_name(entry): entry for entry in self.gateways}

    @cached_property
    def _gateways_by_selector(self) -> BySelector[Manifest]:
        return BySelector((entry["spec"].get("selector"), entry) for entry in self.gateways)

    @cached_property
    def full_names(self) -> dict[str, list[str]]:
        """namespace/name of all Gateways, by their name alone."""
        by_name: dict[str, list[str]] = {}
        for gateway in self.gateways:
            by_name.setdefault(gateway["metadata"]["name"], []).append(full_name(gateway))
        return by_name

    @cached_property
    def _by_gateway(self) -> dict[str, list[Manifest]]:
        by_gateway: dict[str, list[Manifest]] = {}
        for virtual_service in self.virtual_services:
            for name in dict.fromkeys(gateway_names(virtual_service)):
                by_gateway.setdefault(name, []).append(virtual_service)
        return by_gateway

    def gateway(self, name: str) -> Manifest | None:
        return self._gateways_by_name.get(name)

    def came_first(self, one: str, other: str) -> bool:
        """Whether a Gateway exists, and is older than the other one."""
        first, second = self.gateway(one), self.gateway(other)
        return first is not None and second is not None and age(first) < age(second)

    def attached(self, gateway: str) -> list[Manifest]:
        """The VirtualServices of a Gateway."""
        return self._by_gateway.get(gateway, [])

    def gateways_for(self, workload: Workload) -> list[Manifest]:
        """The Gateways whose selector matches the pods."""
        return self._gateways_by_selector.selecting(workload.labels)

    def is_same_for(self, workload: Workload, other: Config) -> bool:
        """Whether the pods get the identical objects with another configuration."""
        mine, theirs = self.gateways_for(workload), other.gateways_for(workload)
        names = [full_name(entry) for entry in mine]
        return _are_same(mine, theirs) and all(_are_same(self.attached(name), other.attached(name)) for name in names)

    def hosts_of(self, gateway: str) -> ByHost[tuple[str, int]]:
        """The hosts of all servers of a Gateway, as listeners know them (namespace/host or host), and the server."""
        if gateway not in self.memory:
            live = self._gateways_by_name[gateway]
            namespace, servers = live["metadata"]["namespace"], live["spec"].get("servers") or []
            hosts = [(host, at) for at, server in enumerate(servers) for host in server_hosts(server, namespace)]
            self.memory[gateway] = ByHost((host.rpartition("/")[2], (host, at)) for host, at in hosts)
        by_host: ByHost[tuple[str, int]] = self.memory[gateway]
        return by_host

    def servers_for(self, gateway: str, virtual_service: Manifest) -> list[tuple[Server, list[str]]]:
        """The servers of a Gateway that have hosts of a VirtualService, and which of these. Ports are the Service's."""
        namespace = virtual_service["metadata"]["namespace"]
        hosts: dict[int, dict[str, None]] = {}
        for host in virtual_service["spec"].get("hosts") or []:
            for _narrower, (server_host, index) in self.hosts_of(gateway).meeting(host):
                if server_host.rpartition("/")[0] in ("", namespace):
                    hosts.setdefault(index, {})[host] = None
        servers = self._servers_of(gateway) if hosts else []
        return [(servers[index], list(hosts[index])) for index in sorted(hosts)]

    def _servers_of(self, gateway: str) -> list[Server]:
        key = ("servers", gateway)
        if key not in self.memory:
            self.memory[key] = servers_of(self._gateways_by_name[gateway], Workload(None, {}))
        servers: list[Server] = self.memory[key]
        return servers

    def routed(self, server: Server, namespace: str | None) -> list[tuple[Manifest, list[str]]]:
        """The VirtualServices that a namespace gets for a server, in istiod's order, each with its hosts there."""
        index = self._virtual_services_of(server.gateway, namespace)
        routed: dict[int, tuple[Manifest, dict[str, None]]] = {}
        for entry in server.hosts:
            namespaces, _slash, name = entry.rpartition("/")
            for host, (position, virtual_service) in index.meeting(name):
                if namespaces in ("", virtual_service["metadata"]["namespace"]):
                    routed.setdefault(position, (virtual_service, {}))[1][host] = None
        return [(routed[position][0], list(routed[position][1])) for position in sorted(routed)]

    def with_host(self, host: str, gateway: str, namespace: str | None) -> list[Manifest]:
        """The VirtualServices of a Gateway, as pods of a namespace get them, that have a host in common with this."""
        found = (place for _narrower, place in self._virtual_services_of(gateway, namespace).meeting(host))
        return list(dict(found).values())

    def _virtual_services_of(self, gateway: str, namespace: str | None) -> ByHost[_Place]:
        """The VirtualServices of a Gateway that pods of a namespace get; first those that not everybody gets."""
        key = (gateway, namespace)
        if key not in self.memory:
            visible = [entry for entry in self.attached(gateway) if is_visible(entry, namespace, self.settings)]
            visible.sort(key=lambda entry: _precedence(entry, namespace, self.settings))
            self.memory[key] = ByHost(
                (host, (position, entry))
                for position, entry in enumerate(visible)
                for host in entry["spec"].get("hosts") or []
            )
        by_host: ByHost[_Place] = self.memory[key]
        return by_host


@dataclass(frozen=True, eq=False)
class WorkloadConfig:
    """What istiod gives to the pods of a workload, before or after a task.

    requested_certificates are the Secrets for which the task's exposures request a certificate, each with its names.
    """

    cluster_state: ClusterState
    requested_certificates: Mapping[Ref, tuple[str, ...]]
    config: Config
    workload: Workload
    listeners: Listeners
    memory: dict[Any, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, eq=False)
class WorkloadChange:
    """What istiod gives to a workload before and after a task."""

    workload: Workload
    before: WorkloadConfig
    after: WorkloadConfig
    memory: dict[Any, Any] = field(default_factory=dict, repr=False)


def _precedence(virtual_service: Manifest, namespace: str | None, settings: MeshSettings) -> int:
    """What only its own namespace gets comes first, then what is for some namespaces, then what is for all."""
    if "*" in export_to_of(virtual_service, settings):
        return 2
    return int(virtual_service["metadata"]["namespace"] != namespace)


def _are_same(objects: list[Manifest], others: list[Manifest]) -> bool:
    return len(objects) == len(others) and all(map(is_, objects, others))


def secret_at(workload: Workload, name: str) -> Ref | None:
    """The Secret that a server on these pods names; None if their namespace is not known."""
    return Ref("Secret", workload.namespace, name) if workload.namespace else None
