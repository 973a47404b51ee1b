# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What the destinations of an exposure are, and what is behind them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .._istio.config import Config
from .._istio.indexes import once
from .._kubernetes.objects import Manifest, ref
from .._mesh.delegates import delegations, fits
from .._mesh.destinations import Target, targets, targets_of
from .._mesh.names import full_name, service_at
from .._mesh.services import (
    Backend,
    by_rank,
    entries_by_host,
    has_endpoints,
    has_pods,
    is_external_name,
    is_selected,
    labels_of,
    near,
    workload_labels,
)
from .._mesh.visibility import is_service_visible
from .context import Analysis, Context, route_option
from .finding import Finding

# Labels that istiod adds to endpoints, from their nodes.
_OF_NODES = ("topology.", "kubernetes.io/hostname")


@dataclass(frozen=True, eq=False)
class Destination:
    """A destination whose host was looked up; pods and slices are None where they are not known, or do not matter.

    So are machines, the WorkloadEntries that may stand in for pods.
    """

    virtual_service: Manifest
    target: Target
    backend: Backend
    pods: tuple[Manifest, ...] | None = None
    slices: tuple[Manifest, ...] | None = None
    machines: tuple[Manifest, ...] | None = None

    @property
    def number(self) -> int | None:
        """The port to which requests go; None if istiod takes that of the listener."""
        return self.target.port or self.backend.only_port

    @property
    def consequence(self) -> str:
        if self.target.is_mirror:
            return "so the copies of requests are lost (clients get their answers)"
        return "so the gateway answers 503" if self.target.protocol == "http" else "so connections are closed"

    def finding(self, message: str, fix: str) -> Finding:
        named = self.backend.alias or self.backend.live
        at = str(ref(named)) if named else str(self.target.service or self.target.host)
        objects = (at, f"VirtualService {full_name(self.virtual_service)}")
        option = route_option(self.virtual_service, self.target.where)
        if self.target.is_mirror:
            option = f"{option}.mirrors" if option != "service" else "mirrors"
        elif option != "service":
            option = f"{option}.destinations"
        return Finding(objects, option, message, fix)

    @property
    def nothing_behind(self) -> str | None:
        """Why nobody takes requests there; None if somebody does, or it is not known."""
        live, more = self.backend.live, self.backend.more
        if live is None:
            return None
        of_live = self._nothing_behind_service(live) if live["kind"] == "Service" else self._nothing_behind_entry(live)
        return None if of_live is None or any(map(self._stands_in, more)) else of_live

    def _stands_in(self, entry: Manifest) -> bool:
        """Whether the endpoints of another ServiceEntry get the requests: the port's name decides."""
        port = self.backend.port(self.number) if self.number else None
        is_for_port = port is None or port["name"] in {other["name"] for other in Backend("", entry).ports}
        return is_for_port and entry["spec"].get("resolution") == "STATIC" and not self._nothing_behind_entry(entry)

    def _nothing_behind_service(self, service: Manifest) -> str | None:
        if self.slices is None:
            return None
        selector = service["spec"].get("selector")
        if not selector:
            return None if has_endpoints(self.slices) else f"{ref(service)} has no selector, and no endpoints"
        # Without slices, Kubernetes has not looked yet.
        if not self.slices or any(is_selected(service, machine) for machine in self.machines or ()):
            return None
        labels = ", ".join(f"{key}={value}" for key, value in selector.items())
        if not has_endpoints(self.slices):
            return f"no pod with the labels {labels}, which {ref(service)} selects, is ready"
        port = self.backend.port(self.number) if self.number else None
        if port and not has_endpoints(self.slices, port["name"]):
            return f"no pod with the labels {labels} has the port {port['targetPort']}, which {ref(service)} names"
        return None

    def _nothing_behind_entry(self, entry: Manifest) -> str | None:
        spec, labels = entry["spec"], workload_labels(entry)
        resolution = str(spec.get("resolution") or "NONE")
        if spec.get("endpoints") or resolution not in ("NONE", "STATIC"):
            return None
        if labels:
            workloads = None if self.pods is None or self.machines is None else (*self.pods, *self.machines)
            if workloads is None or any(is_selected(entry, workload) for workload in workloads):
                return None
            listed = ", ".join(f"{key}={value}" for key, value in labels.items())
            return f"no pod and no WorkloadEntry has the labels {listed}, which {ref(entry)} selects"
        if resolution == "NONE":
            return (
                f"{ref(entry)} has the resolution NONE, with which sidecars send requests to the address that their "
                "application asked for; a gateway has no such address"
            )
        return f"{ref(entry)} has the resolution STATIC, and no endpoints"

    def has_no_pod_with(self, labels: Mapping[str, str]) -> bool:
        """Whether it is known that nothing behind it has these labels. istiod adds some that pods do not have."""
        wanted = {key: value for key, value in labels.items() if not key.startswith(_OF_NODES)}
        if self.backend.live and self.backend.live["kind"] != "Service":
            entries = (self.backend.live, *self.backend.more)
            return bool(wanted) and all(self._has_no_endpoint_with(entry, wanted) for entry in entries)
        machines = [machine for machine in self.machines or () if is_selected(self.backend.live or {}, machine)]
        if self.pods is None:
            return self.slices is not None and has_endpoints(self.slices) and not has_pods(self.slices)
        is_known = bool(self.pods) or has_endpoints(self.slices or ())
        return is_known and not any(wanted.items() <= labels_of(each).items() for each in (*self.pods, *machines))

    def _has_no_endpoint_with(self, entry: Manifest, labels: Mapping[str, str]) -> bool:
        given = [endpoint.get("labels") or {} for endpoint in entry["spec"].get("endpoints") or []]
        if workload_labels(entry):
            if self.pods is None or self.machines is None:
                return False
            given += [labels_of(each) for each in (*self.pods, *self.machines) if is_selected(entry, each)]
        return not any(labels.items() <= each.items() for each in given)


