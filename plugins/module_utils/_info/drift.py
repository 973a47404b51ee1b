# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Desired exposures compared with live ones: drift, missing exposures, orphans. Pure."""

from __future__ import annotations

from typing import Any

from .._kubernetes.fields import is_written_by_us
from .._kubernetes.objects import (
    PODS_NAMESPACE,
    ExposureKey,
    Manifest,
    Ref,
    owner,
    ref,
)
from .._manifests.exposure import manifests
from .._manifests.shared_gateway import contribution_of, is_on, is_shared
from .._options.exposure import Exposure, OwnGateway
from .._options.info import InfoRequest
from .._options.values import OptionError
from .._plan.live import LiveObjects
from .._plan.steps import OwnershipError, Step, plan_steps
from .read import LiveExposures, is_managed, selected_namespaces

Result = dict[str, Any]


class Comparison:
    """The desired exposures beside everything that exists of managed ones."""

    def __init__(self, live: LiveExposures, request: InfoRequest) -> None:
        self._live = live
        self._request = request
        objects = [*live.state.gateways, *live.state.virtual_services, *live.other_objects.values()]
        self._objects: dict[Ref, Manifest] = {ref(entry): entry for entry in objects}
        self._shared = [entry for entry in live.state.gateways if is_shared(entry)]
        self._owned: dict[ExposureKey | None, list[Manifest]] = {}
        for entry in objects:
            self._owned.setdefault(owner(entry), []).append(entry)
        self._desired = {exposure.key: exposure for exposure in request.desired or ()}

    def missing(self) -> list[Result]:
        """The desired exposures that do not exist or are not managed, among those that pass the filters."""
        existing = {(at.namespace, at.name) for at, entry in self._objects.items() if _is_exposure(entry)}
        return [
            {"namespace": exposure.namespace, "name": exposure.name, "hosts": list(exposure.hosts)}
            for key, exposure in sorted(self._desired.items())
            if key not in existing and self._request.matches(*key, list(exposure.hosts))
        ]

    def orphans(self) -> list[Result]:
        """The managed exposures, among the selected ones, that are not desired."""
        managed = {ref(entry): entry for entry in self._live.selected if is_managed(entry)}
        return [
            {"namespace": at.namespace, "name": at.name, "hosts": list(entry["spec"].get("hosts") or [])}
            for at, entry in sorted(managed.items())
            if (at.namespace, at.name) not in self._desired
        ]

    def drift(self, key: ExposureKey) -> list[Result] | None:
        """What a task would change of an exposure; None if it is not desired, or cannot be known."""
        exposure = self._desired.get(key)
        if exposure is None:
            return None
        namespace = self._pods_namespace(exposure)
        if exposure.needs_pods_namespace and namespace is None:
            return None
        desired = [entry for entry in manifests(exposure, namespace) if self._is_readable(ref(entry))]
        mine = [*self._owned.get(key, []), *(entry for entry in self._shared if is_on(entry, key))]
        # A copy carries our labels, too; a task leaves it as it is.
        by_ref = {ref(entry): entry for entry in mine if self._is_readable(ref(entry)) and is_written_by_us(entry)}
        by_ref.update({at: self._objects[at] for at in map(ref, desired) if at in self._objects})
        try:
            steps = plan_steps(key, desired, LiveObjects(by_ref), adopt=True)
        except (OwnershipError, OptionError) as error:
            return [{"action": "refused", "message": str(error)}]
        return [_result(step) for step in steps if step.changes]

    def _is_readable(self, at: Ref) -> bool:
        return not self._live.unreadable & {at.kind, str(at)}

    def _pods_namespace(self, exposure: Exposure) -> str | None:
        """As istio_exposure finds it: from the option, from the pods, or from what the live Gateway records."""
        own = exposure.gateway
        if not isinstance(own, OwnGateway) or not exposure.needs_pods_namespace:
            return None
        namespaces = selected_namespaces(own.selector, self._live.state.pods)
        gateway = self._objects.get(Ref("Gateway", own.namespace, own.name))
        recorded = _recorded_namespace(gateway, exposure.key) if gateway else None
        return own.pods_namespace or (namespaces[0] if len(namespaces) == 1 else recorded)


def _is_exposure(entry: Manifest) -> bool:
    return entry["kind"] == "VirtualService" and is_managed(entry)


def _recorded_namespace(gateway: Manifest, key: ExposureKey) -> str | None:
    contribution = contribution_of(gateway, key)
    recorded = contribution.credentials if contribution else gateway["metadata"].get("annotations") or {}
    return recorded.get(PODS_NAMESPACE)


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
