# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Reads shared by many threads that wait at the same time: one request answers all of them for a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from .errors import ForbiddenError
from .objects import Manifest, Ref, ref
from .reader import Reader

_SECONDS = 1.0


@dataclass
class _Answer:
    """The last answer to one question, and the lock of the thread that asks for the next one."""

    asking: threading.Lock = field(default_factory=threading.Lock)
    valid_until: float = 0.0
    value: Any = None


class RecentReader:
    """A Reader whose answers are up to a second old. Certificates are listed, one namespace at a time."""

    def __init__(self, reader: Reader, clock: Callable[[], float] = time.monotonic) -> None:
        self._reader = reader
        self._clock = clock
        self._answers: dict[tuple[object, ...], _Answer] = {}
        self._guard = threading.Lock()

    def find(
        self, kind: str, labels: Mapping[str, str], namespace: str | None = None, selectors: Iterable[str] = ()
    ) -> list[Manifest]:
        conditions = tuple(selectors)
        question = ("find", kind, tuple(sorted(labels.items())), namespace, conditions)
        objects: list[Manifest] = self._ask(question, lambda: self._reader.find(kind, labels, namespace, conditions))
        return objects

    def get(self, at: Ref) -> Manifest | None:
        if at.kind == "Certificate":
            with suppress(ForbiddenError):  # a single one may still be allowed
                return self._certificates(at.namespace).get(at)
        live: Manifest | None = self._ask(("get", at), lambda: self._reader.get(at))
        return live

    def _certificates(self, namespace: str) -> dict[Ref, Manifest]:
        def list_them() -> dict[Ref, Manifest]:
            return {ref(live): live for live in self._reader.find("Certificate", {}, namespace)}

        by_ref: dict[Ref, Manifest] = self._ask(("certificates", namespace), list_them)
        return by_ref

    def _ask(self, question: tuple[object, ...], read: Callable[[], Any]) -> Any:
        with self._guard:
            answer = self._answers.setdefault(question, _Answer())
        with answer.asking:
            if self._clock() >= answer.valid_until:
                answer.value = read()
                answer.valid_until = self._clock() + _SECONDS
            return answer.value
