# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Which namespaces see an object. Pure.

Without exportTo an object is for the namespaces that the mesh's settings say, by default for all; "." is the object's
own namespace, "~" is nobody
(https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._kubernetes.objects import Manifest
from .settings import DEFAULT_SETTINGS, MeshSettings

# Services have no field for it, but this annotation.
EXPORT_TO = "networking.istio.io/exportTo"


def is_exported(export_to: Iterable[str], own_namespace: str, namespace: str | None) -> bool:
    """Whether istiod gives an object with this exportTo to a namespace (None: not known, then only "~" is a no)."""
    values = set(export_to) or {"*"}
    if "*" in values:
        return True
    if namespace is None:
        return "~" not in values
    return namespace in {own_namespace if value == "." else value for value in values}


def export_to_of(virtual_service: Manifest, settings: MeshSettings = DEFAULT_SETTINGS) -> tuple[str, ...]:
    """For whom a VirtualService is."""
    return tuple(virtual_service["spec"].get("exportTo") or settings.virtual_services_for)


def is_visible(virtual_service: Manifest, namespace: str | None, settings: MeshSettings = DEFAULT_SETTINGS) -> bool:
    """Whether pods of the namespace (None: not known) get a VirtualService."""
    return is_exported(export_to_of(virtual_service, settings), virtual_service["metadata"]["namespace"], namespace)


def service_export_to(service: Manifest, settings: MeshSettings = DEFAULT_SETTINGS) -> tuple[str, ...]:
    """For whom a Service is, or a ServiceEntry."""
    if service["kind"] == "Service":
        annotation = (service["metadata"].get("annotations") or {}).get(EXPORT_TO) or ""
        names = tuple(name.strip() for name in annotation.split(",") if name.strip())
    else:
        names = tuple(service["spec"].get("exportTo") or ())
    return names or settings.services_for


def is_service_visible(service: Manifest, namespace: str | None, settings: MeshSettings = DEFAULT_SETTINGS) -> bool:
    """Whether pods of the namespace (None: not known) can reach a Service or ServiceEntry."""
    return is_exported(service_export_to(service, settings), service["metadata"]["namespace"], namespace)


def is_discovered(labels: Mapping[str, str], settings: MeshSettings) -> bool:
    """Whether istiod knows the Services of a namespace with these labels."""
    selectors = settings.discovery_selectors
    return not selectors or any(_selects(selector, labels) for selector in selectors)


def _selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    wanted = selector.get("matchLabels") or {}
    return wanted.items() <= labels.items() and all(
        _fulfils(condition, labels) for condition in selector.get("matchExpressions") or []
    )


def _fulfils(condition: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """One condition of a label selector, see
    https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#resources-that-support-set-based-requirements.
    """
    key, values = condition.get("key"), condition.get("values") or []
    operator = condition.get("operator")
    if operator in ("Exists", "DoesNotExist"):
        return (key in labels) is (operator == "Exists")
    if operator == "In":
        return labels.get(str(key)) in values
    return operator == "NotIn" and labels.get(str(key)) not in values
