# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Cached reads for a task with many exposures: one LIST for each kind, however many of its objects are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Protocol, TypeVar

from .errors import ClusterError, ForbiddenError
from .objects import Manifest, Ref, ref
from .reader import Reader

# Listed whole when the first one is asked for. Of other kinds there may be far more than anybody asks for.
LISTED_KINDS = ("Gateway", "VirtualService", "DestinationRule", "Certificate", "Service")
# What is behind Services.
_SELECTED_KINDS = ("Pod", "EndpointSlice")
# From so many questions about a namespace on, all of it is listed: one request then, but it takes the right to do so.
_SINGLE_QUESTIONS = 10
_NO_HELM_RELEASES = "type!=helm.sh/release.v1"
_TLS_KEYS = ("cert", "key", "tls.crt", "tls.key", "ca.crt", "cacert")

Answer = TypeVar("Answer")


class FieldReader(Reader, Protocol):
    """A Reader that can also select by fields."""

    def find(
        self,
        kind: str,
        labels: Mapping[str, str],
        namespace: str | None = None,
        selectors: Iterable[str] = (),
        fields: str = "",
    ) -> list[Manifest]:
        """As Reader.find(), with a condition on fields (Kubernetes' field selector)."""


class Snapshot:
    """A Reader that asks each question once. What may not be read fails each time as it did the first time."""

    def __init__(self, reader: FieldReader, listed_kinds: Iterable[str] = LISTED_KINDS) -> None:
        self._reader = reader
        self._listed_kinds = frozenset(listed_kinds)
        self._answers: dict[tuple[object, ...], object] = {}
        self._questions: dict[tuple[str, str], set[object]] = {}

    def find(
        self, kind: str, labels: Mapping[str, str], namespace: str | None = None, selectors: Iterable[str] = ()
    ) -> list[Manifest]:
        conditions = tuple(selectors)
        if kind in _SELECTED_KINDS and namespace is not None and self._ask(kind, namespace, (kind, *labels.items())):
            with suppress(ForbiddenError):
                return self._listed(kind, namespace).with_labels(labels, namespace)
        if conditions or kind not in self._listed_kinds:
            question = ("find", kind, tuple(sorted(labels.items())), namespace, conditions)
            return self._once(question, lambda: self._reader.find(kind, labels, namespace, conditions))
        return self._index(kind, namespace).with_labels(labels, namespace)

    def get(self, at: Ref) -> Manifest | None:
        if at.kind == "Secret":
            return self._secret(at)
        if at.kind in self._listed_kinds:
            with suppress(ForbiddenError):  # a single one may still be allowed
                return self._index(at.kind, at.namespace).by_ref.get(at)
        return self._single(at)

    def _single(self, at: Ref) -> Manifest | None:
        return self._once(("get", at), lambda: self._reader.get(at))

    def _secret(self, at: Ref) -> Manifest | None:
        if self._ask(at.kind, at.namespace, at):
            with suppress(ForbiddenError):
                return self._once(("secrets", at.namespace), lambda: self._secrets(at.namespace)).get(at)
        return self._single(at)

    def _ask(self, kind: str, namespace: str, question: object) -> bool:
        """Whether there were so many different questions about a kind in a namespace that all of it is read."""
        questions = self._questions.setdefault((kind, namespace), set())
        questions.add(question)
        return len(questions) > _SINGLE_QUESTIONS

    def _secrets(self, namespace: str) -> dict[Ref, Manifest]:
        """Of each only what TLS needs: other keys may hold much."""
        objects = self._reader.find("Secret", {}, namespace, fields=_NO_HELM_RELEASES)
        return {ref(live): {**live, "data": _tls_data(live)} for live in objects}

    def _index(self, kind: str, namespace: str | None) -> _Index:
        """All objects of the kind; where these may not be listed, those of the namespace."""
        try:
            return self._listed(kind, None)
        except ForbiddenError:
            if namespace is None:
                raise
        return self._listed(kind, namespace)

    def _listed(self, kind: str, namespace: str | None) -> _Index:
        return self._once(("list", kind, namespace), lambda: _Index(self._reader.find(kind, {}, namespace)))

    def _once(self, question: tuple[object, ...], read: Callable[[], Answer]) -> Answer:
        if question not in self._answers:
            try:
                self._answers[question] = read()
            except ClusterError as error:
                self._answers[question] = error
        answer = self._answers[question]
        if isinstance(answer, ClusterError):
            raise answer
        return answer  # type: ignore[return-value]  # the answers to one question are of one type


def _tls_data(secret: Manifest) -> dict[str, str]:
    data = secret.get("data") or {}
    return {key: data[key] for key in _TLS_KEYS if key in data}


class _Index:
    """All objects of a kind, by name, namespace and label."""

    def __init__(self, objects: list[Manifest]) -> None:
        self.by_ref = {ref(live): live for live in objects}
        self._by_label: dict[tuple[str, str], list[Manifest]] = {}
        self._by_namespace: dict[str, list[Manifest]] = {}
        for live in objects:
            self._by_namespace.setdefault(live["metadata"]["namespace"], []).append(live)
            for label in (live["metadata"].get("labels") or {}).items():
                self._by_label.setdefault(label, []).append(live)

    def with_labels(self, labels: Mapping[str, str], namespace: str | None) -> list[Manifest]:
        """Those with all of these labels, in a namespace or (None) in all of them."""
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
