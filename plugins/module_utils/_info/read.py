# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Reads everything that a task of istio_exposure_info reports: one LIST for each kind, however many exposures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from .._istio.cluster_state import ClusterState, ClusterStateReader, Unknown, named_gateways
from .._istio.hosts import without_namespace
from .._istio.references import secrets_named, selects
from .._istio.workloads import pods_namespaces
from .._kubernetes.errors import ClusterError, ForbiddenError
from .._kubernetes.objects import FIELD_MANAGER, MANAGED_BY, Manifest, Ref, owner, plural, ref
from .._kubernetes.reader import Reader
from .._mesh.names import full_name, gateway_names
from .._mesh.settings import DEFAULT_SETTINGS
from .._options.exposure import Exposure, OwnGateway
from .._options.info import InfoRequest
from .._options.values import OptionError
from .trace_routes import by_host, having, sample_host

_OTHER_SECRETS = 10
_BAD_REQUEST = 400


@dataclass(frozen=True)
class LiveExposures:
    """The exposures that pass the filters, by their VirtualServices, and the state of the cluster around them.

    unused_gateways are those that no VirtualService names. other_objects are DestinationRules, Certificates and Secrets
    of clients' CAs of exposures; they are read only to compare with what is desired. unreadable names kinds, and single
    Secrets, that may not be read (at least somewhere).
    """

    state: ClusterState
    selected: tuple[Manifest, ...] = ()
    unused_gateways: tuple[Manifest, ...] = ()
    other_objects: Mapping[Ref, Manifest] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()


def read_exposures(reader: Reader, request: InfoRequest) -> LiveExposures:
    """The requests: one LIST each of VirtualServices, Gateways, Services and istiod's Deployment, one of pods for each
    different selector, and one GET for each Secret that a server names; for findings, what read_cluster_state() reads.

    A trace needs the same of all Gateways and VirtualServices with its host, whoever made them.
    To compare, one LIST each of DestinationRules and Certificates, and one GET for each Secret with a clients' CA.
    Raises OptionError for a label selector that the API server does not accept, and ClusterError.
    """
    return _ExposuresReader(reader).read_all(request)


def is_managed(virtual_service: Manifest) -> bool:
    """Whether it is an exposure's, and not a copy of one."""
    at = ref(virtual_service)
    return owner(virtual_service) == (at.namespace, at.name)


def matching(virtual_services: Iterable[Manifest], request: InfoRequest, labelled: set[Ref] | None) -> list[Manifest]:
    """The exposures that the request is about; labelled are those with its labels (None: it names no labels)."""
    return [
        live
        for live in virtual_services
        if (is_managed(live) or (request.include_foreign and gateway_names(live)))
        and (labelled is None or ref(live) in labelled)
        and request.matches(live["metadata"]["namespace"], live["metadata"]["name"], live["spec"].get("hosts") or [])
    ]


def _unused(gateways: Iterable[Manifest], virtual_services: Iterable[Manifest], request: InfoRequest) -> list[Manifest]:
    """The Gateways, among those that the request is about, that no VirtualService names."""
    names = named_gateways(virtual_services)
    return [
        live
        for live in gateways
        if full_name(live) not in names
        and (request.include_foreign or owner(live))
        and request.matches(live["metadata"]["namespace"], live["metadata"]["name"], hosts_of(live))
    ]


def hosts_of(gateway: Manifest) -> list[str]:
    """The hosts of all servers of a Gateway, each once."""
    servers = gateway["spec"].get("servers") or []
    return list(dict.fromkeys(without_namespace(host) for server in servers for host in server.get("hosts") or []))


def selected_namespaces(selector: Mapping[str, str], pods: Iterable[Manifest]) -> list[str]:
    """The namespaces in which pods run that a selector matches, sorted."""
    return pods_namespaces(pod for pod in pods if selects(selector, pod["metadata"].get("labels")))


def _each_once(objects: list[Manifest]) -> list[Manifest]:
    return list({ref(entry): entry for entry in objects}.values())


