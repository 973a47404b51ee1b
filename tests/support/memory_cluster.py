# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster in memory, for tests of what is read, and of rights, that would need a cluster each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ansible_collections.gatehouse.istio.plugins.module_utils._istio.references import selects
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.errors import ClusterError
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest, Ref, ref

# Kind, namespace (None: all), and name (None: a list) of a read → the error with which it is refused.
Refuse = Callable[[str, "str | None", "str | None"], "ClusterError | None"]


def allow_all(_kind: str, _namespace: str | None, _name: str | None) -> ClusterError | None:
    return None


class MemoryCluster:
    """Reads as the client does. asked are all reads, such as "list Gateway *" and "get Secret shop/cert"."""

    def __init__(self, *objects: Manifest, refuse: Refuse = allow_all) -> None:
        self.objects = {ref(entry): entry for entry in objects}
        self.asked: list[str] = []
        self._refuse = refuse

    def find(
        self,
        kind: str,
        labels: Mapping[str, str],
        namespace: str | None = None,
        selectors: Iterable[str] = (),
        fields: str = "",
    ) -> list[Manifest]:
        said = [*(f"{key}={value}" for key, value in labels.items()), *selectors, *([fields] if fields else [])]
        self.asked.append(f"list {kind} {namespace or '*'} {','.join(said)}".strip())
        self._check(kind, namespace, None)
        here = [entry for at, entry in self.objects.items() if at.kind == kind and namespace in (None, at.namespace)]
        return [entry for entry in here if selects(labels, entry["metadata"].get("labels"))]

    def get(self, at: Ref) -> Manifest | None:
        self.asked.append(f"get {at}")
        self._check(at.kind, at.namespace, at.name)
        return self.objects.get(at)

    def _check(self, kind: str, namespace: str | None, name: str | None) -> None:
        error = self._refuse(kind, namespace, name)
        if error:
            raise error
