# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What checks are given: the cluster before and after exposures are written, as their gateways' pods see it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from .._istio.cluster_state import ClusterState
from .._istio.config import Config, WorkloadChange, WorkloadConfig
from .._istio.listeners import (
    Server,
    Workload,
    age,
    listeners,
)
from .._istio.workloads import Workloads
from .._kubernetes.objects import SHARED, Manifest, Ref, owner, ref
from .._mesh.ingresses import as_gateways, as_virtual_services, made_of
from .._mesh.names import full_name, gateway_names, matched_gateways, resolved
from .finding import Finding

_KINDS = ("Gateway", "VirtualService")
_COMPARED = ("labels", "annotations")


class Analysis:
    """The cluster before and after a task has written all its exposures. What their contexts share is worked out once.

    desired are the manifests (or live objects) of all exposures, in the order in which they are written. removals says
    what becomes of each object that an exposure gives up, such as a Gateway that it shares with others (None: it is
    deleted). Without both, the cluster stays as it is.
    """

    def __init__(
        self,
        cluster_state: ClusterState,
        cluster_domain: str = "cluster.local",
        desired: Iterable[Manifest] = (),
        removals: Mapping[Ref, Manifest | None] | None = None,
    ) -> None:
        self.cluster_state = cluster_state
        self.cluster_domain = cluster_domain
        made = _made_of_ingresses(cluster_state, cluster_domain)
        self.made_of = made_of(made)
        self.as_written: dict[str, Manifest] = {}
        live = {
            ref(entry): self._resolved(entry)
            for entry in (*cluster_state.gateways, *cluster_state.virtual_services, *made)
        }
        wanted = {ref(entry): self._replaced(entry) for entry in desired}
        self.written = {at: _as_it_will_be(entry, live.get(at)) for at, entry in wanted.items()}
        self.removals = removals or {}
        self._live = live
        self.before = self._config(live.values())
        self.after = self._after(live, self.removals) if wanted or removals else self.before
        self.requested_certificates = dict(_requested_certificates(self.written.values()))
        self.workloads = Workloads(cluster_state.pods, cluster_state.gateway_services)
        self.memory: dict[Any, Any] = {}
        self._workload_changes: dict[str, WorkloadChange] = {}

    def context(self, mine: Iterable[Manifest]) -> Context:
        """The context of one exposure: its objects, which are among the desired ones, or live and unchanged."""
        objects = tuple(self.written.get(ref(entry)) or self._live.get(ref(entry), entry) for entry in mine)
        gateways = tuple(_used_gateways(objects, self.after))
        by_key = {
            key: workload for gateway in gateways for key, workload in self.workloads.of(gateway).workloads.items()
        }
        changes = tuple(self._workload_change(key, workload) for key, workload in by_key.items())
        return Context(self, objects, gateways, changes)

    def _after(self, live: Mapping[Ref, Manifest], removals: Mapping[Ref, Manifest | None]) -> Config:
        owners = {owner(entry) for entry in self.written.values()} - {None}
        # Other live objects of the same exposures are about to be deleted.
        staying = [
            _as_it_will_be(self._resolved(entry), live[at])
            for at, entry in {**live, **removals}.items()
            if entry is not None and at in live and at not in self.written and owner(entry) not in owners
        ]
        return self._config([*staying, *self.written.values()])

    def _config(self, objects: Iterable[Manifest]) -> Config:
        by_kind: dict[str, list[Manifest]] = {kind: [] for kind in _KINDS}
        for entry in objects:
            if entry["kind"] in by_kind:
                by_kind[entry["kind"]].append(entry)
        gateways, virtual_services = (tuple(sorted(by_kind[kind], key=age)) for kind in _KINDS)
        return Config(gateways, virtual_services, self.cluster_state.settings)

    def _replaced(self, entry: Manifest) -> Manifest:
        """The desired object. How the live one is written does not matter any more."""
        if entry["kind"] == "VirtualService":
            self.as_written.pop(full_name(entry), None)
        return self._resolved(entry)

    def _resolved(self, entry: Manifest) -> Manifest:
        if entry["kind"] != "VirtualService":
            return entry
        full = resolved(entry, self.cluster_domain)
        if full is not entry:
            self.as_written[full_name(entry)] = entry
        return full

    def with_ingresses(self, finding: Finding) -> Finding:
        """The finding with Ingresses in place of what istiod makes of them, which no API shows."""
        for made, ingress in self.made_of.items():
            if any(made in text for text in (finding.message, *finding.objects)):
                objects = tuple(text.replace(made, ingress) for text in finding.objects)
                finding = replace(finding, objects=objects, message=finding.message.replace(made, ingress))
        return finding

    def _workload_change(self, key: str, workload: Workload) -> WorkloadChange:
        if key not in self._workload_changes:
            before = self._workload_config(workload, self.before)
            is_same = self.before.is_same_for(workload, self.after)
            after = before if is_same else self._workload_config(workload, self.after)
            self._workload_changes[key] = WorkloadChange(workload, before, after)
        return self._workload_changes[key]

    def _workload_config(self, workload: Workload, config: Config) -> WorkloadConfig:
        merged = listeners(workload, config.gateways_for(workload), self.cluster_state.scoped_to_namespace)
        return WorkloadConfig(self.cluster_state, self.requested_certificates, config, workload, merged)


