# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.
"""One read of the cluster for many exposures: a LIST for each kind, from which then everything is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from .client import FORBIDDEN, Cluster, ClusterError
from .objects import Manifest, Ref, ref

# Listed whole, when the first one is asked for. Of other kinds there may be far more than anybody asks for.
_WHOLE = ("Gateway", "VirtualService", "DestinationRule", "Certificate", "Service")
# From so many Secrets of a namespace on, they are listed: one request then, but it takes the right to list them.
_SINGLE_SECRETS = 10
_NO_HELM_RELEASES = "type!=helm.sh/release.v1"
_SECRET_KEYS = ("cert", "key", "tls.crt", "tls.key", "ca.crt", "cacert")

Answer = TypeVar("Answer")


class Snapshot:
    """Reads like Cluster, each kind once. What may not be read fails each time as it did the first time.

    put() says what will be there: who is worked out later sees it.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._answers: dict[tuple[object, ...], object] = {}
        self._secrets_asked: dict[str, int] = {}
        self._to_come: dict[Ref, Manifest | None] = {}

    def put(self, at: Ref, live: Manifest | None) -> None:
        """What an object will be (None: it goes)."""
        self._to_come[at] = live

    def find(
        self, kind: str, labels: Mapping[str, str], namespace: str | None = None, selectors: Iterable[str] = ()
    ) -> list[Manifest]:
        conditions = tuple(selectors)
        if conditions or kind not in _WHOLE:
            key = ("find", kind, tuple(sorted(labels.items())), namespace, conditions)
            return self._once(key, lambda: self._cluster.find(kind, labels, namespace, conditions))
        found = self._shelf(kind, namespace).having(labels, namespace)
        return self._as_they_will_be(found) if self._to_come else found

    def get(self, at: Ref) -> Manifest | None:
        if at in self._to_come:
            return self._to_come[at]
        if at.kind == "Secret":
            return self._secret(at)
        if at.kind in _WHOLE:
            try:
                return self._shelf(at.kind, at.namespace).by_ref.get(at)
            except ClusterError as error:
                if error.status != FORBIDDEN:
                    raise
        return self._once(("get", at), lambda: self._cluster.get(at))

    def _as_they_will_be(self, found: list[Manifest]) -> list[Manifest]:
        """What goes is still told of: it is there now."""
        return [self._to_come.get(ref(live)) or live for live in found]

    def _secret(self, at: Ref) -> Manifest | None:
        if ("get", at) not in self._answers:
            self._secrets_asked[at.namespace] = self._secrets_asked.get(at.namespace, 0) + 1
        if self._secrets_asked.get(at.namespace, 0) > _SINGLE_SECRETS:
            try:
                return self._once(("secrets", at.namespace), lambda: self._secrets(at.namespace)).get(at)
            except ClusterError as error:
                if error.status != FORBIDDEN:
                    raise
        return self._once(("get", at), lambda: self._cluster.get(at))

    def _secrets(self, namespace: str) -> dict[Ref, Manifest]:
        """Without what is no certificate, and may be big."""
        found = self._cluster.find("Secret", {}, namespace, fields=_NO_HELM_RELEASES)
        return {ref(live): {**live, "data": _public_names(live)} for live in found}

    def _shelf(self, kind: str, namespace: str | None) -> _Shelf:
        """With all objects of the kind; if these may not be listed, those of the namespace."""
        try:
            return self._listed(kind, None)
        except ClusterError as error:
            if error.status != FORBIDDEN or namespace is None:
                raise
        return self._listed(kind, namespace)

    def _listed(self, kind: str, namespace: str | None) -> _Shelf:
        return self._once(("list", kind, namespace), lambda: _Shelf(self._cluster.find(kind, {}, namespace)))

    def _once(self, key: tuple[object, ...], ask: Callable[[], Answer]) -> Answer:
        if key not in self._answers:
            try:
                self._answers[key] = ask()
            except ClusterError as error:
                self._answers[key] = error
        answer = self._answers[key]
        if isinstance(answer, ClusterError):
            raise answer
        return answer  # type: ignore[return-value]  # what is kept under a key is always of the same type


def _public_names(secret: Manifest) -> dict[str, str]:
    data = secret.get("data") or {}
    return {key: data[key] for key in _SECRET_KEYS if key in data}


class _Shelf:
    """All objects of a kind, by name, namespace and label."""

    def __init__(self, objects: list[Manifest]) -> None:
        self.by_ref = {ref(live): live for live in objects}
        self._by_label: dict[tuple[str, str], list[Manifest]] = {}
        self._by_namespace: dict[str, list[Manifest]] = {}
        for live in objects:
            self._by_namespace.setdefault(live["metadata"]["namespace"], []).append(live)
            for label in (live["metadata"].get("labels") or {}).items():
                self._by_label.setdefault(label, []).append(live)

    def having(self, labels: Mapping[str, str], namespace: str | None) -> list[Manifest]:
        """Those with all of these labels, in a namespace or in all of them."""
        candidates = [self._by_label.get(label, []) for label in labels.items()]
        if namespace is not None:
            candidates.append(self._by_namespace.get(namespace, []))
        if not candidates:
            return list(self.by_ref.values())
        wanted = labels.items()
        return [
            live
            for live in min(candidates, key=len)
            if namespace in (None, live["metadata"]["namespace"])
            and wanted <= (live["metadata"].get("labels") or {}).items()
        ]
