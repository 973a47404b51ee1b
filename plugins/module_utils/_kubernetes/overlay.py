# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Planned changes laid over what a reader reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .objects import Manifest, Ref, ref
from .reader import Reader


class Overlay:
    """A Reader that answers as if planned writes were done: what is planned later sees what is planned before."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._planned: dict[Ref, Manifest | None] = {}

    def put(self, at: Ref, planned: Manifest | None) -> None:
        """What an object is going to be (None: it is going to be deleted)."""
        self._planned[at] = planned

    def find(
        self, kind: str, labels: Mapping[str, str], namespace: str | None = None, selectors: Iterable[str] = ()
    ) -> list[Manifest]:
        """As the reader's. Objects about to be deleted are still listed; those about to be created are not."""
        objects = self._reader.find(kind, labels, namespace, selectors)
        return [self._planned.get(ref(live)) or live for live in objects] if self._planned else objects

    def get(self, at: Ref) -> Manifest | None:
        return self._planned[at] if at in self._planned else self._reader.get(at)
