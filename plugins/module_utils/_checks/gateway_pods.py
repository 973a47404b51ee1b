# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: the pods that the exposure's Gateways select. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .._istio.indexes import once
from .._istio.references import full_name
from .._istio.workloads import Reached
from .._kubernetes.objects import Manifest
from .context import Scene
from .finding import Finding

_REVISION = "istio.io/rev"


def check(scene: Scene) -> Iterator[Finding]:
    for gateway in scene.gateways:
        where = "gateway.selector" if gateway in scene.mine else "gateway.existing"
        reached = scene.scenes.reached.of(gateway)
        if gateway["spec"].get("selector"):  # else it is for every gateway
            yield from _pods(scene, gateway, where, reached)
        if scene.around.scoped_to_namespace:
            yield from _scope(gateway, reached)


def _pods(scene: Scene, gateway: Manifest, where: str, reached: Reached) -> Iterator[Finding]:
    name = f"Gateway {full_name(gateway)}"
    if not reached.gateways:
        if scene.around.pods_are_known:
            labels = _labels(gateway)
            what = f"no pod has the labels {labels}"
            if reached.pods:
                what = f"the pods with the labels {labels} are no gateways, but applications"
            message = f"{what}, so {name} serves nothing."
            fix = "Correct the labels, or install the gateway."
            yield Finding("no-gateway-pods", (name,), where, message, fix)
        return
    several, revisions = _deployments(reached)
    if len(several) > max(1, revisions):
        message = (
            f"the labels {_labels(gateway)} match several gateways, {' and '.join(several)}; all of them serve the "
            "hosts."
        )
        fix = "Add labels that only one of them has, unless all are meant."
        yield Finding("several-gateways", (name,), where, message, fix)
    raw = _not_injected(reached)
    if raw:
        namespace = raw["metadata"]["namespace"]
        message = (
            f"Pod {namespace}/{raw['metadata']['name']} still has the image 'auto': Istio's injection did not see it, "
            "so it cannot start."
        )
        fix = f"Remove the label istio-injection=disabled of namespace {namespace}, and restart the gateway."
        yield Finding("gateway-not-injected", (f"Pod {namespace}/{raw['metadata']['name']}",), where, message, fix)


def _labels(gateway: Manifest) -> str:
    return ", ".join(f"{key}={value}" for key, value in gateway["spec"]["selector"].items())


@once
def _deployments(reached: Reached) -> tuple[list[str], int]:
    """Which gateways these are, and of how many revisions."""
    several = {f"{_deployment(pod)} in namespace {pod['metadata']['namespace']}" for pod in reached.gateways}
    return sorted(several), len({(pod["metadata"].get("labels") or {}).get(_REVISION) for pod in reached.gateways})


@once
def _not_injected(reached: Reached) -> Manifest | None:
    return next((pod for pod in reached.gateways if _image(pod) == "auto"), None)


def _scope(gateway: Manifest, reached: Reached) -> Iterator[Finding]:
    namespaces = sorted({pod["metadata"]["namespace"] for pod in reached.gateways})
    if namespaces and gateway["metadata"]["namespace"] not in namespaces:
        name = f"Gateway {full_name(gateway)}"
        message = (
            f"istiod has PILOT_SCOPE_GATEWAY_TO_NAMESPACE, so {name} is only for pods of its own namespace, and the "
            f"gateway's are in {' and '.join(namespaces)}; it serves nothing."
        )
        fix = f"Put it there with gateway.namespace: {namespaces[0]}."
        yield Finding("gateway-out-of-scope", (name,), "gateway.namespace", message, fix)


def _deployment(pod: Manifest) -> str:
    """What a pod belongs to: a ReplicaSet is called as its Deployment and a hash."""
    for owner in pod["metadata"].get("ownerReferences") or []:
        return str(owner["name"].rpartition("-")[0] if owner["kind"] == "ReplicaSet" else owner["name"])
    return str(pod["metadata"]["name"])


def _image(pod: Manifest) -> str | None:
    containers = pod.get("spec", {}).get("containers") or []
    return next((one.get("image") for one in containers if one.get("name") == "istio-proxy"), None)
