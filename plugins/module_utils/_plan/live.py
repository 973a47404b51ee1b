# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Reads the live objects that concern one exposure, before anything is planned."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._kubernetes.errors import ClusterError, ForbiddenError, UnknownKindError
from .._kubernetes.fields import is_written_by_us
from .._kubernetes.objects import SHARED, ExposureKey, Manifest, Ref, owner, ownership_labels, ref
from .._kubernetes.reader import Reader, find_if_allowed
from .._manifests.shared_gateway import belongs_to, exposures_on, is_on
from .._options.exposure import ExistingGateway, Exposure
from .._task import Task
from .credentials import credential_locations, forgotten_client_ca, read_credentials

# Istio's own kinds; the others lie in the namespace of the gateway's pods.
_ISTIO = ("Gateway", "DestinationRule", "VirtualService")


@dataclass
class LiveObjects:
    """The live objects that concern an exposure, by reference."""

    by_ref: dict[Ref, Manifest] = field(default_factory=dict)


def read_live(
    task: Task, reader: Reader, key: ExposureKey, exposure: Exposure | None, desired: list[Manifest]
) -> LiveObjects:
    """The exposure's own objects, those with the names that it wants, and the existing Gateway that it attaches to.

    Raises ClusterError if a read fails, or if the existing Gateway cannot be attached to.
    """
    wanted = [ref(manifest) for manifest in desired] or [Ref("VirtualService", *key)]
    by_ref: dict[Ref, Manifest] = {}
    unreadable: set[Ref] = set()
    try:
        by_ref.update(_istio_objects(reader, key, [at for at in wanted if at.kind in _ISTIO], unreadable))
        if exposure and isinstance(exposure.gateway, ExistingGateway):
            by_ref.update(_existing_gateway(task, reader, key, exposure.gateway))
    except UnknownKindError:
        # Without Istio's CRDs there is nothing to remove; and check mode for a whole site, in which role istio has not
        # installed them either, must be able to go on.
        if not task.check_mode and exposure is not None:
            raise
    _warn_of_unreadable(task, unreadable, exposure)
    locations = [credential_locations(live, key) for at, live in by_ref.items() if at.kind == "Gateway"]
    by_ref.update(read_credentials(task, reader, key, locations, [at for at in wanted if at.kind not in _ISTIO]))
    at = Ref("VirtualService", *key)
    if exposure is None:
        if at in by_ref and owner(by_ref[at]) != key:
            task.warn(f"{at} exists but is not managed by this collection; it is left as it is.")
        by_ref.update(forgotten_client_ca(task, reader, key, locations, is_whole=at in by_ref))
    own = {at, *_named_gateways([by_ref[at]] if at in by_ref else [])}
    return LiveObjects(_without_copies(task, key, by_ref, {*wanted, *own}))


def _without_copies(task: Task, key: ExposureKey, by_ref: dict[Ref, Manifest], known: set[Ref]) -> dict[Ref, Manifest]:
    """The objects without copies of them, which carry the exposure's labels, too, but were never written by us.

    known: what the exposure wants or names is its own, also if a backup has restored it.
    """
    copies = [
        at for at, live in by_ref.items() if at not in known and belongs_to(live, key) and not is_written_by_us(live)
    ]
    for at in copies:
        task.warn(
            f"{at} has the labels of exposure {key}, but was never written by this collection: it may be a copy. It is "
            "left as it is; remove it by hand if it is not needed."
        )
    return {at: live for at, live in by_ref.items() if at not in copies}


def _warn_of_unreadable(task: Task, unreadable: set[Ref], exposure: Exposure | None) -> None:
    """An unreadable Gateway may be the exposure's own. Once the VirtualService is gone, nothing names it any more."""
    used = Ref("Gateway", exposure.gateway.namespace, exposure.gateway.name) if exposure else None
    for at in sorted(unreadable - {used}):
        task.warn(
            f"These credentials may not read {at}, which the exposure no longer uses. If it is the exposure's own or a "
            "shared one, the exposure's part there is not removed, nor its certificate or Secret: give the rights to "
            f"get, list, patch and delete gateways in namespace {at.namespace} before the task, or remove it by hand."
        )


