# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What is desired against what there is: what a task of istio_exposure would change, what is missing. Pure."""

from __future__ import annotations

from typing import Any

from .._kubernetes.objects import (
    PODS_NAMESPACE,
    Key,
    Manifest,
    Ref,
    owner,
    ref,
)
from .._manifests.exposure import manifests
from .._manifests.shared_gateway import contribution_of, is_on, is_shared
from .._options.exposure import Exposure, OwnGateway
from .._options.info import Asked
from .._options.values import OptionError
from .._plan.live import Picture
from .._plan.steps import OwnershipError, Step, plan
from .read import Seen, is_managed, pods_namespaces

Result = dict[str, Any]


class Comparison:
    """The exposures that are desired, and everything there is of ours, by exposure."""

    def __init__(self, seen: Seen, asked: Asked) -> None:
        self._seen = seen
        around = seen.around
        live = [*around.gateways, *around.virtual_services, *seen.rest.values()]
        self._objects: dict[Ref, Manifest] = {ref(entry): entry for entry in live}
        self._shared = [entry for entry in around.gateways if is_shared(entry)]
        self._owned: dict[Key | None, list[Manifest]] = {}
        for entry in live:
            self._owned.setdefault(owner(entry), []).append(entry)
        self._asked = asked
        self._desired = {(one.namespace, one.name): one for one in asked.desired or ()}

    def missing(self) -> list[Result]:
        """What is desired and not there, or not ours. What the filters leave out was not looked for."""
        there = {(at.namespace, at.name) for at, live in self._objects.items() if _is_exposure(live)}
        return [
            {"namespace": one.namespace, "name": one.name, "hosts": list(one.hosts)}
            for key, one in sorted(self._desired.items())
            if key not in there and self._asked.takes(*key, list(one.hosts))
        ]

    def orphans(self) -> list[Result]:
        """What is ours, among the selected, and not desired."""
        found = sorted(ref(live) for live in self._seen.selected if is_managed(live))
        hosts = {ref(live): live["spec"].get("hosts") or [] for live in self._seen.selected}
        return [
            {"namespace": at.namespace, "name": at.name, "hosts": list(hosts[at])}
            for at in found
            if (at.namespace, at.name) not in self._desired
        ]

    def drift(self, key: Key) -> list[Result] | None:
        """What a task would change of an exposure; None if it is not desired, or not known."""
        exposure = self._desired.get(key)
        if exposure is None:
            return None
        namespace = self._pods_namespace(exposure)
        if exposure.needs_pods_namespace and namespace is None:
            return None
        wanted = [entry for entry in manifests(exposure, namespace) if self._is_readable(ref(entry))]
        mine = [*self._owned.get(key, []), *(entry for entry in self._shared if is_on(entry, key))]
        objects = {ref(entry): entry for entry in mine if self._is_readable(ref(entry))}
        for at in map(ref, wanted):
            if at in self._objects:
                objects[at] = self._objects[at]
        try:
            steps = plan(key, wanted, Picture(objects), adopt=True)
        except (OwnershipError, OptionError) as error:
            return [{"action": "refused", "message": str(error)}]
        return [_result(step) for step in steps if step.changes]

    def _is_readable(self, at: Ref) -> bool:
        return not self._seen.unreadable & {at.kind, str(at)}

    def _pods_namespace(self, exposure: Exposure) -> str | None:
        """As istio_exposure finds it: by option, by the pods, or where the Gateway says that its credentials are."""
        own = exposure.gateway
        if not isinstance(own, OwnGateway) or not exposure.needs_pods_namespace:
            return None
        found = pods_namespaces(own.selector, self._seen.around.pods)
        live = self._objects.get(Ref("Gateway", own.namespace, own.name))
        said = _said(live, (exposure.namespace, exposure.name)) if live else None
        return own.pods_namespace or (found[0] if len(found) == 1 else said)


def _is_exposure(live: Manifest) -> bool:
    return live["kind"] == "VirtualService" and is_managed(live)


def _said(gateway: Manifest, key: Key) -> str | None:
    contribution = contribution_of(gateway, key)
    return (contribution.credentials if contribution else gateway["metadata"].get("annotations") or {}).get(
        PODS_NAMESPACE
    )


def _result(step: Step) -> Result:
    at = step.ref
    return {
        "action": step.action,
        "kind": at.kind,
        "namespace": at.namespace,
        "name": at.name,
        "before": step.before,
        "after": step.after,
    }
