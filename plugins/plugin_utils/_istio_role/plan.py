# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Role istio, step 2: desired and live state → what to remove, to install and to refuse. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .ingress import ingress_values, is_gateway, template
from .ownership import ownership_problems

Object = Mapping[str, Any]


def _key(item: Object) -> tuple[str, str]:
    metadata = item["metadata"]
    return metadata["namespace"], metadata["name"]


def _revision(workload: Object) -> str:
    revision = (template(workload).get("labels") or {}).get("istio.io/rev", "")
    return "" if revision == "default" else revision


def _text(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _namespace_problems(releases: Iterable[Object], namespaces: Iterable[Object]) -> list[str]:
    live = {namespace["metadata"]["name"]: namespace for namespace in namespaces}
    problems = [
        f"The namespace '{name}' is being deleted; run the role again once it is gone."
        for name in dict.fromkeys(release["namespace"] for release in releases)
        if (live.get(name) or {}).get("status", {}).get("phase") == "Terminating"
    ]
    for release in releases:
        labels = (live.get(release["namespace"]) or {"metadata": {}})["metadata"].get("labels") or {}
        if release["chart"] == "gateway" and labels.get("istio-injection") == "disabled":
            problems.append(
                f"The namespace '{release['namespace']}' of gateway '{release['name']}' has the label "
                "istio-injection=disabled, so Istio would never put the proxy's image into its pods; remove the label "
                "or choose another namespace."
            )
    return problems


def _selector_problems(gateways: Iterable[Object], workloads: Iterable[Object]) -> list[str]:
    """Kubernetes never lets a Deployment's selector change; say so before Helm stops halfway."""
    live = {(workload["kind"], *_key(workload)): workload for workload in workloads}
    problems = []
    for gateway in gateways:
        workload = live.get((gateway["kind"], gateway["namespace"], gateway["workload"]))
        if gateway["state"] == "absent" or workload is None:
            continue
        selector = workload["spec"]["selector"]["matchLabels"]
        if selector != gateway["selector"]:
            problems.append(
                f"The labels of gateway '{gateway['name']}' cannot change from {_text(selector)} to "
                f"{_text(gateway['selector'])}, because the selector of a {gateway['kind']} is fixed; give the gateway "
                "a new name, or remove it first (state: absent)."
            )
    return problems


def _removal(desired: Object, workloads: Iterable[Object], revision: str) -> dict[str, Any]:
    """The reverse of installing. base and cni stay while another control plane needs them."""
    istiod = next(release for release in desired["releases"] if release["chart"] == "istiod")
    others = [
        workload
        for workload in workloads
        if (workload["metadata"].get("labels") or {}).get("app") == "istiod"
        and _key(workload) != (istiod["namespace"], istiod["name"])
    ]
    listed = {(gateway["namespace"], gateway["workload"]) for gateway in desired["gateways"]}
    orphans = [
        "/".join(_key(workload))
        for workload in workloads
        if is_gateway(workload) and _key(workload) not in listed and (not others or _revision(workload) == revision)
    ]
    shared = [release for release in desired["releases"] if others and release["chart"] in ("base", "cni")]
    refusal = (
        f"Istio is not removed, because istio_gateways does not list gateways that need it: {', '.join(orphans)}. "
        "List them to have them removed, too, or uninstall them first."
    )
    return {
        "remove": [release for release in desired["releases"] if release not in shared][::-1],
        "kept": [release["name"] for release in shared],
        "problems": [refusal] if orphans else [],
    }


def istio_release_plan(
    desired: Object,
    namespaces: Iterable[Object],
    workloads: Iterable[Object],
    state: str = "present",
    revision: str = "",
    config_maps: Iterable[Object] = (),
    others: Iterable[Object] = (),
    adopt: bool = False,
) -> dict[str, Any]:
    """The plan for the releases that istio_releases() returned; the other arguments are live objects and variables.

    Nothing is raised: `problems` has a sentence for each reason not to begin.
    """
    if state == "absent":
        return {"install": [], "namespaces": [], "chart_values": {}, **_removal(desired, workloads, revision)}
    install = [release for release in desired["releases"] if release["state"] == "present"]
    live = {namespace["metadata"]["name"] for namespace in namespaces}
    return {
        "remove": [release for release in desired["releases"] if release["state"] == "absent"],
        "kept": [],
        "install": install,
        "namespaces": [name for name in dict.fromkeys(release["namespace"] for release in install) if name not in live],
        "chart_values": {"istiod": ingress_values(desired, workloads, config_maps)},
        "problems": [
            *_namespace_problems(install, namespaces),
            *_selector_problems(desired["gateways"], workloads),
            *ownership_problems(desired, [*workloads, *config_maps, *others], revision, adopt),
        ],
    }
