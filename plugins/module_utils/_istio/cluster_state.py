# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What the checks must know of the cluster besides the exposures' own objects.

Nothing here fails for missing rights: what may not be read is unknown, and the state says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .._kubernetes.errors import ForbiddenError, UnknownKindError
from .._kubernetes.objects import Manifest, Ref, plural, ref
from .._kubernetes.reader import Reader, find_if_known
from .._mesh.claims import asks_for_claims
from .._mesh.delegates import delegations
from .._mesh.destinations import Target, all_targets, rules_matter
from .._mesh.ingresses import as_virtual_services, of_istio
from .._mesh.names import full_name, gateway_names, matched_gateways
from .._mesh.services import alias_of, has_endpoints, is_external_name, workload_labels
from .._mesh.settings import DEFAULT_SETTINGS, REVISION, MeshSettings, parse_settings, settings_at
from .indexes import ByHost
from .references import issuer_of, secrets_named
from .tls_secret import HAS_CRYPTOGRAPHY, TlsSecret, read_tls_secret
from .workloads import is_running, pods_namespaces

_SCOPE = "PILOT_SCOPE_GATEWAY_TO_NAMESPACE"
_SLICES_OF = "kubernetes.io/service-name"


@dataclass(frozen=True, eq=False)
class ClusterState:
    """Objects as the API server returned them (with managedFields).

    services, tls_secrets, back_end_pods, endpoint_slices and namespace_labels were read by name: None means that there
    is none; those that are not in the mapping are unknown. `unknown` names everything that could not be read, and what
    is not checked therefore.
    """

    gateways: tuple[Manifest, ...] = ()
    virtual_services: tuple[Manifest, ...] = ()
    # Gateways (namespace/name) of which is not known whether they exist; and whether all of a kind could be listed.
    unknown_gateways: frozenset[str] = frozenset()
    are_all_virtual_services: bool = True
    are_all_gateways: bool = True
    # Pods that the exposures' Gateways select, in all namespaces, and the Services of those namespaces.
    pods: tuple[Manifest, ...] = ()
    pods_are_known: bool = True
    gateway_services: tuple[Manifest, ...] = ()
    gateway_services_are_known: bool = True
    services: Mapping[Ref, Manifest | None] = field(default_factory=dict)
    # Behind Services: their EndpointSlices and, where a subset is named, the running pods that they select.
    endpoint_slices: Mapping[Ref, tuple[Manifest, ...]] = field(default_factory=dict)
    back_end_pods: Mapping[Ref, tuple[Manifest, ...]] = field(default_factory=dict)
    service_entries: tuple[Manifest, ...] | None = None
    # Machines outside the cluster, that Services and ServiceEntries may select like pods.
    workload_entries: tuple[Manifest, ...] | None = None
    destination_rules: tuple[Manifest, ...] | None = None
    # Without them, gateways know no claims.
    request_authentications: tuple[Manifest, ...] | None = None
    tls_secrets: Mapping[Ref, TlsSecret | None] = field(default_factory=dict)
    # Of the Certificates that exposures request: their issuers, and the other Certificates of their namespaces.
    issuers: Mapping[Ref, Manifest | None] = field(default_factory=dict)
    certificates: tuple[Manifest, ...] = ()
    # Those that istiod serves by the gateway's pods.
    ingresses: tuple[Manifest, ...] = ()
    settings: MeshSettings = DEFAULT_SETTINGS
    namespace_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # PILOT_SCOPE_GATEWAY_TO_NAMESPACE of istiod: a Gateway is only for pods of its own namespace.
    scoped_to_namespace: bool = False
    unknown: tuple[str, ...] = ()
    now: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    def gateway(self, name: str) -> Manifest | None:
        """The live Gateway of this namespace/name."""
        return next((live for live in self.gateways if full_name(live) == name), None)


def read_cluster_state(
    reader: Reader, desired: Iterable[Manifest], cluster_domain: str = "cluster.local", others: int = 10
) -> ClusterState:
    """The state around exposures whose manifests (or live objects) are given.

    The requests: one LIST each of Gateways, VirtualServices and istiod's Deployment, one of pods for each different
    selector, one of Services for each namespace with such pods; a GET for istiod's ConfigMap, for each destination, and
    for each Secret that the exposures name, and for the Secrets of at most `others` other servers whose certificate
    might be valid for their hosts; a LIST of the EndpointSlices of each destination. Only where they matter, one LIST
    each of DestinationRules, ServiceEntries and Ingresses, and of pods behind subsets, and a GET for namespaces.
    """
    return ClusterStateReader(reader).read(list(desired), cluster_domain, others)


