# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent reads from pods and reports about them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from cluster.api import Api, ApiError, Object

# The simulated kubelet sets the pod to Ready if it has this annotation, see ../stages.yml.
PROCESS_ANNOTATION = "embedded.gatehouse.istio/process"
_ONE_YEAR = 365 * 24 * 3600
_REFERENCE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")


def name_of(item: Object) -> str:
    """namespace/name"""
    return f"{item['metadata']['namespace']}/{item['metadata']['name']}"


@dataclass(frozen=True)
class Workload:
    """What a pod belongs to. `resource` is the API's name of its kind, empty for a pod without owner."""

    resource: str
    name: str


def workload_of(pod: Object) -> Workload:
    """The workload of a pod. The name of a Deployment's ReplicaSet ends in the hash of the pod template."""
    for owner in pod["metadata"].get("ownerReferences", []):
        if owner["kind"] == "ReplicaSet":
            return Workload("deployments", owner["name"].removesuffix(f"-{template_hash(pod)}"))
        if owner["kind"] == "DaemonSet":
            return Workload("daemonsets", owner["name"])
    return Workload("", pod["metadata"]["name"])


def template_hash(pod: Object) -> str:
    return str(pod["metadata"].get("labels", {}).get("pod-template-hash", ""))


def is_startable(pod: Object) -> bool:
    """Whether the pod has an address from the simulated kubelet and is not being deleted."""
    return "deletionTimestamp" not in pod["metadata"] and bool(pod.get("status", {}).get("podIP"))


def is_scheduled(pod: Object) -> bool:
    """Whether the pod has a node and is not being deleted."""
    return "deletionTimestamp" not in pod["metadata"] and bool(pod["spec"].get("nodeName"))


def container(pod: Object, name: str) -> Object | None:
    """The container of that name."""
    return next((item for item in pod["spec"]["containers"] if item["name"] == name), None)


def selects(service: Object, pod: Object) -> bool:
    """Whether the Service's selector matches the pod."""
    selector = service["spec"].get("selector") or {}
    labels = pod["metadata"].get("labels", {})
    same_namespace = service["metadata"]["namespace"] == pod["metadata"]["namespace"]
    return bool(selector) and same_namespace and all(labels.get(key) == value for key, value in selector.items())


def has_process(pod: Object) -> bool:
    return bool(pod["metadata"].get("annotations", {}).get(PROCESS_ANNOTATION) == "ready")


def say_process(api: Api, pod: Object, ready: bool) -> None:
    """Report to the simulated kubelet whether the pod's process is ready."""
    if has_process(pod) == ready:
        return
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    # The uid prevents a change of a newer pod with the same name.
    annotations = {PROCESS_ANNOTATION: "ready" if ready else None}
    change = {"metadata": {"uid": pod["metadata"]["uid"], "annotations": annotations}}
    try:
        api.patch(f"/api/v1/namespaces/{namespace}/pods/{name}", change)
    except ApiError as error:
        if error.status not in (404, 409):  # the pod is deleted, which the watch will report
            raise


def token(api: Api, pod: Object, audience: str = "") -> str:
    """A token of the pod's ServiceAccount, as the kubelet would mount it. It expires with the pod."""
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    spec: dict[str, Any] = {
        "expirationSeconds": _ONE_YEAR,
        "boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": pod["metadata"]["uid"]},
    }
    if audience:
        spec["audiences"] = [audience]
    account = pod["spec"].get("serviceAccountName", "default")
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    answer = api.create(f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token", request)
    return str(answer["status"]["token"])


def environment(pod: Object, name: str) -> dict[str, str]:
    """The environment variables of the container of that name that are known without running it."""
    fields = {
        "metadata.name": pod["metadata"]["name"],
        "metadata.namespace": pod["metadata"]["namespace"],
        "metadata.uid": pod["metadata"]["uid"],
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", "default"),
        "status.podIP": pod.get("status", {}).get("podIP", ""),
        "status.hostIP": pod.get("status", {}).get("hostIP", ""),
    }
    found: dict[str, str] = {}
    for variable in (container(pod, name) or {}).get("env", []):
        field = variable.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
        if "valueFrom" not in variable:
            found[variable["name"]] = variable.get("value", "")
        elif field in fields:
            found[variable["name"]] = fields[field]
    return found


def arguments(pod: Object, name: str) -> tuple[str, ...]:
    """The arguments of the container of that name, with $(VARIABLE) replaced as the kubelet does."""
    known = environment(pod, name)
    given = (container(pod, name) or {}).get("args", [])
    return tuple(_REFERENCE.sub(lambda match: known.get(match[1], match[0]), argument) for argument in given)
