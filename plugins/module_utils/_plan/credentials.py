# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What an exposure has where its gateway's pods are, and Istio looks up Secrets: a Certificate and the clients' CA."""

from __future__ import annotations

from collections.abc import Mapping

from .._kubernetes.client import FORBIDDEN, ClusterError
from .._kubernetes.objects import (
    CLIENT_CA,
    PODS_NAMESPACE,
    Manifest,
    Ref,
    owner,
    ownership_labels,
    ref,
)
from .._kubernetes.reader import Reader
from .._manifests.exposure import CLIENT_CA_KEY
from .._manifests.shared_gateway import contribution_of, is_shared
from .._options.exposure import Exposure, OwnGateway
from .._task import Task

_KINDS = {"Certificate": "certificates.cert-manager.io", "Secret": "secrets"}
_ENDED = ("Succeeded", "Failed")


def find_pods_namespace(task: Task, reader: Reader, exposure: Exposure) -> str | None:
    """The namespace of the gateway's pods, if the exposure needs it; None if a check run cannot know it yet."""
    gateway = exposure.gateway
    if not isinstance(gateway, OwnGateway) or not exposure.needs_pods_namespace:
        return None
    if gateway.pods_namespace:
        return gateway.pods_namespace
    try:
        found = pods_namespaces(reader, gateway.selector)
    except ClusterError as error:
        if error.status != FORBIDDEN:
            raise
        raise ClusterError(
            "gateway.pods_namespace: these credentials may not list pods in all namespaces, so say here in which "
            "namespace the gateway's pods are."
        ) from error
    if len(found) > 1:
        raise ClusterError(
            f"gateway.selector: it matches pods in the namespaces {' and '.join(sorted(found))}, and a certificate is "
            "only in one; add labels to it, or say with gateway.pods_namespace which one you mean."
        )
    # A gateway that is scaled to zero keeps its certificate.
    return found.pop() if found else _remembered(task, reader, exposure, gateway)


def pods_namespaces(reader: Reader, selector: Mapping[str, str]) -> set[str]:
    """Where pods with these labels run."""
    pods = reader.find("Pod", selector)
    return {pod["metadata"]["namespace"] for pod in pods if pod.get("status", {}).get("phase") not in _ENDED}


def _remembered(task: Task, reader: Reader, exposure: Exposure, gateway: OwnGateway) -> str | None:
    try:
        live = reader.get(Ref("Gateway", gateway.namespace, gateway.name))
    except ClusterError as error:
        if not error.kind_is_unknown:
            raise
        live = None
    namespace = places(live, (exposure.namespace, exposure.name)).get(PODS_NAMESPACE) if live else None
    if namespace:
        return namespace
    labels = ", ".join(f"{key}={value}" for key, value in gateway.selector.items())
    unknown = (
        f"gateway.selector: no pod has the labels {labels}, so it is not known in which namespace Istio looks up the "
        "certificate; install the gateway first, correct the labels, or set gateway.pods_namespace."
    )
    if not task.check_mode:
        raise ClusterError(unknown)
    task.warn(unknown)  # an earlier task may install it, which in check mode it does not
    return None


def places(gateway: Manifest, key: tuple[str, str]) -> Mapping[str, str]:
    """Where the exposure's credentials are (PODS_NAMESPACE, CLIENT_CA): said by its own Gateway or a shared one."""
    if is_shared(gateway):
        contribution = contribution_of(gateway, key)
        return contribution.credentials if contribution else {}
    return (gateway["metadata"].get("annotations") or {}) if owner(gateway) == key else {}


def own_credentials(
    task: Task,
    reader: Reader,
    key: tuple[str, str],
    put: list[Mapping[str, str]],
    wanted: list[Ref],
) -> dict[Ref, Manifest]:
    """What there is of the exposure's Certificates and Secrets, and what has the wanted names.

    put says where its credentials were put, by the Gateways as they are now, see places().
    """
    known = {gateway.get(PODS_NAMESPACE) for gateway in put} | {at.namespace for at in wanted}
    namespaces = sorted(namespace for namespace in known if namespace)
    found = {ref(live): live for live in _certificates(reader, ownership_labels(*key), namespaces)}
    # Secrets are read by name: nobody should need the right to list them.
    secrets = [gateway.get(CLIENT_CA) for gateway in put]
    named = [Ref("Secret", *name.split("/", 1)) for name in secrets if name and "/" in name]
    for at in dict.fromkeys([*wanted, *named]):
        live = found.get(at) or _get(task, reader, at)
        if live is not None:
            found[at] = live
    return found


def _certificates(reader: Reader, labels: dict[str, str], namespaces: list[str]) -> list[Manifest]:
    """In the whole cluster, or where the caller may read; without cert-manager there are none."""
    found = _list(reader, labels, None)
    if found is not None:
        return found
    return [live for namespace in namespaces for live in _list(reader, labels, namespace) or []]


def _list(reader: Reader, labels: dict[str, str], namespace: str | None) -> list[Manifest] | None:
    try:
        return reader.find("Certificate", labels, namespace)
    except ClusterError as error:
        if error.kind_is_unknown:
            return []
        if error.status != FORBIDDEN:
            raise
        return None


def _get(task: Task, reader: Reader, at: Ref) -> Manifest | None:
    try:
        return reader.get(at)
    except ClusterError as error:
        if error.kind_is_unknown and task.check_mode:
            return None  # an earlier task may install cert-manager, which in check mode it does not
        raise ClusterError(f"{at}: {explained(at, error)}", error.status, error.resource) from error


def explained(at: Ref, error: ClusterError) -> ClusterError:
    """The error; if it is about missing rights beside the gateway's pods, then with what is needed there."""
    if error.status != FORBIDDEN or at.kind not in _KINDS or error.by_webhook:
        return error
    return ClusterError(
        f"these credentials lack rights in namespace {at.namespace}, where the gateway's pods are and Istio looks up "
        f"Secrets: they need get, create, patch and delete on {_KINDS[at.kind]} there (the API server: {error}).",
        error.status,
        error.resource,
    )


def check_given_client_ca(
    task: Task, reader: Reader, key: tuple[str, str], exposure: Exposure, namespace: str | None
) -> None:
    """Refuses tls.mode=mutual without the Secret of the clients' CA: Istio would trust another CA, or serve nobody."""
    tls = exposure.tls
    if namespace is None or not tls.asks_for_client_certificates or tls.client_ca:
        return
    at = Ref("Secret", namespace, tls.client_ca_secret)
    try:
        live = reader.get(at)
    except ClusterError as error:
        if error.status != FORBIDDEN:
            raise
        task.warn(f"{at} may not be read with these credentials, so it is not known whether it holds the clients' CA.")
        return
    if live is not None and owner(live) == key:
        raise ClusterError(
            f"tls.client_ca: {at} was made by this exposure and goes with this option, and then no client could be "
            "verified; keep the option."
        )
    if live is not None and set(live.get("data") or {}) & {CLIENT_CA_KEY, "cacert"}:
        return
    missing = (
        f"tls.client_ca: tls.mode={tls.mode} takes the clients' CA from {at} with the key {CLIENT_CA_KEY}, which "
        f"{'does not exist' if live is None else 'has no such key'}; give the CA's certificate with tls.client_ca.pem, "
        "or create that Secret first."
    )
    if not task.check_mode:
        raise ClusterError(missing)
    task.warn(missing)  # an earlier task may make it, which in check mode it does not