class ClusterStateReader:
    """Reads, and remembers what it was not allowed to read."""

    # For one exposure, DestinationRules are read only where they probably matter.
    _reads_all_rules = False

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._unknown: dict[str, None] = {}
        self._forbidden: set[str] = set()
        self._partial: set[str] = set()

    def read(self, desired: list[Manifest], cluster_domain: str, others: int) -> ClusterState:
        namespaces = sorted({manifest["metadata"]["namespace"] for manifest in desired})
        gateways = self._everywhere("Gateway", namespaces)
        unknown_gateways = self._add_named(desired, gateways, namespaces)
        virtual_services = self._everywhere("VirtualService", namespaces)
        used = gateways_used(desired, gateways)
        pods = self._pods(used)
        return ClusterState(
            gateways=tuple(gateways),
            virtual_services=tuple(virtual_services),
            unknown_gateways=unknown_gateways,
            are_all_virtual_services="VirtualService" not in self._partial,
            are_all_gateways="Gateway" not in self._partial,
            pods=tuple(pods),
            pods_are_known="Pod" not in self._forbidden,
            gateway_services=tuple(live for name in pods_namespaces(pods) for live in self._find("Service", {}, name)),
            gateway_services_are_known="Service" not in self._forbidden,
            tls_secrets=self._tls_secrets(secrets_named(used, gateways, pods, others)),
            **self._surroundings(desired, virtual_services, pods, cluster_domain),
            **self._certificates([manifest for manifest in desired if manifest["kind"] == "Certificate"]),
            unknown=tuple(self._unknown),
        )

    def _surroundings(
        self,
        exposed: list[Manifest],
        virtual_services: list[Manifest],
        pods: list[Manifest],
        cluster_domain: str,
        ingress_hosts: Iterable[str] = (),
    ) -> dict[str, Any]:
        """The mesh's settings, and what the VirtualServices among the exposed objects send requests to.

        Of Ingresses, what is behind these hosts is read, too.
        """
        istiods = self._find("Deployment", {"app": "istiod"}, None)
        settings = self._settings(istiods, pods)
        ingresses = self._ingresses(settings, pods)
        made = ByHost(
            (entry["spec"]["hosts"][0].lower(), entry)
            for entry in as_virtual_services(ingresses, settings, cluster_domain)
        )
        of_ingresses = [entry for host in ingress_hosts for _name, entry in made.meeting(host)]
        roots = [entry for entry in exposed if entry["kind"] == "VirtualService"]
        targets = all_targets([*roots, *_delegates(roots, virtual_services), *of_ingresses], cluster_domain)
        services = self._services(targets, cluster_domain)
        served = {at: live for at, live in services.items() if live is not None}
        namespaces = {entry["metadata"]["namespace"] for entry in exposed} | {at.namespace for at in served}
        slices = self._endpoint_slices(served)
        empty = [at for at, found in slices.items() if not has_endpoints(found)]
        is_empty = any(slices[at] or not workload_labels(served[at]) for at in empty)
        entries_matter = any(target.service is None or services.get(target.service) is None for target in targets)
        entries = self._all("ServiceEntry") if entries_matter or is_empty or _externals(served) else ()
        selecting = [entry for entry in entries or () if workload_labels(entry)]
        machines_matter = bool(selecting) or any(slices[at] for at in empty)
        return {
            "settings": settings,
            "services": services,
            "service_entries": entries,
            "workload_entries": self._all("WorkloadEntry") if machines_matter else (),
            "destination_rules": self._all("DestinationRule")
            if self._reads_all_rules or rules_matter(targets, services)
            else None,
            "request_authentications": self._all("RequestAuthentication") if any(map(asks_for_claims, roots)) else None,
            "back_end_pods": self._back_end_pods(targets, served, selecting),
            "endpoint_slices": slices,
            "ingresses": ingresses,
            "namespace_labels": self._namespace_labels(namespaces) if settings.discovery_selectors else {},
            "scoped_to_namespace": bool(istiods)
            and all(_environment(live).get(_SCOPE, "").lower() == "true" for live in istiods),
        }

    def _everywhere(self, kind: str, namespaces: list[str]) -> list[Manifest]:
        """In the whole cluster, or in the exposures' namespaces."""
        try:
            return find_if_known(self._reader, kind, {})
        except ForbiddenError:
            self._partial.add(kind)
            self._add_unknown(f"{plural(kind)} of other namespaces", "whether they conflict with the exposure")
        return [live for namespace in namespaces for live in self._find(kind, {}, namespace)]

    def _add_named(self, desired: list[Manifest], gateways: list[Manifest], listed: list[str]) -> frozenset[str]:
        """Who may not list the whole cluster may still read what is named. Returns what is not known even so."""
        if "Gateway" not in self._partial:
            return frozenset()
        unknown = set()
        for name in sorted(named_gateways(desired) - {full_name(live) for live in gateways}):
            namespace, _slash, own = name.partition("/")
            if namespace in listed and "Gateway" not in self._forbidden:
                continue
            try:
                live = self._reader.get(Ref("Gateway", namespace, own))
            except (ForbiddenError, UnknownKindError):
                unknown.add(name)
                continue
            gateways += [live] if live else []
        return frozenset(unknown)

    def _find(self, kind: str, labels: Mapping[str, str], namespace: str | None) -> list[Manifest]:
        return self._find_if_allowed(kind, labels, namespace) or []

    def _find_if_allowed(
        self, kind: str, labels: Mapping[str, str], namespace: str | None, consequence: str = ""
    ) -> list[Manifest] | None:
        """None if these credentials may not list them."""
        try:
            return find_if_known(self._reader, kind, labels, namespace)
        except ForbiddenError:
            self._forbidden.add(kind)
            scope = f"of namespace {namespace}" if namespace else "of all namespaces"
            self._add_unknown(f"{plural(kind)} {scope}", consequence or _CONSEQUENCES.get(kind, "what is in them"))
        return None

    def _all(self, kind: str) -> tuple[Manifest, ...] | None:
        found = self._find_if_allowed(kind, {}, None)
        return None if found is None else tuple(found)

    def _pods(self, gateways: list[Manifest]) -> list[Manifest]:
        """The running pods that the Gateways select."""
        selectors = {tuple(sorted((gateway["spec"].get("selector") or {}).items())) for gateway in gateways}
        by_ref: dict[Ref, Manifest] = {}
        for selector in sorted(filter(None, selectors)):
            by_ref.update({ref(pod): pod for pod in self._find("Pod", dict(selector), None) if is_running(pod)})
        return [by_ref[at] for at in sorted(by_ref)]

    def _get(self, at: Ref) -> Manifest | Unknown | None:
        try:
            return self._reader.get(at)
        except (ForbiddenError, UnknownKindError):
            self._add_unknown(self._unknown_object(at), _CONSEQUENCES.get(at.kind, "what is in it"))
            return Unknown()

    def _unknown_object(self, at: Ref) -> str:
        return str(at)

    def _settings(self, istiods: list[Manifest], pods: list[Manifest]) -> MeshSettings:
        """Those of the istiod that the gateway's pods belong to; with several, by the pods' revision."""
        revisions = {(pod["metadata"].get("labels") or {}).get(REVISION) for pod in pods}
        mine = [
            live for live in istiods if (live["metadata"].get("labels") or {}).get(REVISION, "default") in revisions
        ]
        for istiod in (mine or istiods)[:1]:
            live = self._get(settings_at(istiod))
            if live and not isinstance(live, Unknown):
                return parse_settings(live)
        return DEFAULT_SETTINGS

    def _services(self, targets: Iterable[Target], cluster_domain: str) -> dict[Ref, Manifest | None]:
        """The Services that destinations name, and those that they stand for."""
        services: dict[Ref, Manifest | None] = {}
        wanted = [target.service for target in targets if target.service]
        for at in wanted:
            if at in services:
                continue
            live = self._get(at)
            if isinstance(live, Unknown):
                continue
            services[at] = live
            alias = alias_of(live, cluster_domain)
            wanted += [alias] if alias else []
        return services

    def _endpoint_slices(self, services: Mapping[Ref, Manifest]) -> dict[Ref, tuple[Manifest, ...]]:
        found: dict[Ref, tuple[Manifest, ...]] = {}
        for at, service in services.items():
            if not is_external_name(service):
                slices = self._find_if_allowed("EndpointSlice", {_SLICES_OF: at.name}, at.namespace)
                if slices is not None:
                    found[at] = tuple(slices)
        return found

    def _back_end_pods(
        self, targets: Iterable[Target], services: Mapping[Ref, Manifest], entries: Iterable[Manifest]
    ) -> dict[Ref, tuple[Manifest, ...]]:
        """The pods of Services of which a subset is named, and of ServiceEntries that are named."""
        named = {target.service: None for target in targets if target.subset}
        hosts = {target.host for target in targets}
        selecting = [services[at] for at in named if at and at in services]
        selecting += [entry for entry in entries if hosts.intersection(entry["spec"].get("hosts") or [])]
        found: dict[Ref, tuple[Manifest, ...]] = {}
        for entry in selecting:
            labels, at = workload_labels(entry), ref(entry)
            pods = self._find_if_allowed("Pod", labels, at.namespace, _BEHIND) if labels else None
            if pods is not None:
                found[at] = tuple(filter(is_running, pods))
        return found

    def _ingresses(self, settings: MeshSettings, pods: list[Manifest]) -> tuple[Manifest, ...]:
        """They matter only if istiod serves them by these pods."""
        labels = settings.ingress_gateway.items()
        serving = [pod for pod in pods if labels <= (pod["metadata"].get("labels") or {}).items()]
        if settings.ingress_mode == "OFF" or not serving:
            return ()
        ingresses = self._find("Ingress", {}, None)
        classes = self._find("IngressClass", {}, None) if ingresses else []
        return tuple(of_istio(ingresses, classes, settings))

    def _certificates(self, requested: list[Manifest]) -> dict[str, Any]:
        named = dict.fromkeys(filter(None, map(issuer_of, requested)))
        issuers = {at: self._get(at) for at in named}
        # Whoever names a missing one may have meant the other kind.
        for certificate in requested:
            at = issuer_of(certificate)
            if at and issuers.get(at, at) is None:
                namespace = "" if at.kind == "Issuer" else certificate["metadata"]["namespace"]
                other = Ref("ClusterIssuer" if at.kind == "Issuer" else "Issuer", namespace, at.name)
                issuers.setdefault(other, self._get(other))
        namespaces = dict.fromkeys(manifest["metadata"]["namespace"] for manifest in requested)
        return {
            "issuers": {at: live for at, live in issuers.items() if not isinstance(live, Unknown)},
            "certificates": tuple(live for name in namespaces for live in self._find("Certificate", {}, name)),
        }

    def _namespace_labels(self, names: Iterable[str]) -> dict[str, Mapping[str, str]]:
        found = {name: self._get(Ref("Namespace", "", name)) for name in sorted(names)}
        return {
            name: live["metadata"].get("labels") or {}
            for name, live in found.items()
            if live and not isinstance(live, Unknown)
        }

    def _tls_secrets(self, wanted: list[Ref]) -> dict[Ref, TlsSecret | None]:
        if wanted and not HAS_CRYPTOGRAPHY:
            self._unknown["certificates (Python's package cryptography is not installed)"] = None
        secrets: dict[Ref, TlsSecret | None] = {}
        for at in wanted:
            live = self._get(at)
            if not isinstance(live, Unknown):
                secrets[at] = read_tls_secret(live) if live else None
        return secrets

    def _add_unknown(self, what: str, consequence: str) -> None:
        self._unknown[f"{what} ({consequence})"] = None


