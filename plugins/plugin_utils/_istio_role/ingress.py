# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Role istio: which gateway serves Ingress objects, as values of the chart istiod. Pure.

istiod turns each Ingress of its class into a Gateway with the selector `istio: <meshConfig.ingressSelector>`. For the
Ingress' status it takes the addresses of the Service `meshConfig.ingressService` in the namespace istio-system, even
if istiod itself is in another one (its environment variable K8S_INGRESS_NS). If neither is set, the selector is
`istio: ingressgateway`; if only ingressService is set, its value is the selector, too.
Source: Istio 1.31, pilot/pkg/config/kube/ingress.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

Object = Mapping[str, Any]

SELECTOR, SERVICE = "ingressSelector", "ingressService"
# istiod reads its mesh configuration as JSON of protobuf, which takes both spellings, but not both at once.
_USERS = (SELECTOR, SERVICE, "ingress_selector", "ingress_service")
# What is in the ConfigMap that this variable names has a lower precedence than the chart's values.
_MESH_CONFIG_ELSEWHERE = "SHARED_MESH_CONFIG"


def ingress_values(desired: Object, workloads: Iterable[Object], config_maps: Iterable[Object]) -> dict[str, Any]:
    """The values {meshConfig: {ingressSelector, ingressService}} for the chart istiod, or {} to leave them as they are.

    `desired` is what istio_releases() returned; `workloads` are the live ones with the label `istio`; `config_maps` has
    the live ConfigMap with istiod's mesh configuration, if there is one.
    """
    istiod = next(release for release in desired["releases"] if release["chart"] == "istiod")
    if _user_decides(desired["release_values"][f"{istiod['namespace']}/{istiod['name']}"]):
        return {}
    settings = _kept(desired, workloads, config_maps) or _first_public(desired["gateways"])
    return {"meshConfig": settings} if settings else {}


def _mapping(value: Any) -> Object:
    return value if isinstance(value, Mapping) else {}


def _user_decides(values: Object) -> bool:
    """The chart also takes all of its values below `pilot`."""
    return any(
        any(name in _mapping(part.get("meshConfig")) for name in _USERS)
        or _MESH_CONFIG_ELSEWHERE in _mapping(part.get("env"))
        for part in (values, _mapping(values.get("pilot")))
    )


def _kept(desired: Object, workloads: Iterable[Object], config_maps: Iterable[Object]) -> dict[str, str]:
    """What istiod has now, if that selects a live gateway which this run's list does not mention."""
    mesh = _mesh(config_maps)
    selector = mesh.get(SELECTOR) or mesh.get(SERVICE)
    listed = {(gateway["namespace"], gateway["workload"]) for gateway in desired["gateways"]}
    selected = {
        (workload["metadata"]["namespace"], workload["metadata"]["name"])
        for workload in workloads
        if selector and is_gateway(workload) and (template(workload).get("labels") or {}).get("istio") == selector
    }
    if not selected or selected & listed:
        return {}
    return {name: str(mesh[name]) for name in (SELECTOR, SERVICE) if mesh.get(name)}


def _mesh(config_maps: Iterable[Object]) -> Object:
    texts = [(config_map.get("data") or {}).get("mesh") or "" for config_map in config_maps]
    try:
        return _mapping(yaml.safe_load("".join(texts[:1])))
    except yaml.YAMLError:
        return {}


def _first_public(gateways: Iterable[Object]) -> dict[str, str]:
    """HTTP-01 and plain Ingress objects are requested at port 80, which an east-west gateway lacks, for one."""
    for gateway in gateways:
        ports = [str(port.get("port")) for port in gateway["ports"]]
        if gateway["state"] == "present" and gateway["visibility"] == "public" and "80" in ports:
            return {SELECTOR: gateway["selector"]["istio"], SERVICE: gateway["workload"]}
    return {}


def template(workload: Object) -> Object:
    """The metadata of the workload's pods."""
    return workload["spec"]["template"].get("metadata") or {}


def is_gateway(workload: Object) -> bool:
    """Every release of the gateway chart has this annotation, for the injector."""
    return (template(workload).get("annotations") or {}).get("inject.istio.io/templates") == "gateway"
