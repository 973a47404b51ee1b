# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Whether the gateway sees a VirtualService that is not exported to all namespaces."""

from __future__ import annotations

from collections.abc import Mapping

from .._kubernetes.client import FORBIDDEN, ClusterError
from .._kubernetes.objects import Ref
from .._kubernetes.reader import Reader
from .._options.exposure import Exposure, OwnGateway
from .._options.values import OptionError
from .._task import Task
from .credentials import pods_namespaces
from .live import Picture


def check_it_is_seen(task: Task, reader: Reader, exposure: Exposure, picture: Picture) -> None:
    """Refuses export_to without the namespace of the gateway's pods, by which istiod chooses what a gateway gets."""
    if not exposure.export_to or "*" in exposure.export_to:
        return
    try:
        gateway_namespaces = _pods_namespaces(reader, exposure, picture)
    except ClusterError as error:
        if error.status != FORBIDDEN:
            raise
        task.warn(
            "export_to: these credentials may not list pods in all namespaces, so it is not known whether the gateway "
            "is in one of these; name the namespace of its pods."
        )
        return
    for namespace in sorted(gateway_namespaces):
        if not is_seen(exposure, namespace):
            raise OptionError(
                f"export_to: the gateway's pods are in namespace {namespace}, which would not see the VirtualService, "
                f"and the answer would be 404; add {namespace}."
            )


def is_seen(exposure: Exposure, namespace: str) -> bool:
    """Whether istiod gives the VirtualService to a gateway in this namespace."""
    seen = {exposure.namespace if value == "." else value for value in exposure.export_to}
    return not seen or "*" in seen or namespace in seen


def _pods_namespaces(reader: Reader, exposure: Exposure, picture: Picture) -> set[str]:
    """Where the gateway's pods are, as far as it is known: none may run yet."""
    gateway = exposure.gateway
    selector: Mapping[str, str] = {}
    if isinstance(gateway, OwnGateway):
        if gateway.pods_namespace:
            return {gateway.pods_namespace}
        selector = gateway.selector
    else:
        live = picture.objects.get(Ref("Gateway", gateway.namespace, gateway.name))
        selector = (live["spec"].get("selector") or {}) if live else {}
    return pods_namespaces(reader, selector) if selector else set()
