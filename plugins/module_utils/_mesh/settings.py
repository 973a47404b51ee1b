# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The mesh's own settings, as far as they decide what gateways serve. Pure.

istiod reads them from the key `mesh` of a ConfigMap in its namespace: `istio`, or `istio-<revision>`
(https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._kubernetes.objects import Manifest, Ref

REVISION = "istio.io/rev"
_ALL = ("*",)


@dataclass(frozen=True)
class MeshSettings:
    """The defaults are Istio's own.

    The three tuples say who sees objects that have no exportTo. Without discovery_selectors, each a Kubernetes label
    selector, istiod knows the Services of all namespaces.
    """

    root_namespace: str = "istio-system"
    virtual_services_for: tuple[str, ...] = _ALL
    services_for: tuple[str, ...] = _ALL
    destination_rules_for: tuple[str, ...] = _ALL
    discovery_selectors: tuple[Mapping[str, Any], ...] = ()
    ingress_mode: str = "STRICT"
    ingress_class: str = "istio"
    ingress_selector: str = ""
    ingress_service: str = "istio-ingressgateway"

    @property
    def ingress_gateway(self) -> dict[str, str]:
        """The labels of the gateway's pods that serve Ingresses."""
        if self.ingress_selector:
            return {"istio": self.ingress_selector}
        name = self.ingress_service
        return {"istio": "ingressgateway" if name in ("", "istio-ingressgateway") else name}


DEFAULT_SETTINGS = MeshSettings()


def revision_of(istiod: Manifest) -> str:
    """The revision of an istiod (its Deployment)."""
    return str((istiod["metadata"].get("labels") or {}).get(REVISION, "default"))


def settings_at(istiod: Manifest) -> Ref:
    """The ConfigMap that an istiod (its Deployment) reads."""
    revision = revision_of(istiod)
    name = "istio" if revision == "default" else f"istio-{revision}"
    return Ref("ConfigMap", istiod["metadata"]["namespace"], name)


def parse_settings(config_map: Manifest) -> MeshSettings:
    """What the ConfigMap says; what istiod would not understand is left at its default."""
    import yaml  # noqa: PLC0415  (slow to import, and not always needed; the Kubernetes client depends on it)

    try:
        mesh = yaml.safe_load((config_map.get("data") or {}).get("mesh") or "")
    except yaml.YAMLError:
        mesh = None
    given = mesh if isinstance(mesh, dict) else {}
    default = DEFAULT_SETTINGS
    selectors = given.get("discoverySelectors")
    return MeshSettings(
        root_namespace=_text(given, "rootNamespace", config_map["metadata"]["namespace"]),
        virtual_services_for=_names(given, "defaultVirtualServiceExportTo"),
        services_for=_names(given, "defaultServiceExportTo"),
        destination_rules_for=_names(given, "defaultDestinationRuleExportTo"),
        discovery_selectors=tuple(entry for entry in selectors if isinstance(entry, dict))
        if isinstance(selectors, list)
        else (),
        ingress_mode=_text(given, "ingressControllerMode", default.ingress_mode),
        ingress_class=_text(given, "ingressClass", default.ingress_class),
        ingress_selector=_text(given, "ingressSelector", default.ingress_selector),
        ingress_service=_text(given, "ingressService", default.ingress_service),
    )


def _text(given: Mapping[str, Any], key: str, default: str) -> str:
    value = given.get(key)
    return str(value) if value else default


def _names(given: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = given.get(key)
    return tuple(str(name) for name in value) if isinstance(value, list) and value else _ALL
