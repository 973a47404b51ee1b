# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.
"""The plan of one exposure: its desired and live objects, and the steps from one to the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .._kubernetes.objects import ExposureKey, Manifest, Ref, ref
from .._kubernetes.reader import Reader
from .._manifests.exposure import manifests, urls
from .._options.exposure import Exposure
from .._task import Task
from .credentials import (
    check_existing_client_ca,
    find_pods_namespace,
)
from .export_to import check_export_to
from .live import LiveObjects, read_live
from .steps import Step, plan_steps


@dataclass(frozen=True)
class ExposurePlan:
    """One exposure (None: it is to be removed), its desired and live objects, and the steps from one to the other."""

    key: ExposureKey
    exposure: Exposure | None
    desired: list[Manifest]
    live: LiveObjects
    steps: list[Step]

    @property
    def changes(self) -> bool:
        return any(step.changes for step in self.steps)

    def with_step(self, step: Step) -> ExposurePlan:
        """The plan with this step in place of the one for the same object."""
        return replace(self, steps=[step if step.ref == other.ref else other for other in self.steps])

    def gateway(self) -> Manifest | None:
        """The exposure's Gateway as it will be; None if it may not be read."""
        if self.exposure is None:
            return None
        at = Ref("Gateway", self.exposure.gateway.namespace, self.exposure.gateway.name)
        return {**self.live.by_ref, **{ref(manifest): manifest for manifest in self.desired}}.get(at)

    def virtual_service(self) -> Manifest:
        return next(manifest for manifest in self.desired if manifest["kind"] == "VirtualService")

    def urls(self) -> list[str]:
        """The URLs at which the hosts will be served."""
        exposure, gateway = self.exposure, self.gateway()
        if exposure is None or gateway is None or not exposure.is_http:
            return []
        redirected_port = exposure.gateway.http_port if exposure.tls.redirect else None
        return urls(exposure.hosts, gateway["spec"].get("servers") or [], redirected_port)

    def certificate(self) -> dict[str, Any]:
        """The result's `certificate`: namespace, name and Secret of the Certificate; nothing without one."""
        for manifest in self.desired:
            if manifest["kind"] == "Certificate":
                at = ref(manifest)
                secret = manifest["spec"]["secretName"]
                return {"certificate": {"namespace": at.namespace, "name": at.name, "secret": secret}}
        return {}


def plan_exposure(
    task: Task, reader: Reader, key: ExposureKey, exposure: Exposure | None, adopt: bool = False
) -> ExposurePlan:
    """Reads what concerns the exposure and plans its steps.

    Raises OptionError, OwnershipError or ClusterError if the cluster's state does not allow it.
    """
    pods_namespace = find_pods_namespace(task, reader, exposure) if exposure else None
    desired = manifests(exposure, pods_namespace) if exposure else []
    live = read_live(task, reader, key, exposure, desired)
    if exposure:
        check_existing_client_ca(reader, exposure, pods_namespace)
        check_export_to(task, reader, exposure, live)
    return ExposurePlan(key, exposure, desired, live, plan_steps(key, desired, live, adopt))