class Unknown:
    """An object that these credentials may not read."""


_BEHIND = "whether anything is behind Services and subsets"
_CONSEQUENCES = {
    "Pod": "which gateways the selector matches, nor what else they serve",
    "Service": "to which ports of pods its ports lead, or whether it has the port that is asked for",
    "Secret": "whether its certificate is good for the hosts",
    "DestinationRule": "whether the subsets exist, and how the gateway speaks to the Service",
    "ServiceEntry": "whether hosts that are no Services exist",
    "EndpointSlice": _BEHIND,
    "WorkloadEntry": _BEHIND,
    "RequestAuthentication": "whether gateways know claims",
    "Ingress": "whether they have the same hosts",
    "IngressClass": "which Ingresses are Istio's",
    "ConfigMap": "the mesh's settings",
    "Certificate": "whether another one is for the same Secret",
    "Issuer": "whether it can issue the certificate",
    "ClusterIssuer": "whether it can issue the certificate",
    "Namespace": "whether istiod's discoverySelectors leave it out",
    "Deployment": "istiod's settings, such as PILOT_SCOPE_GATEWAY_TO_NAMESPACE",
}


def named_gateways(manifests: Iterable[Manifest]) -> set[str]:
    """The Gateways (namespace/name) that VirtualServices among the manifests name."""
    virtual_services = [manifest for manifest in manifests if manifest["kind"] == "VirtualService"]
    return {name for entry in virtual_services for name in (*gateway_names(entry), *matched_gateways(entry))}


def gateways_used(desired: list[Manifest], live: list[Manifest]) -> list[Manifest]:
    """The Gateways among the given manifests, and those that their VirtualServices name."""
    own = {full_name(manifest): manifest for manifest in desired if manifest["kind"] == "Gateway"}
    named = named_gateways(desired) - own.keys()
    return [*own.values(), *(gateway for gateway in live if full_name(gateway) in named)]


def _externals(services: Mapping[Ref, Manifest]) -> bool:
    return any(is_external_name(service) for service in services.values())


def _delegates(roots: list[Manifest], virtual_services: list[Manifest]) -> list[Manifest]:
    """The VirtualServices to which these delegate routes."""
    names = {delegation.name for entry in roots for delegation in delegations(entry)}
    return [entry for entry in virtual_services if full_name(entry) in names] if names else []


def _environment(deployment: Manifest) -> dict[str, str]:
    containers = deployment.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or []
    return {entry["name"]: entry.get("value", "") for container in containers for entry in container.get("env") or []}
