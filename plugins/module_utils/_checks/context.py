# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The cluster before and after exposures are written, as their gateways' pods see it: what the checks compare. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .._istio.cluster_state import Surroundings
from .._istio.config import Site, State, View
from .._istio.listeners import (
    Server,
    Workload,
    age,
    listeners,
)
from .._istio.references import full_name, gateway_names
from .._istio.workloads import Workloads
from .._kubernetes.objects import Manifest, Ref, owner, ref

_KINDS = ("Gateway", "VirtualService")
_COMPARED = ("labels", "annotations")


class Scenes:
    """The cluster before and after a task has written all its exposures. What scenes have in common is worked out once.

    desired are the manifests (or live objects) of all of them, in the order in which they are written. left says what
    becomes of what they leave, such as a Gateway that they share with others (None: it goes). Without both the cluster
    stays as it is.
    """

    def __init__(
        self,
        around: Surroundings,
        cluster_domain: str = "cluster.local",
        desired: Iterable[Manifest] = (),
        left: Mapping[Ref, Manifest | None] | None = None,
    ) -> None:
        live = {ref(entry): entry for entry in (*around.gateways, *around.virtual_services)}
        wanted = {ref(entry): entry for entry in desired}
        self.around = around
        self.cluster_domain = cluster_domain
        self.written = {at: _as_it_will_be(entry, live.get(at)) for at, entry in wanted.items()}
        self.before = _state(around.gateways, around.virtual_services)
        self.after = self._after(live, left or {}) if wanted or left else self.before
        self.ordered = dict(_ordered(self.written.values()))
        self.reached = Workloads(around)
        self.memory: dict[Any, Any] = {}
        self._sites: dict[str, Site] = {}

    def scene(self, mine: Iterable[Manifest]) -> Scene:
        """The scene of one exposure: its objects, some of the desired, or live ones that stay as they are."""
        objects = tuple(self.written.get(ref(entry), entry) for entry in mine)
        gateways = tuple(_used_gateways(objects, self.after))
        workloads = {key: one for gateway in gateways for key, one in self.reached.of(gateway).workloads.items()}
        return Scene(self, objects, gateways, tuple(self._site(key, workload) for key, workload in workloads.items()))

    def _after(self, live: Mapping[Ref, Manifest], left: Mapping[Ref, Manifest | None]) -> State:
        owners = {owner(entry) for entry in self.written.values()} - {None}
        # What else is there of the same exposures is about to go.
        staying = [
            _as_it_will_be(entry, live[at])
            for at, entry in {**live, **left}.items()
            if entry is not None and at in live and at not in self.written and owner(entry) not in owners
        ]
        objects = [*staying, *self.written.values()]
        return _state(*([entry for entry in objects if entry["kind"] == kind] for kind in _KINDS))

    def _site(self, key: str, workload: Workload) -> Site:
        if key not in self._sites:
            before = self._view(workload, self.before)
            is_same = self.before.is_same_for(workload, self.after)
            self._sites[key] = Site(workload, before, before if is_same else self._view(workload, self.after))
        return self._sites[key]

    def _view(self, workload: Workload, state: State) -> View:
        seen = listeners(workload, state.gateways_for(workload), self.around.scoped_to_namespace)
        return View(self.around, self.ordered, state, workload, seen)


@dataclass(frozen=True)
class Scene:
    """An exposure among its neighbours. mine are its objects, as they will be, gateways those that it uses."""

    scenes: Scenes
    mine: tuple[Manifest, ...]
    gateways: tuple[Manifest, ...]
    sites: tuple[Site, ...]

    @property
    def around(self) -> Surroundings:
        return self.scenes.around

    @property
    def cluster_domain(self) -> str:
        return self.scenes.cluster_domain

    @property
    def before(self) -> State:
        return self.scenes.before

    @property
    def after(self) -> State:
        return self.scenes.after

    @cached_property
    def my_gateways(self) -> tuple[str, ...]:
        """By their full names."""
        return tuple(full_name(entry) for entry in self.mine if entry["kind"] == "Gateway")

    def is_mine(self, server: Server) -> bool:
        return server.gateway in self.my_gateways

    @cached_property
    def my_virtual_services(self) -> list[Manifest]:
        return [entry for entry in self.mine if entry["kind"] == "VirtualService"]

    def host_option(self, host: str) -> str:
        """Where the task names a host."""
        hosts = [one for entry in self.my_virtual_services for one in entry["spec"].get("hosts") or []]
        return f"hosts[{hosts.index(host)}]" if host in hosts else "hosts"


def _used_gateways(mine: Iterable[Manifest], after: State) -> Iterator[Manifest]:
    """The exposure's Gateways, and those that its VirtualServices attach to."""
    own = [full_name(entry) for entry in mine if entry["kind"] == "Gateway"]
    named = [name for entry in mine if entry["kind"] == "VirtualService" for name in gateway_names(entry)]
    return filter(None, (after.gateway(name) for name in dict.fromkeys([*own, *named])))


def _state(gateways: Iterable[Manifest], virtual_services: Iterable[Manifest]) -> State:
    return State(tuple(sorted(gateways, key=age)), tuple(sorted(virtual_services, key=age)))


def _as_it_will_be(wanted: Manifest, live: Manifest | None) -> Manifest:
    """The manifest with what stays of the live object and matters to checks: its age, and who may see it."""
    if live is None or wanted is live:
        return wanted
    spec = wanted.get("spec") or {}
    if "exportTo" in live.get("spec", {}):
        spec = {"exportTo": live["spec"]["exportTo"], **spec}
    old, new = live["metadata"], wanted["metadata"]
    if spec == live.get("spec") and all(new.get(name) == old.get(name) for name in _COMPARED):
        return live  # the very object says that nothing changes, so that what is known of it need not be found again
    return {**wanted, "metadata": {**new, "creationTimestamp": old.get("creationTimestamp")}, "spec": spec}


def _ordered(written: Iterable[Manifest]) -> Iterator[tuple[Ref, tuple[str, ...]]]:
    """The Secrets for which exposures themselves order a certificate, and for which names."""
    for entry in written:
        if entry["kind"] == "Certificate" and entry["spec"].get("secretName"):
            at = Ref("Secret", entry["metadata"]["namespace"], entry["spec"]["secretName"])
            yield at, tuple(entry["spec"].get("dnsNames") or ())
