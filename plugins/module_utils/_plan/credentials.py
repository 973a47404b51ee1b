# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The Certificates and Secrets of an exposure, which lie in the namespace of the gateway's pods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._istio.workloads import pods_namespaces
from .._kubernetes.errors import ClusterError, ForbiddenError, UnknownKindError
from .._kubernetes.objects import (
    CLIENT_CA,
    MANAGED,
    PODS_NAMESPACE,
    ExposureKey,
    Manifest,
    Ref,
    owner,
    ownership_labels,
    ref,
)
from .._kubernetes.reader import Reader, find_if_allowed, find_where_allowed
from .._manifests.shared_gateway import contribution_of, is_shared
from .._options.exposure import Exposure, OwnGateway
from .._task import Task

_RESOURCES = {"Certificate": "certificates.cert-manager.io", "Secret": "secrets"}


def find_pods_namespace(task: Task, reader: Reader, exposure: Exposure) -> str | None:
    """The namespace of the gateway's pods, if the exposure needs it; None if check mode cannot know it yet.

    Raises ClusterError if it is not known, or not a single one.
    """
    gateway = exposure.gateway
    if not isinstance(gateway, OwnGateway) or not exposure.needs_pods_namespace:
        return None
    if gateway.pods_namespace:
        return gateway.pods_namespace
    try:
        namespaces = pods_namespaces(reader.find("Pod", gateway.selector))
    except ForbiddenError as error:
        raise ClusterError(
            "gateway.pods_namespace: these credentials may not list pods in all namespaces, so name the namespace of "
            "the gateway's pods here."
        ) from error
    if len(namespaces) > 1:
        raise ClusterError(
            f"gateway.selector: it matches pods in the namespaces {' and '.join(namespaces)}, and a certificate is in "
            "one namespace only; add labels to it, or name the namespace with gateway.pods_namespace."
        )
    # A gateway that is scaled to zero keeps its certificate.
    return namespaces[0] if namespaces else _recorded_namespace(task, reader, exposure, gateway)


def _recorded_namespace(task: Task, reader: Reader, exposure: Exposure, gateway: OwnGateway) -> str | None:
    """The namespace that the live Gateway records for the exposure's credentials."""
    try:
        live = reader.get(Ref("Gateway", gateway.namespace, gateway.name))
    except UnknownKindError:
        live = None
    namespace = credential_locations(live, exposure.key).get(PODS_NAMESPACE) if live else None
    if namespace:
        return namespace
    labels = ", ".join(f"{key}={value}" for key, value in gateway.selector.items())
    unknown = (
        f"gateway.selector: no pod has the labels {labels}, so it is not known in which namespace Istio looks up the "
        "certificate; install the gateway first, correct the labels, or set gateway.pods_namespace."
    )
    if not task.check_mode:
        raise ClusterError(unknown)
    task.warn(unknown)  # an earlier task may install it, which it does not do in check mode
    return None


def credential_locations(gateway: Manifest, key: ExposureKey) -> Mapping[str, str]:
    """Where the exposure's credentials are, as its own or a shared Gateway records it (PODS_NAMESPACE, CLIENT_CA)."""
    if is_shared(gateway):
        contribution = contribution_of(gateway, key)
        return contribution.credentials if contribution else {}
    return (gateway["metadata"].get("annotations") or {}) if owner(gateway) == key else {}


def read_credentials(
    task: Task, reader: Reader, key: ExposureKey, locations: Iterable[Mapping[str, str]], wanted: list[Ref]
) -> dict[Ref, Manifest]:
    """The exposure's live Certificates and Secrets, and live objects with the wanted names.

    locations are those of its credentials now, one for each Gateway, see credential_locations().
    """
    recorded = list(locations)
    namespaces = {location.get(PODS_NAMESPACE) for location in recorded} | {at.namespace for at in wanted}
    certificates = _certificates(reader, ownership_labels(*key), [name for name in namespaces if name])
    by_ref = {ref(live): live for live in certificates}
    # Secrets are read by name, so that nobody needs the right to list them.
    secrets = [location.get(CLIENT_CA) for location in recorded]
    named = [Ref("Secret", *name.split("/", 1)) for name in secrets if name and "/" in name]
    for at in dict.fromkeys([*wanted, *named]):
        live = by_ref.get(at) or _get(task, reader, at)
        if live is not None:
            by_ref[at] = live
    return by_ref


def forgotten_client_ca(
    task: Task, reader: Reader, key: ExposureKey, locations: Iterable[Mapping[str, str]], is_whole: bool
) -> dict[Ref, Manifest]:
    """The Secret with the clients' CA of an exposure that is removed, where no Gateway records it.

    It is written before the Gateway, and a run that ends between the two leaves it. Only its labels tell whose it is.
    """
    if any(CLIENT_CA in location for location in locations):
        return {}
    # The same question for all exposures of a task, so that it is asked once.
    secrets = find_if_allowed(reader, "Secret", MANAGED)
    if secrets is None and not is_whole:  # no run has come as far as the VirtualService
        task.warn(
            "These credentials may not list Secrets in all namespaces. If a run with tls.client_ca was interrupted, "
            f"its Secret stays beside the gateway's pods, with the labels of exposure {key}: give the right to list "
            "secrets, or remove it by hand."
        )
    return {ref(live): live for live in secrets or [] if owner(live) == key}


def _certificates(reader: Reader, labels: dict[str, str], namespaces: list[str]) -> list[Manifest]:
    """In the whole cluster, or where these credentials may read; without cert-manager there are none."""
    try:
        return find_where_allowed(reader, "Certificate", labels, namespaces)
    except UnknownKindError:
        return []


def _get(task: Task, reader: Reader, at: Ref) -> Manifest | None:
    try:
        return reader.get(at)
    except ClusterError as error:
        if isinstance(error, UnknownKindError) and task.check_mode:
            return None  # an earlier task may install cert-manager, which it does not do in check mode
        raise ClusterError(f"{at}: {with_needed_rights(at, error)}", error.status, error.resource) from error


def with_needed_rights(at: Ref, error: ClusterError) -> ClusterError:
    """The error; if it is about missing rights in the namespace of the gateway's pods, with the rights needed there."""
    if not isinstance(error, ForbiddenError) or at.kind not in _RESOURCES:
        return error
    return ForbiddenError(
        f"these credentials lack rights in namespace {at.namespace}, where the gateway's pods are and Istio looks up "
        f"Secrets: they need get, create, patch and delete on {_RESOURCES[at.kind]} there (the API server: {error}).",
        error.status,
        error.resource,
    )


def check_existing_client_ca(reader: Reader, exposure: Exposure, namespace: str | None) -> None:
    """Refuses to remove the Secret with the clients' CA while tls.mode still asks for one."""
    tls = exposure.tls
    if namespace is None or not tls.asks_for_client_certificates or tls.client_ca:
        return
    at = Ref("Secret", namespace, tls.client_ca_secret)
    try:
        live = reader.get(at)
    except ForbiddenError:
        return
    if live is not None and owner(live) == exposure.key:
        raise ClusterError(
            f"tls.client_ca: {at} belongs to this exposure and would be removed with this option, and then no client "
            "certificate could be verified; keep the option."
        )
