# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Whether the gateway sees a VirtualService that is not exported to all namespaces."""

from __future__ import annotations

from .._istio.workloads import pods_namespaces
from .._kubernetes.errors import ForbiddenError
from .._kubernetes.objects import Ref
from .._kubernetes.reader import Reader
from .._mesh.visibility import is_exported
from .._options.exposure import Exposure, OwnGateway
from .._options.values import OptionError
from .._task import Task
from .live import LiveObjects


def check_export_to(task: Task, reader: Reader, exposure: Exposure, live: LiveObjects) -> None:
    """Refuses export_to without the namespace of the gateway's pods: istiod would not give them the VirtualService."""
    if not exposure.export_to or "*" in exposure.export_to:
        return
    try:
        namespaces = _gateway_namespaces(reader, exposure, live)
    except ForbiddenError:
        task.warn(
            "export_to: these credentials may not list pods in all namespaces, so it is not known whether the gateway "
            "is in one of these; name the namespace of its pods."
        )
        return
    for namespace in namespaces:
        if not is_exported(exposure.export_to, exposure.namespace, namespace):
            raise OptionError(
                f"export_to: the gateway's pods are in namespace {namespace}, which would not see the VirtualService, "
                f"and the answer would be 404; add {namespace}."
            )


def _gateway_namespaces(reader: Reader, exposure: Exposure, live: LiveObjects) -> list[str]:
    """The namespaces of the gateway's pods, as far as known: none may run yet."""
    gateway = exposure.gateway
    if isinstance(gateway, OwnGateway):
        if gateway.pods_namespace:
            return [gateway.pods_namespace]
        selector = gateway.selector
    else:
        existing = live.by_ref.get(Ref("Gateway", gateway.namespace, gateway.name))
        selector = (existing["spec"].get("selector") or {}) if existing else {}
    return pods_namespaces(reader.find("Pod", selector)) if selector else []