def _istio_objects(reader: Reader, key: ExposureKey, wanted: list[Ref], unreadable: set[Ref]) -> dict[Ref, Manifest]:
    """The exposure's objects of Istio, and those of the wanted names; adds Gateways that may not be read."""
    namespaces = {at.namespace for at in wanted}
    by_ref = {ref(live): live for live in _labelled_objects(reader, key, namespaces, unreadable)}
    for at in wanted:
        live = by_ref.get(at) or reader.get(at)
        if live is not None:
            by_ref[at] = live
    return by_ref


def _labelled_objects(reader: Reader, key: ExposureKey, namespaces: set[str], unreadable: set[Ref]) -> list[Manifest]:
    """All objects with the exposure's labels: in the whole cluster, or where these credentials may read."""
    labels = ownership_labels(*key)
    rules = find_if_allowed(reader, "DestinationRule", labels, key.namespace) or []
    try:
        return rules + reader.find("VirtualService", labels) + _gateways(reader, key, None)
    except ForbiddenError:
        virtual_services = reader.find("VirtualService", labels, key.namespace)
    named = _named_gateways(virtual_services)
    candidates = sorted({key.namespace} | namespaces | {at.namespace for at in named})
    gateways = [live for name in candidates for live in _gateways_in(reader, key, name, named, unreadable)]
    return rules + virtual_services + gateways


def _gateways(reader: Reader, key: ExposureKey, namespace: str | None) -> list[Manifest]:
    """The exposure's own Gateways, and the shared ones that it is on."""
    shared = [live for live in reader.find("Gateway", {SHARED: "true"}, namespace) if is_on(live, key)]
    return reader.find("Gateway", ownership_labels(*key), namespace) + shared


def _gateways_in(
    reader: Reader, key: ExposureKey, namespace: str, named: list[Ref], unreadable: set[Ref]
) -> list[Manifest]:
    """In one namespace; where Gateways may not be listed, those that the VirtualServices name, if they may be read."""
    try:
        return _gateways(reader, key, namespace)
    except ForbiddenError:
        single = [_gateway_if_allowed(reader, at, unreadable) for at in named if at.namespace == namespace]
    return [live for live in single if live is not None and belongs_to(live, key)]


def _gateway_if_allowed(reader: Reader, at: Ref, unreadable: set[Ref]) -> Manifest | None:
    try:
        return reader.get(at)
    except ForbiddenError:
        unreadable.add(at)
        return None


def _named_gateways(virtual_services: list[Manifest]) -> list[Ref]:
    names = [name for live in virtual_services for name in live["spec"].get("gateways") or []]
    return [Ref("Gateway", *name.split("/", 1)) for name in dict.fromkeys(names) if "/" in name]


def _existing_gateway(task: Task, reader: Reader, key: ExposureKey, gateway: ExistingGateway) -> dict[Ref, Manifest]:
    at = Ref("Gateway", gateway.namespace, gateway.name)
    try:
        live = reader.get(at)
    except ForbiddenError:
        task.warn(f"These credentials may not read {at}, so it is not known whether it exists and what it serves.")
        return {}
    if live is None:
        missing = f"gateway.existing: {at} does not exist; create it first, or use gateway.selector."
        if not task.check_mode:
            raise ClusterError(missing)
        task.warn(missing)  # an earlier task may create it, which it does not do in check mode
        return {}
    if owner(live) == key:
        raise ClusterError(
            f"gateway.existing: {at} is this exposure's own Gateway; keep it with gateway.selector, or attach to "
            "another Gateway, then this one is removed."
        )
    if is_on(live, key) and exposures_on(live) == [str(key)]:
        raise ClusterError(
            f"gateway.existing: this exposure is the only one on the shared {at}, which would be removed with it; keep "
            "it with gateway.shared, or attach to another Gateway."
        )
    return {at: live}
