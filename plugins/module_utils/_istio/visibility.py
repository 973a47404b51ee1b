# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Which namespaces see a VirtualService. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from .._kubernetes.objects import Manifest


def is_exported(export_to: Iterable[str], own_namespace: str, namespace: str | None) -> bool:
    """Whether istiod gives an object with this exportTo to a namespace (None: not known, then only "~" is a no).

    Without exportTo it is for all namespaces, "." is the object's own one, "~" is nobody
    (https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService).
    """
    values = set(export_to) or {"*"}
    if "*" in values:
        return True
    if namespace is None:
        return "~" not in values
    return namespace in {own_namespace if value == "." else value for value in values}


def is_visible(virtual_service: Manifest, namespace: str | None) -> bool:
    """Whether pods of the namespace (None: not known) get a VirtualService."""
    return is_exported(
        virtual_service["spec"].get("exportTo") or (), virtual_service["metadata"]["namespace"], namespace
    )
