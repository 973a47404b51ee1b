# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Reads of the cluster, as everything but the client itself sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from .objects import Manifest, Ref


class Reader(Protocol):
    """Reads live objects, as the client does; both may raise ClusterError."""

    def find(
        self, kind: str, labels: Mapping[str, str], namespace: str | None = None, selectors: Iterable[str] = ()
    ) -> list[Manifest]:
        """All objects of a kind with these labels; namespace None means the whole cluster."""

    def get(self, at: Ref) -> Manifest | None:
        """A live object, or None if there is none."""
