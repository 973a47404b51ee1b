# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The cluster before and after an exposure is written, as its gateway's pods see it: what the checks compare. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ansible_collections.gatehouse.istio.plugins.module_utils._listeners import (
    Listeners,
    Server,
    Workload,
    age,
    listeners,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._objects import (
    PODS_NAMESPACE,
    Manifest,
    Ref,
    owner,
    ref,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._references import full_name, gateway_names, selects
from ansible_collections.gatehouse.istio.plugins.module_utils._surroundings import Surroundings

# Labels in which pods of one Deployment differ, or that say nothing of what they serve.
_OF_NO_ACCOUNT = ("pod-template-hash", "controller-revision-hash", "statefulset.kubernetes.io/pod-name")


@dataclass(frozen=True, eq=False)
class State:
    """All Gateways and VirtualServices at one time, oldest first."""

    gateways: tuple[Manifest, ...]
    virtual_services: tuple[Manifest, ...]

    @cached_property
    def _gateways_by_name(self) -> dict[str, Manifest]:
        return {full_name(entry): entry for entry in self.gateways}

    @cached_property
    def _by_gateway(self) -> dict[str, list[Manifest]]:
        """The VirtualServices of each Gateway."""
        found: dict[str, list[Manifest]] = {}
        for entry in self.virtual_services:
            for name in dict.fromkeys(gateway_names(entry)):
                found.setdefault(name, []).append(entry)
        return found

    def gateway(self, name: str) -> Manifest | None:
        return self._gateways_by_name.get(name)

    def virtual_services_of(self, gateway: str, namespace: str | None) -> list[Manifest]:
        """Those of a Gateway that pods of a namespace get, in istiod's order: first what is exported to them alone."""
        seen = [entry for entry in self._by_gateway.get(gateway, []) if exported_to(entry, namespace)]
        return sorted(seen, key=lambda entry: "*" in (entry["spec"].get("exportTo") or ["*"]))


@dataclass(frozen=True)
class Site:
    """A workload, and what it listens for before and after."""

    workload: Workload
    before: Listeners
    after: Listeners


@dataclass(frozen=True)
class Scene:
    """An exposure among its neighbours. mine are its objects, as they will be."""

    around: Surroundings
    mine: tuple[Manifest, ...]
    before: State
    after: State
    cluster_domain: str = "cluster.local"
    sites: tuple[Site, ...] = field(default_factory=tuple)

    @cached_property
    def _my_gateways(self) -> frozenset[str]:
        return frozenset(full_name(entry) for entry in self.mine if entry["kind"] == "Gateway")

    def is_mine(self, server: Server) -> bool:
        return server.gateway in self._my_gateways

    @property
    def my_virtual_services(self) -> list[Manifest]:
        return [entry for entry in self.mine if entry["kind"] == "VirtualService"]

    def came_first(self, mine: str, other: str) -> bool:
        """Whether my Gateway is there already, and before the other one."""
        first, second = self.before.gateway(mine), self.before.gateway(other)
        return first is not None and second is not None and age(first) < age(second)

    def host_option(self, host: str) -> str:
        """Where the task names a host."""
        hosts = [one for entry in self.my_virtual_services for one in entry["spec"].get("hosts") or []]
        return f"hosts[{hosts.index(host)}]" if host in hosts else "hosts"


def scene(
    desired: Iterable[Manifest],
    around: Surroundings,
    cluster_domain: str = "cluster.local",
    left: Mapping[Ref, Manifest | None] | None = None,
) -> Scene:
    """The scene of one exposure: its manifests (or live objects) among what there is.

    left says what becomes of what it leaves, such as a Gateway that it shares with others.
    """
    wanted = list(desired)
    live = {ref(entry): entry for entry in (*around.gateways, *around.virtual_services)}
    mine = [_as_it_will_be(entry, live.get(ref(entry))) for entry in wanted]
    before = _state(around.gateways, around.virtual_services)
    names = {ref(entry) for entry in mine}
    owners = {owner(entry) for entry in mine} - {None}
    # What else is there of the same exposure is about to go.
    staying = [
        _as_it_will_be(entry, live[at])
        for at, entry in {**live, **(left or {})}.items()
        if entry is not None and at in live and at not in names and owner(entry) not in owners
    ]
    after = _state(*([entry for entry in [*staying, *mine] if entry["kind"] == kind] for kind in _KINDS))
    scoped = around.scoped_to_namespace
    sites = tuple(
        Site(workload, listeners(workload, before.gateways, scoped), listeners(workload, after.gateways, scoped))
        for workload in _workloads(mine, after, around)
    )
    return Scene(around, tuple(mine), before, after, cluster_domain, sites)


class Standing:
    """The cluster as it is: scenes of exposures that nobody changes. What they have in common is worked out once."""

    def __init__(self, around: Surroundings, cluster_domain: str = "cluster.local") -> None:
        self._around = around
        self._cluster_domain = cluster_domain
        self._state = _state(around.gateways, around.virtual_services)
        self._sites: dict[str, Site] = {}

    def scene(self, mine: Iterable[Manifest]) -> Scene:
        """The scene of one exposure, given all its live objects."""
        objects = list(mine)
        sites = tuple(self._site(workload) for workload in _workloads(objects, self._state, self._around))
        return Scene(self._around, tuple(objects), self._state, self._state, self._cluster_domain, sites)

    def _site(self, workload: Workload) -> Site:
        key = _key(workload)
        if key not in self._sites:
            seen = listeners(workload, self._state.gateways, self._around.scoped_to_namespace)
            self._sites[key] = Site(workload, seen, seen)
        return self._sites[key]


_KINDS = ("Gateway", "VirtualService")


def _state(gateways: Iterable[Manifest], virtual_services: Iterable[Manifest]) -> State:
    return State(tuple(sorted(gateways, key=age)), tuple(sorted(virtual_services, key=age)))


def _as_it_will_be(wanted: Manifest, live: Manifest | None) -> Manifest:
    """The manifest with what stays of the live object and matters to checks: its age, and who may see it."""
    if live is None:
        return wanted
    metadata = {**wanted["metadata"], "creationTimestamp": live["metadata"].get("creationTimestamp")}
    spec = dict(wanted.get("spec") or {})
    if "exportTo" in live.get("spec", {}):
        spec.setdefault("exportTo", live["spec"]["exportTo"])
    return {**wanted, "metadata": metadata, "spec": spec}


def used_gateways(mine: Iterable[Manifest], after: State) -> list[Manifest]:
    """The exposure's Gateways, and those that its VirtualServices attach to."""
    own = [full_name(entry) for entry in mine if entry["kind"] == "Gateway"]
    named = [name for entry in mine if entry["kind"] == "VirtualService" for name in gateway_names(entry)]
    found = (after.gateway(name) for name in dict.fromkeys([*own, *named]))
    return [entry for entry in found if entry]


def _workloads(mine: list[Manifest], after: State, around: Surroundings) -> list[Workload]:
    """The pods of the exposure's gateways, those that serve the same as one."""
    gateways = used_gateways(mine, after)
    found: dict[str, Workload] = {}
    for gateway in gateways:
        pods = [pod for pod in around.pods if _selected(gateway, pod) and is_gateway(pod)]
        for pod in pods:
            workload = _workload(pod, around)
            found.setdefault(_key(workload), workload)
        if not pods:
            # As if it were there: what the selector says is known of it.
            selector = gateway["spec"].get("selector") or {}
            namespace = (gateway["metadata"].get("annotations") or {}).get(PODS_NAMESPACE)
            workload = Workload(namespace, selector)
            found.setdefault(_key(workload), workload)
    return list(found.values())


def _key(workload: Workload) -> str:
    """Pods of the same key serve the same."""
    return repr((workload.namespace, sorted(workload.labels.items())))


def _selected(gateway: Manifest, pod: Manifest) -> bool:
    return selects(gateway["spec"].get("selector"), pod["metadata"].get("labels"))


def _workload(pod: Manifest, around: Surroundings) -> Workload:
    namespace, labels = pod["metadata"]["namespace"], pod["metadata"].get("labels") or {}
    services = [
        service
        for service in around.gateway_services
        if service["metadata"]["namespace"] == namespace
        and service["spec"].get("selector")
        and selects(service["spec"]["selector"], labels)
    ]
    ports = [
        (port["name"], port["containerPort"])
        for container in pod.get("spec", {}).get("containers") or []
        for port in container.get("ports") or []
        if port.get("name")
    ]
    kept = {key: value for key, value in labels.items() if key not in _OF_NO_ACCOUNT}
    return Workload(namespace, kept, tuple(sorted(services, key=age)), tuple(ports))


def is_gateway(pod: Manifest) -> bool:
    """Whether a pod's proxy is a gateway and not a sidecar, which no Gateway object reaches."""
    spec = pod.get("spec") or {}
    proxies = [
        one
        for one in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
        if one.get("name") == "istio-proxy"
    ]
    return bool(proxies) and not any("sidecar" in (one.get("args") or []) for one in proxies)


def exported_to(virtual_service: Manifest, namespace: str | None) -> bool:
    """Whether pods of the namespace (None: not known) get a VirtualService."""
    to = virtual_service["spec"].get("exportTo") or ["*"]
    own = virtual_service["metadata"]["namespace"]
    return "*" in to or (namespace is None and "~" not in to) or namespace in [own if one == "." else one for one in to]


def secret_at(workload: Workload, name: str) -> Ref | None:
    """The Secret that a server on these pods names."""
    return Ref("Secret", workload.namespace, name) if workload.namespace else None
