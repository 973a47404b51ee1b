# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The pods that Gateways select, as workloads: those that serve the same as one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._kubernetes.objects import PODS_NAMESPACE, Manifest
from .cluster_state import Surroundings
from .indexes import ByLabels, BySelector
from .listeners import Workload, age

# Labels in which pods of one Deployment differ, or that say nothing of what they serve.
_OF_NO_ACCOUNT = ("pod-template-hash", "controller-revision-hash", "statefulset.kubernetes.io/pod-name")


@dataclass(frozen=True, eq=False)
class Reached:
    """What a selector matches: pods, those of them that are gateways, and their workloads.

    Workloads of the same key serve the same. Without a pod there is one as if it were there: what the selector says is
    known of it.
    """

    pods: tuple[Manifest, ...]
    gateways: tuple[Manifest, ...]
    workloads: Mapping[str, Workload]
    memory: dict[Any, Any] = field(default_factory=dict, repr=False)


class Workloads:
    """All pods around, and which of them a Gateway reaches. Each different selector is looked up once."""

    def __init__(self, around: Surroundings) -> None:
        self._pods = ByLabels((pod["metadata"].get("labels"), pod) for pod in around.pods)
        services: dict[str, list[Manifest]] = {}
        for service in around.gateway_services:
            if service["spec"].get("selector"):
                services.setdefault(service["metadata"]["namespace"], []).append(service)
        self._services = {
            namespace: BySelector((service["spec"]["selector"], service) for service in found)
            for namespace, found in services.items()
        }
        self._of: dict[tuple[tuple[tuple[str, str], ...], str | None], Reached] = {}

    def of(self, gateway: Manifest) -> Reached:
        selector = gateway["spec"].get("selector") or {}
        said = (gateway["metadata"].get("annotations") or {}).get(PODS_NAMESPACE)
        key = (tuple(selector.items()), said)
        if key not in self._of:
            pods = self._pods.matching(selector)
            gateways = tuple(pod for pod in pods if is_gateway(pod))
            workloads: dict[str, Workload] = {}
            for workload in [self._workload(pod) for pod in gateways] or [Workload(said, selector)]:
                workloads.setdefault(_key(workload), workload)
            self._of[key] = Reached(tuple(pods), gateways, workloads)
        return self._of[key]

    def _workload(self, pod: Manifest) -> Workload:
        namespace, labels = pod["metadata"]["namespace"], pod["metadata"].get("labels") or {}
        services = self._services[namespace].selecting(labels) if namespace in self._services else []
        ports = [
            (port["name"], port["containerPort"])
            for container in pod.get("spec", {}).get("containers") or []
            for port in container.get("ports") or []
            if port.get("name")
        ]
        kept = {key: value for key, value in labels.items() if key not in _OF_NO_ACCOUNT}
        return Workload(namespace, kept, tuple(sorted(services, key=age)), tuple(ports))


def _key(workload: Workload) -> str:
    return repr((workload.namespace, sorted(workload.labels.items())))


def is_gateway(pod: Manifest) -> bool:
    """Whether a pod's proxy is a gateway and not a sidecar, which no Gateway object reaches."""
    spec = pod.get("spec") or {}
    proxies = [
        one
        for one in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
        if one.get("name") == "istio-proxy"
    ]
    return bool(proxies) and not any("sidecar" in (one.get("args") or []) for one in proxies)