class _ExposuresReader(ClusterStateReader):
    _reads_all_rules = True

    def read_all(self, request: InfoRequest) -> LiveExposures:
        virtual_services = self._in_scope(request, lambda at: self._reader.find("VirtualService", {}, at))
        labelled = self._labelled(request)
        selected = matching(virtual_services, request, labelled)
        names = named_gateways(selected)
        namespaces = {name.partition("/")[0] for name in names} | ({request.namespace} if request.namespace else set())
        gateways = self._everywhere("Gateway", sorted(namespaces))
        unknown_gateways = self._add_named(selected, gateways, sorted(namespaces))
        is_whole = "VirtualService" not in self._partial
        unused = _unused(gateways, virtual_services, request) if is_whole and labelled is None else []
        hosts = [asked.host for asked in request.traces]
        if request.trace_hosts:
            hosts += [sample_host(host) for live in selected for host in live["spec"].get("hosts") or []]
        gateways_by_host = by_host(gateways if hosts else ())
        traced = having(gateways_by_host, hosts)
        used = _each_once([*unused, *(live for live in gateways if full_name(live) in names), *traced])
        desired = [{"spec": {"selector": own.selector}} for _exposure, own in _own_gateways(request.desired or ())]
        # A host that no Gateway has may come to any, or be an Ingress's, which istiod serves by these pods.
        anywhere = [*gateways, {"spec": {"selector": DEFAULT_SETTINGS.ingress_gateway}}]
        is_nowhere = not all(map(gateways_by_host.meeting, hosts))
        pods = self._pods([*used, *desired, *(anywhere if is_nowhere else [])])
        near_pods = pods_namespaces(pods)
        with_findings = request.levels is not None or bool(hosts)
        secrets = secrets_named(used, gateways, pods, _OTHER_SECRETS if with_findings else 0)
        with_hosts = having(by_host(virtual_services if hosts else ()), hosts)
        exposed = _each_once([*selected, *unused, *traced, *with_hosts])
        state = ClusterState(
            gateways=tuple(gateways),
            virtual_services=tuple(virtual_services),
            unknown_gateways=unknown_gateways,
            are_all_virtual_services=is_whole,
            are_all_gateways="Gateway" not in self._partial,
            pods=tuple(pods),
            pods_are_known="Pod" not in self._forbidden,
            gateway_services=tuple(live for name in near_pods for live in self._find("Service", {}, name)),
            gateway_services_are_known="Service" not in self._forbidden,
            tls_secrets=self._tls_secrets(secrets),
            **(
                self._surroundings(exposed, virtual_services, pods, request.cluster_domain, hosts)
                if with_findings
                else {}
            ),
        )
        others = self._other_objects(request.desired, pods) if request.desired is not None else {}
        state = replace(state, unknown=tuple(self._unknown))
        return LiveExposures(state, tuple(selected), tuple(unused), others, frozenset(self._forbidden))

    def _in_scope(self, request: InfoRequest, find: Callable[[str | None], list[Manifest]]) -> list[Manifest]:
        """In the whole cluster or, with credentials for less, in the namespace that the task names."""
        try:
            return find(None)
        except ForbiddenError as error:
            if request.namespace is None:
                raise ClusterError(
                    "namespace: these credentials may not list VirtualServices in all namespaces; give one in which "
                    f"they may (the API server: {error})."
                ) from error
        self._partial.add("VirtualService")
        self._add_unknown("VirtualServices of other namespaces", "whether they conflict with the exposure")
        return find(request.namespace)

    def _labelled(self, request: InfoRequest) -> set[Ref] | None:
        """What the label selectors match, by the API server's own rules; None without label selectors."""
        selectors = request.label_selectors
        if not selectors:
            return None
        try:
            matched = self._in_scope(request, lambda at: self._reader.find("VirtualService", {}, at, selectors))
        except ClusterError as error:
            if error.status != _BAD_REQUEST:
                raise
            raise OptionError(f"label_selectors: {error}") from error
        return {ref(live) for live in matched}

    def _unknown_object(self, at: Ref) -> str:
        """By namespace only: there may be hundreds of Secrets."""
        return f"{plural(at.kind)} of namespace {at.namespace}"

    def _other_objects(self, desired: tuple[Exposure, ...], pods: list[Manifest]) -> dict[Ref, Manifest]:
        managed = {MANAGED_BY: FIELD_MANAGER}
        objects = [*self._find("DestinationRule", managed, None), *self._find("Certificate", managed, None)]
        secrets = {
            Ref("Secret", namespace, exposure.tls.client_ca_secret)
            for exposure, own in _own_gateways(desired)
            for namespace in selected_namespaces(own.selector, pods)
            if exposure.tls.client_ca
        }
        for at in sorted(secrets):
            live = self._get(at)
            if isinstance(live, Unknown):
                self._forbidden.add(str(at))
            elif live:
                objects.append(live)
        return {ref(live): live for live in objects}


def _own_gateways(desired: Iterable[Exposure]) -> list[tuple[Exposure, OwnGateway]]:
    return [(exposure, exposure.gateway) for exposure in desired if isinstance(exposure.gateway, OwnGateway)]
