# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: the pods that a Gateway selects. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .._analysis.context import Context
from .._analysis.finding import Finding
from .._istio.indexes import once
from .._istio.workloads import SelectedPods
from .._kubernetes.objects import Manifest
from .._mesh.names import full_name

_REVISION = "istio.io/rev"


def no_pods(context: Context) -> Iterator[Finding]:
    for gateway, selected in _with_selector(context):
        if not selected.gateways and context.cluster_state.pods_are_known:
            labels, name = _labels(gateway), f"Gateway {full_name(gateway)}"
            what = f"no pod has the labels {labels}"
            if selected.pods:
                what = f"the pods with the labels {labels} are not gateways, but applications"
            message = f"{what}, so {name} serves nothing."
            yield Finding((name,), _option(context, gateway), message, "Correct the labels, or install the gateway.")


def several_gateways(context: Context) -> Iterator[Finding]:
    """Several Deployments, unless they are revisions of one."""
    for gateway, selected in _with_selector(context):
        deployments, revisions = _deployments(selected)
        if len(deployments) > max(1, revisions):
            message = (
                f"the labels {_labels(gateway)} match several gateways, {' and '.join(deployments)}; all of them serve "
                "the hosts."
            )
            fix = "Add labels that only one of them has, unless all are meant."
            yield Finding((f"Gateway {full_name(gateway)}",), _option(context, gateway), message, fix)


def not_injected(context: Context) -> Iterator[Finding]:
    for gateway, selected in _with_selector(context):
        pod = _not_injected(selected)
        if pod:
            namespace, name = pod["metadata"]["namespace"], f"Pod {full_name(pod)}"
            message = f"{name} still has the image 'auto': Istio's injection did not see it, so it cannot start."
            fix = f"Remove the label istio-injection=disabled of namespace {namespace}, and restart the gateway."
            yield Finding((name,), _option(context, gateway), message, fix)


def out_of_scope(context: Context) -> Iterator[Finding]:
    if not context.cluster_state.scoped_to_namespace:
        return
    for gateway in context.gateways:
        selected = context.analysis.workloads.of(gateway)
        namespaces = sorted({pod["metadata"]["namespace"] for pod in selected.gateways})
        if namespaces and gateway["metadata"]["namespace"] not in namespaces:
            name = f"Gateway {full_name(gateway)}"
            message = (
                f"istiod has PILOT_SCOPE_GATEWAY_TO_NAMESPACE, so {name} is only for pods of its own namespace, and "
                f"the gateway's are in {' and '.join(namespaces)}; it serves nothing."
            )
            fix = f"Put it there with gateway.namespace: {namespaces[0]}."
            yield Finding((name,), "gateway.namespace", message, fix)


@once
def _with_selector(context: Context) -> list[tuple[Manifest, SelectedPods]]:
    """The Gateways with a selector, and what that selects. Without one a Gateway is for all pods."""
    workloads = context.analysis.workloads
    return [(gateway, workloads.of(gateway)) for gateway in context.gateways if gateway["spec"].get("selector")]


def _option(context: Context, gateway: Manifest) -> str:
    return "gateway.selector" if gateway in context.mine else "gateway.existing"


def _labels(gateway: Manifest) -> str:
    return ", ".join(f"{key}={value}" for key, value in gateway["spec"]["selector"].items())


@once
def _deployments(selected: SelectedPods) -> tuple[list[str], int]:
    """The Deployments of the gateways' pods, and of how many revisions they are."""
    names = {f"{_deployment(pod)} in namespace {pod['metadata']['namespace']}" for pod in selected.gateways}
    revisions = {(pod["metadata"].get("labels") or {}).get(_REVISION) for pod in selected.gateways}
    return sorted(names), len(revisions)


@once
def _not_injected(selected: SelectedPods) -> Manifest | None:
    return next((pod for pod in selected.gateways if _proxy_image(pod) == "auto"), None)


def _deployment(pod: Manifest) -> str:
    """What a pod belongs to. A ReplicaSet has the name of its Deployment and a hash."""
    for owner in pod["metadata"].get("ownerReferences") or []:
        return str(owner["name"].rpartition("-")[0] if owner["kind"] == "ReplicaSet" else owner["name"])
    return str(pod["metadata"]["name"])


def _proxy_image(pod: Manifest) -> str | None:
    containers = pod.get("spec", {}).get("containers") or []
    return next((entry.get("image") for entry in containers if entry.get("name") == "istio-proxy"), None)
