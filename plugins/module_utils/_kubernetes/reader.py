# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Reads of the cluster, as everything but the client itself sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from .errors import ForbiddenError, UnknownKindError
from .objects import Manifest, Ref


class Reader(Protocol):
    """Reads live objects, as the client does; both may raise ClusterError."""

    def find(
        self, kind: str, labels: Mapping[str, str], namespace: str | None = None, selectors: Iterable[str] = ()
    ) -> list[Manifest]:
        """All objects of a kind with these labels; namespace None means the whole cluster."""

    def get(self, at: Ref) -> Manifest | None:
        """A live object, or None if there is none."""


def find_if_allowed(
    reader: Reader, kind: str, labels: Mapping[str, str], namespace: str | None = None, selectors: Iterable[str] = ()
) -> list[Manifest] | None:
    """As Reader.find(), but None where these credentials may not list the kind."""
    try:
        return reader.find(kind, labels, namespace, selectors)
    except ForbiddenError:
        return None


def find_if_known(
    reader: Reader, kind: str, labels: Mapping[str, str], namespace: str | None = None, selectors: Iterable[str] = ()
) -> list[Manifest]:
    """As Reader.find(), but there are none of a kind that the API server does not know."""
    try:
        return reader.find(kind, labels, namespace, selectors)
    except UnknownKindError:
        return []


def find_where_allowed(
    reader: Reader, kind: str, labels: Mapping[str, str], namespaces: Iterable[str], selectors: Iterable[str] = ()
) -> list[Manifest]:
    """All objects in the whole cluster or, with credentials for less, in those of the namespaces that may be listed."""
    conditions = tuple(selectors)
    everywhere = find_if_allowed(reader, kind, labels, None, conditions)
    if everywhere is not None:
        return everywhere
    by_namespace = [find_if_allowed(reader, kind, labels, name, conditions) or [] for name in sorted(set(namespaces))]
    return [live for objects in by_namespace for live in objects]
