# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""One look at everything that a task of istio_exposure_info tells of: a LIST for each kind, whatever the exposures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from .._istio.cluster_state import (
    Look,
    NotKnown,
    Surroundings,
)
from .._istio.references import (
    full_name,
    gateway_names,
    secrets_named,
    selects,
    services_named,
)
from .._kubernetes.client import FORBIDDEN, Cluster, ClusterError
from .._kubernetes.objects import (
    FIELD_MANAGER,
    MANAGED_BY,
    Manifest,
    Ref,
    owner,
    ref,
)
from .._options.exposure import Exposure, OwnGateway
from .._options.info import Asked
from .._options.values import OptionError

_OTHERS = 10
_BAD_REQUEST = 400


@dataclass(frozen=True)
class Seen:
    """What there is. selected are the VirtualServices that pass the filters.

    rest is what exposures have besides: DestinationRules, Certificates, Secrets of clients' CAs. It is read only to
    compare. unreadable names kinds, and single Secrets, that may not be read (at least somewhere).
    """

    around: Surroundings
    selected: tuple[Manifest, ...] = ()
    rest: Mapping[Ref, Manifest] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()


def look_at_all(cluster: Cluster, asked: Asked) -> Seen:
    """The requests: one LIST each of VirtualServices, Gateways, Services and istiod's Deployment, one of pods for each
    different selector, and one GET for each Secret that a server names.

    To compare, one LIST each of DestinationRules and Certificates, and one GET for each Secret with a clients' CA.
    """
    return _LookAtAll(cluster).seen(asked)


def is_managed(virtual_service: Manifest) -> bool:
    """Whether it is an exposure's, and no copy of one."""
    at = ref(virtual_service)
    return owner(virtual_service) == (at.namespace, at.name)


def passing(virtual_services: Iterable[Manifest], asked: Asked, labelled: set[Ref] | None) -> list[Manifest]:
    """The exposures that are asked for; labelled are those with the labels (None: no matter)."""
    return [
        live
        for live in virtual_services
        if (is_managed(live) or (asked.include_foreign and gateway_names(live)))
        and (labelled is None or ref(live) in labelled)
        and asked.takes(live["metadata"]["namespace"], live["metadata"]["name"], live["spec"].get("hosts") or [])
    ]


class _LookAtAll(Look):
    def seen(self, asked: Asked) -> Seen:
        virtual_services = self._here(asked, lambda at: self._cluster.find("VirtualService", {}, at))
        selected = passing(virtual_services, asked, self._labelled(asked))
        names = {name for live in selected for name in gateway_names(live)}
        near = {name.partition("/")[0] for name in names} | ({asked.namespace} if asked.namespace else set())
        gateways = self._everywhere("Gateway", sorted(near))
        used = [live for live in gateways if full_name(live) in names]
        wanted = [{"spec": {"selector": own.selector}} for _exposure, own in _own_gateways(asked.desired or ())]
        pods = self._pods([*used, *wanted])
        targets = services_named(selected, asked.cluster_domain)
        services = self._services({pod["metadata"]["namespace"] for pod in pods} | {at.namespace for at in targets})
        by_ref = {ref(live): live for found in services.values() for live in found or []}
        near_pods = {pod["metadata"]["namespace"] for pod in pods}
        with_findings = asked.levels is not None
        around = Surroundings(
            gateways=tuple(gateways),
            virtual_services=tuple(virtual_services),
            pods=tuple(pods),
            pods_are_known="Pod" not in self._forbidden,
            gateway_services=tuple(live for live in by_ref.values() if live["metadata"]["namespace"] in near_pods),
            services={at: by_ref.get(at) for at in targets if services.get(at.namespace) is not None},
            destination_rules=self._destination_rules(selected) if with_findings else None,
            credentials=self._credentials(secrets_named(used, gateways, pods, _OTHERS if with_findings else 0)),
            scoped_to_namespace=with_findings and self._scoped(),
        )
        rest = self._rest(asked.desired, pods) if asked.desired is not None else {}
        return Seen(self._and_unknown(around), tuple(selected), rest, frozenset(self._forbidden))

    def _and_unknown(self, around: Surroundings) -> Surroundings:
        return Surroundings(**{**vars(around), "unknown": tuple(self._unknown)})

    def _here(self, asked: Asked, find: Callable[[str | None], list[Manifest]]) -> list[Manifest]:
        """In the whole cluster, or in the namespace that the task names, if that is all that may be read."""
        try:
            return find(None)
        except ClusterError as error:
            if error.status != FORBIDDEN:
                raise
            if asked.namespace is None:
                raise ClusterError(
                    "namespace: these credentials may not list VirtualServices in all namespaces; give one in which "
                    f"they may (the API server: {error})."
                ) from error
        self._not_known("VirtualServices of other namespaces", "whether they get in the way")
        return find(asked.namespace)

    def _labelled(self, asked: Asked) -> set[Ref] | None:
        """The API server knows best what a selector means."""
        selectors = asked.label_selectors
        if not selectors:
            return None
        try:
            found = self._here(asked, lambda at: self._cluster.find("VirtualService", {}, at, selectors))
        except ClusterError as error:
            if error.status != _BAD_REQUEST:
                raise
            raise OptionError(f"label_selectors: {error}") from error
        return {ref(live) for live in found}

    def _said(self, at: Ref) -> str:
        """There may be hundreds of Secrets."""
        return f"{at.kind}s of namespace {at.namespace}"

    def _services(self, namespaces: set[str]) -> dict[str, list[Manifest] | None]:
        """By namespace; None where they may not be read."""
        try:
            everywhere = self._cluster.find("Service", {})
        except ClusterError as error:
            if error.status != FORBIDDEN:
                raise
            return {name: self._readable("Service", {}, name) for name in sorted(namespaces)}
        found: dict[str, list[Manifest] | None] = {name: [] for name in namespaces}
        for live in everywhere:
            there = found.get(live["metadata"]["namespace"])
            if there is not None:
                there.append(live)
        return found

    def _rest(self, desired: tuple[Exposure, ...], pods: list[Manifest]) -> dict[Ref, Manifest]:
        ours = {MANAGED_BY: FIELD_MANAGER}
        found = [*self._find("DestinationRule", ours, None), *self._find("Certificate", ours, None)]
        secrets = {
            Ref("Secret", namespace, exposure.tls.client_ca_secret)
            for exposure, own in _own_gateways(desired)
            for namespace in pods_namespaces(own.selector, pods)
            if exposure.tls.client_ca
        }
        for at in sorted(secrets):
            live = self._get(at)
            if isinstance(live, NotKnown):
                self._forbidden.add(str(at))
            elif live:
                found.append(live)
        return {ref(live): live for live in found}


def pods_namespaces(selector: Mapping[str, str], pods: Iterable[Manifest]) -> list[str]:
    """Where the pods are that a selector matches."""
    return sorted({pod["metadata"]["namespace"] for pod in pods if selects(selector, pod["metadata"].get("labels"))})


def _own_gateways(desired: Iterable[Exposure]) -> list[tuple[Exposure, OwnGateway]]:
    return [(one, one.gateway) for one in desired if isinstance(one.gateway, OwnGateway)]
