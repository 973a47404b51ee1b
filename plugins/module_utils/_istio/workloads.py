# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The pods that Gateways select, as workloads: those that serve the same as one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._kubernetes.objects import PODS_NAMESPACE, Manifest
from .indexes import ByLabels, BySelector
from .listeners import Workload, age

_ENDED = ("Succeeded", "Failed")
# Labels in which pods of one Deployment differ, or that say nothing of what they serve.
_IGNORED_LABELS = ("pod-template-hash", "controller-revision-hash", "statefulset.kubernetes.io/pod-name")


@dataclass(frozen=True, eq=False)
class SelectedPods:
    """What a selector matches: pods, those of them that are gateways, and their workloads.

    Workloads of the same key serve the same. Without a pod there is one as if it were there: what the selector says is
    known of it.
    """

    pods: tuple[Manifest, ...]
    gateways: tuple[Manifest, ...]
    workloads: Mapping[str, Workload]
    memory: dict[Any, Any] = field(default_factory=dict, repr=False)


def is_running(pod: Manifest) -> bool:
    """Whether a pod may serve requests: it has not ended, and is not about to."""
    return pod.get("status", {}).get("phase") not in _ENDED and not pod["metadata"].get("deletionTimestamp")


def pods_namespaces(pods: Iterable[Manifest]) -> list[str]:
    """The namespaces in which these pods run, sorted."""
    return sorted({pod["metadata"]["namespace"] for pod in pods if is_running(pod)})


class Workloads:
    """All pods, with the Services of their namespaces, by the Gateway that selects them.

    Each different selector is looked up once.
    """

    def __init__(self, pods: Iterable[Manifest], services: Iterable[Manifest]) -> None:
        self._pods = ByLabels((pod["metadata"].get("labels"), pod) for pod in pods)
        by_namespace: dict[str, list[Manifest]] = {}
        for service in services:
            if service["spec"].get("selector"):
                by_namespace.setdefault(service["metadata"]["namespace"], []).append(service)
        self._services = {
            namespace: BySelector((service["spec"]["selector"], service) for service in theirs)
            for namespace, theirs in by_namespace.items()
        }
        self._of: dict[tuple[tuple[tuple[str, str], ...], str | None], SelectedPods] = {}

    def of(self, gateway: Manifest) -> SelectedPods:
        selector = gateway["spec"].get("selector") or {}
        recorded = (gateway["metadata"].get("annotations") or {}).get(PODS_NAMESPACE)
        key = (tuple(selector.items()), recorded)
        if key not in self._of:
            pods = self._pods.matching(selector)
            gateways = tuple(pod for pod in pods if is_gateway(pod))
            workloads: dict[str, Workload] = {}
            for workload in [self._workload(pod) for pod in gateways] or [Workload(recorded, selector)]:
                workloads.setdefault(_key(workload), workload)
            self._of[key] = SelectedPods(tuple(pods), gateways, workloads)
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
        kept = {key: value for key, value in labels.items() if key not in _IGNORED_LABELS}
        return Workload(namespace, kept, tuple(sorted(services, key=age)), tuple(ports))


def _key(workload: Workload) -> str:
    return repr((workload.namespace, sorted(workload.labels.items())))


def is_gateway(pod: Manifest) -> bool:
    """Whether a pod's proxy is a gateway and not a sidecar, which no Gateway object reaches."""
    spec = pod.get("spec") or {}
    containers = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    proxies = [container for container in containers if container.get("name") == "istio-proxy"]
    return bool(proxies) and not any("sidecar" in (proxy.get("args") or []) for proxy in proxies)