@dataclass(frozen=True, eq=False)
class Context:
    """One exposure: `mine` are its objects as they will be, `gateways` those that it uses, own or not."""

    analysis: Analysis
    mine: tuple[Manifest, ...]
    gateways: tuple[Manifest, ...]
    workload_changes: tuple[WorkloadChange, ...]
    memory: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def cluster_state(self) -> ClusterState:
        return self.analysis.cluster_state

    @property
    def cluster_domain(self) -> str:
        return self.analysis.cluster_domain

    @property
    def before(self) -> Config:
        return self.analysis.before

    @property
    def after(self) -> Config:
        return self.analysis.after

    @cached_property
    def my_gateways(self) -> tuple[str, ...]:
        """By their full names."""
        return tuple(full_name(entry) for entry in self.mine if entry["kind"] == "Gateway")

    @cached_property
    def pods_namespaces(self) -> tuple[str | None, ...]:
        """Where the gateways' pods are; None where that is not known."""
        return tuple(dict.fromkeys(change.workload.namespace for change in self.workload_changes)) or (None,)

    @cached_property
    def gateway_names(self) -> tuple[str, ...]:
        """The full names of all that the exposure uses."""
        return tuple(map(full_name, self.gateways))

    def is_mine(self, server: Server) -> bool:
        """Whether it is of a Gateway of the exposure's own."""
        return server.gateway in self.my_gateways

    def concerns(self, server: Server) -> bool:
        """Whether it is mine, or serves hosts of mine: of Gateways that others made or share, only these servers do."""
        return self.serves(server) or (self.is_mine(server) and server.gateway not in self._shared_gateways)

    @cached_property
    def _shared_gateways(self) -> frozenset[str]:
        """Of my_gateways, those to which other exposures contribute, too."""
        mine = [entry for entry in self.mine if entry["kind"] == "Gateway"]
        return frozenset(full_name(entry) for entry in mine if SHARED in (entry["metadata"].get("labels") or {}))

    def serves(self, server: Server) -> bool:
        """Whether it has hosts of mine: of a Gateway that exposures share, only some servers do."""
        return (server.gateway, server.index) in self._serving

    @cached_property
    def _serving(self) -> frozenset[tuple[str, int]]:
        """Gateway and index of the servers that have hosts of the exposure."""
        return frozenset(
            (server.gateway, server.index)
            for entry in self.my_virtual_services
            for server, _hosts in self.serving(entry)
        )

    @cached_property
    def my_virtual_services(self) -> list[Manifest]:
        return [entry for entry in self.mine if entry["kind"] == "VirtualService"]

    def named_gateways(self, virtual_service: Manifest) -> dict[str, Manifest | None]:
        """The Gateways that a VirtualService names, also in matches, in order; None for one that does not exist."""
        key = ("named gateways", id(virtual_service))
        if key not in self.memory:
            names = [*gateway_names(virtual_service), *matched_gateways(virtual_service)]
            self.memory[key] = {name: self.after.gateway(name) for name in names}
        named: dict[str, Manifest | None] = self.memory[key]
        return named

    def serving(self, virtual_service: Manifest) -> list[tuple[Server, list[str]]]:
        """The servers, of all Gateways that a VirtualService names, that have hosts of its, and which."""
        key = ("serving", id(virtual_service))
        if key not in self.memory:
            names = [name for name in dict.fromkeys(gateway_names(virtual_service)) if self.after.gateway(name)]
            self.memory[key] = [found for name in names for found in self.after.servers_for(name, virtual_service)]
        found: list[tuple[Server, list[str]]] = self.memory[key]
        return found

    def host_option(self, host: str) -> str:
        """The option that names a host."""
        hosts = [name for entry in self.my_virtual_services for name in entry["spec"].get("hosts") or []]
        return f"hosts[{hosts.index(host)}]" if host in hosts else "hosts"


