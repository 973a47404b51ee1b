# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Role istio, step 1: its variables → Helm releases, their values and the gateways. Pure: no file, no cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import permutations
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._options.raw_fields import raw_fields
from ansible_collections.gatehouse.istio.plugins.module_utils._options.values import OptionError

from .._roles.helm_values import (
    duration_problems,
    duration_seconds,
    merge_values,
    parsed_files,
    user_layers,
)

# By these a cloud keeps a load balancer private; elsewhere they mean nothing. Sources: README.md of the role.
INTERNAL = {
    "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
    "service.beta.kubernetes.io/aws-load-balancer-internal": "true",
    "service.beta.kubernetes.io/azure-load-balancer-internal": "true",
    "networking.gke.io/load-balancer-type": "Internal",
}
# What Istio's gateway chart serves when its value service.ports is not set; needed only to predict in check mode.
CHART_PORTS = (
    {"name": "status-port", "port": 15021, "protocol": "TCP", "targetPort": 15021},
    {"name": "http2", "port": 80, "protocol": "TCP", "targetPort": 80},
    {"name": "https", "port": 443, "protocol": "TCP", "targetPort": 443},
)
# What it serves instead as an east-west gateway, which is one with the value networkGateway.
EAST_WEST_PORTS = tuple(
    {"name": name, "port": number, "protocol": "TCP", "targetPort": number}
    for name, number in (("status-port", 15021), ("tls", 15443), ("tls-istiod", 15012), ("tls-webhook", 15017))
)
# What the role itself reads of the values for the chart gateway; the rest is for the chart to judge.
_READ_OF_A_GATEWAY = {
    "name": str,
    "kind": str,
    "labels": {},
    "service": {"type": str, "ports": [{"name": str, "port": int, "protocol": str}]},
}


@dataclass(frozen=True)
class Release:
    """One Helm release. `values` travel apart from it, so that a loop over releases never prints them."""

    name: str
    namespace: str
    chart: str
    state: str = "present"

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Gateway:
    """What the gateway chart makes of one release. `workload` names its Deployment (or DaemonSet) and its Service."""

    name: str
    namespace: str
    state: str
    visibility: str
    workload: str
    kind: str
    type: str
    selector: dict[str, str]
    labels: dict[str, str]
    ports: list[dict[str, Any]]


def _control_plane(variables: Mapping[str, Any]) -> list[tuple[Release, dict[str, Any]]]:
    """base, cni and istiod: the release and the role's own values."""
    namespace, revision = variables["istio_namespace"], variables["istio_revision"]
    images = {key: variables[f"istio_{key}"] for key in ("hub", "tag") if variables[f"istio_{key}"]}
    scope = {"istioNamespace": namespace}
    rev = {"revision": revision} if revision else {}
    base = {"global": scope, **({"defaultRevision": revision} if revision else {})}
    istiod = f"istiod-{revision}" if revision else "istiod"
    parts = [(Release("istio-base", namespace, "base"), base)]
    if variables["istio_cni_enabled"]:
        cni = {"global": {**images}, **rev} if images else dict(rev)
        parts.append((Release("istio-cni", variables["istio_cni_namespace"] or namespace, "cni"), cni))
    parts.append((Release(istiod, namespace, "istiod"), {"global": {**scope, **images}, **rev}))
    return parts


def _service_port(port: Mapping[str, Any]) -> dict[str, Any]:
    """One port of the role's short form, as the Service wants it."""
    number = int(port["port"])
    target = port.get("target_port", number)
    service_port = {"name": port["name"], "port": number, "protocol": port.get("protocol", "TCP")}
    service_port["targetPort"] = int(target) if str(target).isdigit() else target
    if port.get("node_port"):
        service_port["nodePort"] = int(port["node_port"])
    return service_port


def _gateway_values(gateway: Mapping[str, Any], revision: str) -> dict[str, Any]:
    """The role's own values for one release of the gateway chart."""
    service_type = gateway.get("type", "LoadBalancer")
    service: dict[str, Any] = {"type": service_type}
    private = gateway.get("visibility", "public") == "internal" and service_type == "LoadBalancer"
    annotations = {**(INTERNAL if private else {}), **(gateway.get("annotations") or {})}
    if annotations:
        service["annotations"] = annotations
    if gateway.get("ports"):
        service["ports"] = [_service_port(port) for port in gateway["ports"]]
    values: dict[str, Any] = {"service": service}
    if gateway.get("labels"):
        values["labels"] = gateway["labels"]
    if gateway.get("replicas") is not None:
        # The chart ignores replicaCount while it autoscales.
        values |= {"autoscaling": {"enabled": False}, "replicaCount": int(gateway["replicas"])}
    if revision:
        values["revision"] = revision
    return values