@once
def virtual_services_by_name(config: Config) -> dict[str, Manifest]:
    """All VirtualServices by namespace/name."""
    return {full_name(entry): entry for entry in config.virtual_services}


@once
def destinations(context: Context) -> list[Destination]:
    """The different destinations of the exposure, also those of its delegates, as far as they may be read."""
    found: dict[tuple[str, Target], Destination] = {}
    for entry in context.my_virtual_services:
        for target in _targets(context, entry):
            destination = destination_of(context.analysis, entry, target, context.pods_namespaces[0])
            if destination:
                found.setdefault((full_name(entry), target), destination)
    return list(found.values())


def _targets(context: Context, entry: Manifest) -> Iterator[Target]:
    yield from targets(entry, context.cluster_domain)
    for delegation in delegations(entry):
        delegate = virtual_services_by_name(context.after).get(delegation.name)
        for route in (delegate["spec"].get("http") or []) if delegate else []:
            if delegate and fits(delegation.route, route):
                namespace = delegate["metadata"]["namespace"]
                yield from targets_of(route, "http", delegation.where, namespace, context.cluster_domain)


def destination_of(
    analysis: Analysis, entry: Manifest, target: Target, pods_namespace: str | None = None
) -> Destination | None:
    """None if it may not be read. pods_namespace is where the gateway's pods are, if that is known."""
    backend = _backend(analysis, target, pods_namespace)
    if backend is None or backend.live is None:
        return Destination(entry, target, backend) if backend else None
    at, state = ref(backend.live), analysis.cluster_state
    pods, slices = state.back_end_pods.get(at), state.endpoint_slices.get(at)
    return Destination(entry, target, backend, pods, slices, state.workload_entries)


def _backend(analysis: Analysis, target: Target, pods_namespace: str | None) -> Backend | None:
    state = analysis.cluster_state
    if target.service is not None and target.service not in state.services:
        return None
    service = state.services[target.service] if target.service else None
    if service is not None and not is_external_name(service):
        return _service_or_entry(analysis, Backend(target.host, service), pods_namespace)
    host = str(service["spec"].get("externalName") or "") if service else target.host
    alias_at = service_at(host, analysis.cluster_domain) if service else None
    if alias_at is not None:
        if alias_at not in state.services:
            return None
        if state.services[alias_at] is not None:
            return Backend(host, state.services[alias_at], service)
    if state.service_entries is None:
        return None if service is not None or target.service is None else Backend(target.host, None)
    entries = by_rank(_entries(analysis).get(host, ()), pods_namespace, state.settings)
    return Backend(host, entries[0], service, near(entries, entries[0])) if entries else Backend(host, None, service)


def _service_or_entry(analysis: Analysis, backend: Backend, pods_namespace: str | None) -> Backend:
    """A Service, unless the gateway does not get it, but a ServiceEntry for its host."""
    service, settings = backend.live, analysis.cluster_state.settings
    entries = by_rank(_entries(analysis).get(backend.host, ()), pods_namespace, settings)
    if service is None or not entries:
        return backend
    is_hidden = not is_service_visible(service, pods_namespace, settings)
    live = entries[0] if is_hidden and is_service_visible(entries[0], pods_namespace, settings) else service
    return Backend(backend.host, live, more=near(entries, live))


@once
def _entries(analysis: Analysis) -> dict[str, list[Manifest]]:
    return entries_by_host(analysis.cluster_state.service_entries or ())


def port_numbers(context: Context, destination: Destination) -> list[int]:
    """The gateway's own ports at which requests for a destination come in."""
    serving = context.serving(destination.virtual_service)
    return sorted({server.number for server, _hosts in serving if server.kind == destination.target.protocol})
