# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.
"""What becomes of one exposure's objects, worked out from one read of the cluster: options are in, steps are out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._kubernetes.objects import Key, Manifest, Ref, ref
from .._kubernetes.reader import Reader
from .._manifests.exposure import manifests, urls
from .._options.exposure import Exposure
from .._task import Task
from .credentials import (
    check_given_client_ca,
    find_pods_namespace,
)
from .export_to import check_it_is_seen
from .live import Picture, look
from .steps import Step, plan


@dataclass(frozen=True)
class Decision:
    """One exposure (None: it is to go), its objects as they are wanted, what there is of it, and what is to be done."""

    key: Key
    exposure: Exposure | None
    desired: list[Manifest]
    picture: Picture
    steps: list[Step]

    @property
    def changes(self) -> bool:
        return any(step.changes for step in self.steps)

    def gateway(self) -> Manifest | None:
        """The exposure's Gateway as it will be; None if it may not be read."""
        if self.exposure is None:
            return None
        at = Ref("Gateway", self.exposure.gateway.namespace, self.exposure.gateway.name)
        return {**self.picture.objects, **{ref(manifest): manifest for manifest in self.desired}}.get(at)

    def virtual_service(self) -> Manifest:
        return next(manifest for manifest in self.desired if manifest["kind"] == "VirtualService")

    def urls(self) -> list[str]:
        """Where the hosts are served."""
        exposure, gateway = self.exposure, self.gateway()
        if exposure is None or gateway is None or not exposure.is_http:
            return []
        redirected = exposure.gateway.http_port if exposure.tls.redirect else None
        return urls(exposure.hosts, gateway["spec"].get("servers") or [], redirected)

    def certificate(self) -> dict[str, Any]:
        """What a task returns of the Certificate, if it orders one."""
        for manifest in self.desired:
            if manifest["kind"] == "Certificate":
                at = ref(manifest)
                secret = manifest["spec"]["secretName"]
                return {"certificate": {"namespace": at.namespace, "name": at.name, "secret": secret}}
        return {}


def decide(task: Task, reader: Reader, key: Key, exposure: Exposure | None, adopt: bool = False) -> Decision:
    """Raises OptionError, OwnershipError or ClusterError if the cluster is not so that it can be done."""
    pods_namespace = find_pods_namespace(task, reader, exposure) if exposure else None
    desired = manifests(exposure, pods_namespace) if exposure else []
    picture = look(task, reader, key, exposure, desired)
    if exposure:
        check_given_client_ca(task, reader, key, exposure, pods_namespace)
        check_it_is_seen(task, reader, exposure, picture)
    return Decision(key, exposure, desired, picture, plan(key, desired, picture, adopt))