def _gateway(release: Release, gateway: Mapping[str, Any], values: Mapping[str, Any]) -> Gateway:
    """What the chart makes of the merged values: its own rules for names, selector and ports."""
    workload = values.get("name") or release.name
    labels = {key: str(value) for key, value in (values.get("labels") or {}).items()}
    selector = {"app": labels.get("app") or workload, "istio": labels.get("istio") or workload.removeprefix("istio-")}
    service = values.get("service") or {}
    ports = EAST_WEST_PORTS if values.get("networkGateway") else service.get("ports") or CHART_PORTS
    return Gateway(
        name=release.name,
        namespace=release.namespace,
        state=release.state,
        visibility=gateway.get("visibility", "public"),
        workload=workload,
        kind=values.get("kind") or "Deployment",
        type=service.get("type") or "LoadBalancer",
        selector=selector,
        labels={**labels, **selector},
        ports=[dict(port) for port in ports],
    )


def _name_problems(releases: list[Release]) -> list[str]:
    """Gateway names key the role's result, and Helm wants release names unique in a namespace."""
    names = [release.name for release in releases if release.chart == "gateway"]
    problems = [
        f"istio_gateways names '{name}' {names.count(name)} times; give each gateway a name of its own."
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    control_plane = {release.key for release in releases if release.chart != "gateway"}
    return problems + [
        f"The gateway '{release.name}' has the name of a Helm release of the control plane in namespace "
        f"'{release.namespace}'; give the gateway another name or namespace."
        for release in releases
        if release.chart == "gateway" and release.key in control_plane
    ]


def _selector_problems(gateways: list[Gateway]) -> list[str]:
    """Two gateways that one selector matches would both serve every Gateway object meant for one of them."""
    present = [gateway for gateway in gateways if gateway.state == "present"]
    return [
        f"The selector {_text(one.selector)} of gateway '{one.name}' also matches gateway '{other.name}', which would "
        "serve the other's hosts, too; give them different labels 'istio' or 'app'."
        for one, other in permutations(present, 2)
        if one.name != other.name and one.selector.items() <= other.labels.items()
    ]


def _text(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _user_layers(variables: Mapping[str, Any], chart: str, files: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return user_layers(variables[f"istio_{chart}_values"], variables[f"istio_{chart}_values_files"], files)


def istio_releases(variables: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """The desired releases, as the filter of this name documents them. A mistake is a sentence in `problems`.

    `variables` are those of the role by name, `texts` has the values files by path.
    Later values win: the role's own, the values files in their order, the values dictionary.
    """
    seconds = duration_seconds(variables["istio_timeout"])
    files, problems = parsed_files(texts)
    problems += duration_problems("istio_timeout", variables["istio_timeout"])
    releases: list[Release] = []
    values: dict[str, dict[str, Any]] = {}
    gateways: list[Gateway] = []
    for release, own in _control_plane(variables):
        releases.append(release)
        values[release.key] = merge_values([own, *_user_layers(variables, release.chart, files)])
    for item in variables["istio_gateways"]:
        release = Release(item["name"], item.get("namespace", "istio-ingress"), "gateway", item.get("state", "present"))
        own = _gateway_values(item, variables["istio_revision"])
        of_all = _user_layers(variables, "gateway", files)
        of_one = user_layers(item.get("values"), item.get("values_files"), files)
        merged = merge_values([own, *of_all, *of_one])
        try:
            merged = dict(raw_fields(f"chart values of gateway '{release.name}'", merged, _READ_OF_A_GATEWAY))
        except OptionError as error:
            problems.append(str(error))
            merged = own
        releases.append(release)
        values[release.key] = merged
        gateways.append(_gateway(release, item, merged))
    return {
        "releases": [asdict(release) for release in releases],
        "release_values": values,
        "gateways": [asdict(gateway) for gateway in gateways],
        "timeout_seconds": seconds or 0,
        "problems": problems + _name_problems(releases) + _selector_problems(gateways),
    }