def route_option(entry: Manifest, where: str) -> str:
    """The option that names a route, such as http[1] of a VirtualService: one of routes, or the single service."""
    protocol, _bracket, index = where.rstrip("]").partition("[")
    routes = [route for kind in ("http", "tls", "tcp") for route in entry["spec"].get(kind) or []]
    if len([route for route in routes if route.get("name") != "https-redirect"]) == 1:
        return "service"
    own_redirect = (entry["spec"].get(protocol) or [{}])[0].get("name") == "https-redirect"
    return f"routes[{int(index) - (1 if own_redirect and protocol == 'http' else 0)}]"


def _used_gateways(mine: Iterable[Manifest], after: Config) -> Iterator[Manifest]:
    """The exposure's Gateways, and those that its VirtualServices attach to."""
    own = [full_name(entry) for entry in mine if entry["kind"] == "Gateway"]
    named = [name for entry in mine if entry["kind"] == "VirtualService" for name in gateway_names(entry)]
    return filter(None, (after.gateway(name) for name in dict.fromkeys([*own, *named])))


def _made_of_ingresses(cluster_state: ClusterState, cluster_domain: str) -> list[Manifest]:
    """What istiod makes of its Ingresses."""
    ingresses, settings = cluster_state.ingresses, cluster_state.settings
    return [*as_gateways(ingresses, settings), *as_virtual_services(ingresses, settings, cluster_domain)]


def _as_it_will_be(wanted: Manifest, live: Manifest | None) -> Manifest:
    """The manifest with what stays of the live object and matters to checks: its age and its exportTo."""
    if live is None or wanted is live:
        return wanted
    spec = wanted.get("spec") or {}
    if "exportTo" in live.get("spec", {}):
        spec = {"exportTo": live["spec"]["exportTo"], **spec}
    old, new = live["metadata"], wanted["metadata"]
    if spec == live.get("spec") and all(new.get(name) == old.get(name) for name in _COMPARED):
        return live  # the same object tells Config.is_same_for() that nothing changes
    return {**wanted, "metadata": {**new, "creationTimestamp": old.get("creationTimestamp")}, "spec": spec}


def _requested_certificates(written: Iterable[Manifest]) -> Iterator[tuple[Ref, tuple[str, ...]]]:
    """The Secrets for which exposures request a certificate, each with the certificate's names."""
    for entry in written:
        if entry["kind"] == "Certificate" and entry["spec"].get("secretName"):
            at = Ref("Secret", entry["metadata"]["namespace"], entry["spec"]["secretName"])
            yield at, tuple(entry["spec"].get("dnsNames") or ())
