# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What one task sees of the cluster before it decides anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from .._kubernetes.client import FORBIDDEN, ClusterError
from .._kubernetes.objects import (
    Manifest,
    Ref,
    owner,
    ownership_labels,
    ref,
)
from .._kubernetes.reader import Reader
from .._manifests.shared_gateway import (
    SHARED,
    exposures_on,
    is_on,
)
from .._options.exposure import ExistingGateway, Exposure
from .._task import Task
from .credentials import own_credentials, places

# What Istio reads; the rest is in the namespace of the gateway's pods.
_ISTIO = ("Gateway", "DestinationRule", "VirtualService")


@dataclass
class Picture:
    """What one read of the cluster saw that concerns an exposure."""

    objects: dict[Ref, Manifest] = field(default_factory=dict)


def look(
    task: Task, reader: Reader, key: tuple[str, str], exposure: Exposure | None, desired: list[Manifest]
) -> Picture:
    """What the cluster holds of the exposure, what has the names that it wants, and the Gateway that it attaches to."""
    wanted = [ref(manifest) for manifest in desired] or [Ref("VirtualService", *key)]
    objects: dict[Ref, Manifest] = {}
    try:
        objects.update(_istio_objects(reader, key, [at for at in wanted if at.kind in _ISTIO]))
        if exposure and isinstance(exposure.gateway, ExistingGateway):
            objects.update(_existing_gateway(task, reader, key, exposure.gateway))
    except ClusterError as error:
        # Without Istio's CRDs there is nothing to remove; and a check run of a whole site, whose role istio has not
        # installed them either, must be able to go on.
        if not (error.kind_is_unknown and (task.check_mode or exposure is None)):
            raise
    put = [places(live, key) for at, live in objects.items() if at.kind == "Gateway"]
    objects.update(own_credentials(task, reader, key, put, [at for at in wanted if at.kind not in _ISTIO]))
    at = Ref("VirtualService", *key)
    if exposure is None and at in objects and owner(objects[at]) != key:
        task.warn(f"{at} exists but was not made by this module; it is left as it is.")
    return Picture(objects)


def _istio_objects(reader: Reader, key: tuple[str, str], wanted: list[Ref]) -> dict[Ref, Manifest]:
    found = {ref(live): live for live in _objects_of_exposure(reader, key, {at.namespace for at in wanted})}
    for at in wanted:
        live = found.get(at) or reader.get(at)
        if live is not None:
            found[at] = live
    return found


def _objects_of_exposure(reader: Reader, key: tuple[str, str], namespaces: set[str]) -> list[Manifest]:
    """All objects that carry the exposure's labels: in the whole cluster, or where the caller may read."""
    labels = ownership_labels(*key)
    rules = _if_allowed(partial(reader.find, "DestinationRule", labels, key[0]))
    try:
        return rules + reader.find("VirtualService", labels) + _gateways(reader, key, None)
    except ClusterError as error:
        if error.status != FORBIDDEN:
            raise
    virtual_services = reader.find("VirtualService", labels, key[0])
    candidates = sorted({key[0]} | namespaces | _gateway_namespaces(virtual_services))
    gateways = [live for at in candidates for live in _if_allowed(partial(_gateways, reader, key, at))]
    return rules + virtual_services + gateways


def _gateways(reader: Reader, key: tuple[str, str], namespace: str | None) -> list[Manifest]:
    """The exposure's own, and those that it shares."""
    shared = [live for live in reader.find("Gateway", {SHARED: "true"}, namespace) if is_on(live, key)]
    return reader.find("Gateway", ownership_labels(*key), namespace) + shared


def _if_allowed(read: Callable[[], list[Manifest]]) -> list[Manifest]:
    try:
        return read()
    except ClusterError as error:
        if error.status != FORBIDDEN:
            raise
        return []  # who may not even read there has made none there


def _gateway_namespaces(virtual_services: list[Manifest]) -> set[str]:
    names = [name for live in virtual_services for name in live["spec"].get("gateways") or []]
    return {name.partition("/")[0] for name in names if "/" in name}


def _existing_gateway(
    task: Task, reader: Reader, key: tuple[str, str], gateway: ExistingGateway
) -> dict[Ref, Manifest]:
    at = Ref("Gateway", gateway.namespace, gateway.name)
    try:
        live = reader.get(at)
    except ClusterError as error:
        if error.status != FORBIDDEN:
            raise
        task.warn(
            f"{at} may not be read with these credentials, so it is not known whether it exists and what it serves."
        )
        return {}
    if live is None:
        missing = f"gateway.existing: there is no {at}; create it first, or use gateway.selector."
        if not task.check_mode:
            raise ClusterError(missing)
        task.warn(missing)  # an earlier task may make it, which in check mode it does not
        return {}
    if owner(live) == key:
        raise ClusterError(
            f"gateway.existing: {at} is this exposure's own; keep it with gateway.selector, or attach to another one, "
            "and it is removed."
        )
    if is_on(live, key) and exposures_on(live) == ["/".join(key)]:
        raise ClusterError(
            f"gateway.existing: only this exposure is on the shared {at}, which would go with it; keep it with "
            "gateway.shared, or attach to another one."
        )
    return {at: live}
