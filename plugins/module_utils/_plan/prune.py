# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.
"""Which exposures of ours are within a scope, and not in the list."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from .._kubernetes.client import FORBIDDEN, ClusterError
from .._kubernetes.objects import (
    FIELD_MANAGER,
    MANAGED_BY,
    Key,
    Manifest,
    owner,
)
from .._kubernetes.reader import Reader
from .._manifests.shared_gateway import exposures_on, is_shared
from .._options.exposure_list import Scope
from .._options.values import OptionError

# An exposure whose removal was interrupted may have only one of these left.
_KINDS = ("VirtualService", "Gateway", "DestinationRule", "Certificate")
_OURS = {MANAGED_BY: FIELD_MANAGER}
_BAD_REQUEST = 400


def to_prune(reader: Reader, scope: Scope, keep: Collection[Key]) -> list[Key]:
    """The exposures (namespace, name) to remove. Raises OptionError or ClusterError."""
    found = {key for kind in _KINDS for live in _ours(reader, kind, scope) for key in _exposures(live, scope)}
    return sorted(key for key in found if scope.has(key) and key not in keep)


def _exposures(live: Manifest, scope: Scope) -> Iterator[Key]:
    """Whose an object is. A shared Gateway has no labels of its exposures, so a condition on them does not meet it."""
    if is_shared(live):
        for name in exposures_on(live) if not scope.label_selectors else []:
            namespace, _slash, rest = name.partition("/")
            yield namespace, rest
        return
    key = owner(live)
    if key:
        yield key


def _ours(reader: Reader, kind: str, scope: Scope) -> list[Manifest]:
    """In the whole cluster, or where the caller may read: an exposure's VirtualService is in its own namespace."""
    try:
        return reader.find(kind, _OURS, None, scope.label_selectors)
    except ClusterError as error:
        if error.kind_is_unknown:
            return []
        if error.status == _BAD_REQUEST and scope.label_selectors:
            raise OptionError(f"prune.label_selectors: {error}") from error
        if error.status != FORBIDDEN:
            raise
        if scope.is_everywhere:
            raise ClusterError(
                f"prune.namespaces: '*' takes the right to list {kind}s in all namespaces; name namespaces instead "
                f"(the API server: {error}).",
                error.status,
            ) from error
    return [live for namespace in sorted(set(scope.namespaces)) for live in _there(reader, kind, scope, namespace)]


def _there(reader: Reader, kind: str, scope: Scope, namespace: str) -> list[Manifest]:
    try:
        return reader.find(kind, _OURS, namespace, scope.label_selectors)
    except ClusterError as error:
        if error.status != FORBIDDEN or kind == "VirtualService":
            raise
        return []  # who may not even read there has made none there
