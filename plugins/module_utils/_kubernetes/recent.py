# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.
"""Reads for many threads that wait at the same time: what one has just read, the others need not ask for again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .client import FORBIDDEN, Cluster, ClusterError
from .objects import Manifest, Ref, ref

_SECONDS = 1.0


@dataclass
class _Answer:
    """The last answer to one question, and the lock of who asks for the next one."""

    asking: threading.Lock = field(default_factory=threading.Lock)
    until: float = 0.0
    found: Any = None


class Recent:
    """Reads like Cluster; answers are up to a second old. Certificates are read together, namespace by namespace."""

    def __init__(self, cluster: Cluster, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._clock = clock
        self._answers: dict[tuple[object, ...], _Answer] = {}
        self._guard = threading.Lock()

    def find(
        self, kind: str, labels: Mapping[str, str], namespace: str | None = None, selectors: Iterable[str] = ()
    ) -> list[Manifest]:
        conditions = tuple(selectors)
        key = ("find", kind, tuple(sorted(labels.items())), namespace, conditions)
        found: list[Manifest] = self._ask(key, lambda: self._cluster.find(kind, labels, namespace, conditions))
        return found

    def get(self, at: Ref) -> Manifest | None:
        if at.kind == "Certificate":
            try:
                return self._certificates(at.namespace).get(at)
            except ClusterError as error:
                if error.status != FORBIDDEN:
                    raise
        found: Manifest | None = self._ask(("get", at), lambda: self._cluster.get(at))
        return found

    def _certificates(self, namespace: str) -> dict[Ref, Manifest]:
        def by_ref() -> dict[Ref, Manifest]:
            return {ref(live): live for live in self._cluster.find("Certificate", {}, namespace)}

        found: dict[Ref, Manifest] = self._ask(("certificates", namespace), by_ref)
        return found

    def _ask(self, key: tuple[object, ...], ask: Callable[[], Any]) -> Any:
        with self._guard:
            answer = self._answers.setdefault(key, _Answer())
        with answer.asking:
            if self._clock() >= answer.until:
                answer.found = ask()
                answer.until = self._clock() + _SECONDS
            return answer.found
