# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent reads from pods and tells about them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from cluster.api import Api, ApiError, Object

# The simulated kubelet makes the pod Ready when it finds this annotation: see ../stages.yml.
PROCESS_ANNOTATION = "embedded.gatehouse.istio/process"
_ONE_YEAR = 365 * 24 * 3600
_REFERENCE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")


def name_of(item: Object) -> str:
    """namespace/name"""
    return f"{item['metadata']['namespace']}/{item['metadata']['name']}"


@dataclass(frozen=True)
class Workload:
    """What a pod was made from: `resource` is the API's name of its kind, empty for a pod of its own."""

    resource: str
    name: str


def workload_of(pod: Object) -> Workload:
    """A Deployment's ReplicaSet is named after it and the hash of the pod template."""
    for owner in pod["metadata"].get("ownerReferences", []):
        if owner["kind"] == "ReplicaSet":
            return Workload("deployments", owner["name"].removesuffix(f"-{template_hash(pod)}"))
        if owner["kind"] == "DaemonSet":
            return Workload("daemonsets", owner["name"])
    return Workload("", pod["metadata"]["name"])


def template_hash(pod: Object) -> str:
    return str(pod["metadata"].get("labels", {}).get("pod-template-hash", ""))


def is_startable(pod: Object) -> bool:
    """Whether the simulated kubelet has given it an address and nobody has asked for its end."""
    return "deletionTimestamp" not in pod["metadata"] and bool(pod.get("status", {}).get("podIP"))


def is_scheduled(pod: Object) -> bool:
    """Whether it has a node and nobody has asked for its end."""
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
    """Tell the simulated kubelet whether the process behind the pod answers."""
    if has_process(pod) == ready:
        return
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    # With its uid, the change cannot hit a newer pod of the same name.
    annotations = {PROCESS_ANNOTATION: "ready" if ready else None}
    change = {"metadata": {"uid": pod["metadata"]["uid"], "annotations": annotations}}
    try:
        api.patch(f"/api/v1/namespaces/{namespace}/pods/{name}", change)
    except ApiError as error:
        if error.status not in (404, 409):  # it is gone, which the watch will tell
            raise


def token(api: Api, pod: Object, audience: str = "") -> str:
    """A token of the pod's ServiceAccount, as the kubelet would mount it: it dies with the pod."""
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
    """The variables of the container of that name that can be known without running it."""
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
