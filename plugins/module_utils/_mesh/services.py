# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Services and ServiceEntries as istiod sees them: what a destination's host is, its ports, what is behind it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .._kubernetes.objects import Manifest, Ref, ref
from .names import service_at
from .settings import MeshSettings
from .visibility import is_service_visible, service_export_to

_UDP = "UDP"


@dataclass(frozen=True, eq=False)
class Backend:
    """What a destination's host is: a Service, a ServiceEntry or, without an object, nothing that istiod knows.

    alias is the Service that was named, if it is of the type ExternalName: istiod takes the host that this stands for.
    more are further ServiceEntries for the host, see near().
    """

    host: str
    live: Manifest | None
    alias: Manifest | None = None
    more: tuple[Manifest, ...] = ()

    def __str__(self) -> str:
        named = self.alias or self.live
        return str(ref(named)) if named else self.host

    @cached_property
    def ports(self) -> list[dict[str, Any]]:
        """Its ports for TCP: istiod leaves out those for UDP. Each has a number, a name and perhaps an appProtocol."""
        merged = [entry for entry in self.more if self.live and _merged_by(entry) == _merged_by(self.live)]
        every = [entry for live in (self.live, *merged) for entry in _ports(live)]
        return [_port(entry) for entry in every if str(entry.get("protocol", "TCP")).upper() != _UDP]

    def port(self, number: int) -> dict[str, Any] | None:
        return next((entry for entry in self.ports if entry["number"] == number), None)

    @property
    def only_port(self) -> int | None:
        """The port that istiod takes if a route names none; if there are several, it takes that of the listener."""
        ports = _ports(self.alias or self.live)
        return _port(ports[0])["number"] if len(ports) == 1 else None


def _ports(live: Manifest | None) -> list[dict[str, Any]]:
    return (live["spec"].get("ports") or []) if live else []


def _port(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A port of a Service or of a ServiceEntry."""
    is_entry = "number" in entry
    return {
        "number": int(entry["number"] if is_entry else entry["port"]),
        "name": str(entry.get("name") or ""),
        "protocol": str(entry.get("protocol") or "") if is_entry else "",
        "appProtocol": str(entry.get("appProtocol") or ""),
        "targetPort": entry.get("targetPort"),
    }


def protocol_of(port: Mapping[str, Any]) -> str:
    """As Istio selects it (https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/)."""
    return str(port["appProtocol"] or port["protocol"] or port["name"].partition("-")[0]).lower()


def speaks_tls(port: Mapping[str, Any]) -> bool:
    """Whether the pods behind a port expect TLS, by its name or protocol."""
    return protocol_of(port) in ("https", "tls")


def workload_labels(entry: Manifest) -> dict[str, str]:
    """The labels of the pods and WorkloadEntries that a Service or a ServiceEntry selects."""
    if entry["kind"] == "Service":
        return entry["spec"].get("selector") or {}
    return (entry["spec"].get("workloadSelector") or {}).get("labels") or {}


def is_selected(entry: Manifest, workload: Manifest) -> bool:
    """Whether a Service or ServiceEntry selects a pod, or a WorkloadEntry, which stands for a machine outside."""
    wanted, is_near = workload_labels(entry), workload["metadata"]["namespace"] == entry["metadata"]["namespace"]
    return bool(wanted) and is_near and wanted.items() <= labels_of(workload).items()


def labels_of(workload: Manifest) -> dict[str, str]:
    """Those of a pod, or of a WorkloadEntry, which has them in two places."""
    own = (workload["spec"].get("labels") or {}) if workload["kind"] == "WorkloadEntry" else {}
    return {**own, **(workload["metadata"].get("labels") or {})}


def entries_by_host(service_entries: Iterable[Manifest]) -> dict[str, list[Manifest]]:
    """ServiceEntries by their hosts. A wildcard is not the host of any destination but itself."""
    by_host: dict[str, list[Manifest]] = {}
    for entry in service_entries:
        for host in entry["spec"].get("hosts") or []:
            by_host.setdefault(host, []).append(entry)
    return by_host


def by_rank(entries: Iterable[Manifest], namespace: str | None, settings: MeshSettings) -> list[Manifest]:
    """The ServiceEntries for a host, those first that pods of a namespace (None: not known) get before others.

    The oldest counts, private ones before public ones.
    """

    def rank(entry: Manifest) -> tuple[bool, bool, str, str, str]:
        metadata, is_public = entry["metadata"], "*" in service_export_to(entry, settings)
        is_hidden = not is_service_visible(entry, namespace, settings)
        return is_hidden, is_public, str(metadata.get("creationTimestamp")), metadata["name"], metadata["namespace"]

    return sorted(entries, key=rank)


def near(entries: Iterable[Manifest], service: Manifest) -> tuple[Manifest, ...]:
    """Others for the host, in the namespace of a Service or ServiceEntry: their endpoints are its endpoints, too."""
    namespace = service["metadata"]["namespace"]
    return tuple(entry for entry in entries if entry is not service and entry["metadata"]["namespace"] == namespace)


def _merged_by(entry: Manifest) -> tuple[Any, ...]:
    """istiod makes one of those that are alike but for their ports."""
    metadata, spec = entry["metadata"], entry["spec"]
    same = [spec.get(name) or "" for name in ("resolution", "workloadSelector", "exportTo")]
    return (entry["kind"], metadata["namespace"], metadata.get("labels") or {}, *same)


def is_external_name(service: Manifest | None) -> bool:
    return service is not None and service["spec"].get("type") == "ExternalName"


def alias_of(service: Manifest | None, cluster_domain: str) -> Ref | None:
    """The Service that one of the type ExternalName stands for, if it is one of the cluster."""
    if service is None or not is_external_name(service):
        return None
    return service_at(str(service["spec"].get("externalName") or ""), cluster_domain)


def has_endpoints(slices: Iterable[Manifest], port_name: str | None = None) -> bool:
    """Whether EndpointSlices name an endpoint that gets requests, at the port of this name (None: at any).

    One whose readiness is not known does. Pods without the port that the Service names as its targetPort are in slices
    without it.
    """
    return any(
        (endpoint.get("conditions") or {}).get("ready") is not False
        for entry in slices
        if port_name is None or port_name in {port.get("name") or "" for port in entry.get("ports") or []}
        for endpoint in entry.get("endpoints") or []
    )


def has_pods(slices: Iterable[Manifest]) -> bool:
    """Whether EndpointSlices name pods; other endpoints have no labels that a subset could select."""
    endpoints = (endpoint for entry in slices for endpoint in entry.get("endpoints") or [])
    return any((endpoint.get("targetRef") or {}).get("kind") == "Pod" for endpoint in endpoints)
