# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Role istio, step 2: objects of the charts that istioctl or kubectl has installed, or another release of Helm. Pure.

Helm does not install a release with an object that is there without its label and annotations, and says so only once
it has begun.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Object = Mapping[str, Any]

_MOST_NAMED = 3
# Of the many objects of a chart, those that every installation has: kind and name.
_BASE = (("CustomResourceDefinition", "gateways.networking.istio.io"),)


def ownership_problems(
    desired: Object, live: Iterable[Object], revision: str = "", takes_over: bool = False
) -> list[str]:
    """A sentence if objects that the releases install belong to nobody, or to another release."""
    if takes_over:
        return []
    by_name = {_at(entry): entry for entry in live if entry.get("kind")}
    found: dict[str, list[str]] = {}
    for release in desired["releases"]:
        if release["state"] == "present":
            for at in _objects(desired, release, revision):
                entry = by_name.get(at)
                if entry is not None and not _is_of(entry, release):
                    found.setdefault(_owner(entry), []).append(_text(at))
    return [_sentence(owner, names) for owner, names in found.items()]


def _objects(desired: Object, release: Object, revision: str) -> Iterator[tuple[str, str, str]]:
    namespace, suffix = release["namespace"], f"-{revision}" if revision else ""
    if release["chart"] == "base":
        values = desired["release_values"].get(f"{namespace}/{release['name']}") or {}
        if (values.get("base") or {}).get("enableCRDTemplates", True):
            yield from ((kind, "", name) for kind, name in _BASE)
    elif release["chart"] == "istiod":
        yield "Deployment", namespace, release["name"]
        yield "ConfigMap", namespace, f"istio{suffix}"
        yield "ClusterRole", "", f"istiod-clusterrole{suffix}-{namespace}"
        yield "ValidatingWebhookConfiguration", "", f"istio-validator{suffix}-{namespace}"
    for gateway in desired["gateways"] if release["chart"] == "gateway" else ():
        if (gateway["namespace"], gateway["name"]) == (namespace, release["name"]):
            yield gateway["kind"], namespace, gateway["workload"]


def _at(entry: Object) -> tuple[str, str, str]:
    return entry["kind"], entry["metadata"].get("namespace") or "", entry["metadata"]["name"]


def _text(at: tuple[str, str, str]) -> str:
    kind, namespace, name = at
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def _annotations(entry: Object) -> tuple[str, str]:
    given = entry["metadata"].get("annotations") or {}
    return given.get("meta.helm.sh/release-namespace") or "", given.get("meta.helm.sh/release-name") or ""


def _is_of(entry: Object, release: Object) -> bool:
    """By the label and the annotations that Helm compares."""
    label = (entry["metadata"].get("labels") or {}).get("app.kubernetes.io/managed-by")
    return label == "Helm" and _annotations(entry) == (release["namespace"], release["name"])


def _owner(entry: Object) -> str:
    namespace, name = _annotations(entry)
    return f"{namespace}/{name}" if namespace and name else ""


def _sentence(owner: str, names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    listed = f"{', '.join(names[:_MOST_NAMED])}{more}"
    if owner:
        return (
            f"Helm's release {owner} has installed {listed}, so that Helm would refuse this role's release; uninstall "
            "that one first, or let the role take them over with istio_adopt: true."
        )
    verb = "lack" if len(names) > 1 else "lacks"
    return (
        f"Istio was installed here without Helm (by istioctl or kubectl): {listed} {verb} Helm's label and "
        "annotations, so that Helm would refuse its release; let the role take them over with istio_adopt: true, or "
        "uninstall them first with what installed them."
    )
