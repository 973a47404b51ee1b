# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.
"""The managed exposures that a list no longer holds."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from .._kubernetes.errors import ClusterError, ForbiddenError, UnknownKindError
from .._kubernetes.objects import (
    MANAGED,
    ExposureKey,
    Manifest,
    owner,
)
from .._kubernetes.reader import Reader
from .._manifests.shared_gateway import exposures_on, is_shared
from .._options.exposure_list import Scope
from .._options.values import OptionError

# An exposure of which a run or a removal was interrupted may have only one of these.
_KINDS = ("VirtualService", "Gateway", "DestinationRule", "Certificate", "Secret")
_BAD_REQUEST = 400


def to_prune(reader: Reader, scope: Scope, keep: Collection[ExposureKey]) -> list[ExposureKey]:
    """The managed exposures within the scope that are not to be kept. Raises OptionError or ClusterError."""
    objects = [live for kind in _KINDS for live in _managed_objects(reader, kind, scope)]
    existing = {key for live in objects for key in _exposures(live, scope)}
    return sorted(key for key in existing if scope.has(key) and key not in keep)


def _exposures(live: Manifest, scope: Scope) -> Iterator[ExposureKey]:
    """The exposures of an object. A shared Gateway carries no labels of theirs, so label selectors do not match it."""
    if is_shared(live):
        for name in exposures_on(live) if not scope.label_selectors else []:
            namespace, _slash, rest = name.partition("/")
            yield ExposureKey(namespace, rest)
        return
    key = owner(live)
    if key:
        yield key


def _managed_objects(reader: Reader, kind: str, scope: Scope) -> list[Manifest]:
    """In the whole cluster, or where these credentials may read: a VirtualService is in its exposure's namespace."""
    try:
        return reader.find(kind, MANAGED, None, scope.label_selectors)
    except UnknownKindError:
        return []
    except ForbiddenError as error:
        if kind == "Secret":  # these lie beside gateways' pods, in namespaces that are not named here
            return []
        if scope.is_everywhere:
            raise ClusterError(
                f"prune.namespaces: '*' takes the right to list {kind}s in all namespaces; name namespaces instead "
                f"(the API server: {error}).",
                error.status,
            ) from error
    except ClusterError as error:
        if error.status == _BAD_REQUEST and scope.label_selectors:
            raise OptionError(f"prune.label_selectors: {error}") from error
        raise
    return [live for name in sorted(set(scope.namespaces)) for live in _managed_in(reader, kind, scope, name)]


def _managed_in(reader: Reader, kind: str, scope: Scope, namespace: str) -> list[Manifest]:
    """Only VirtualServices must be readable: without the right to read a kind, none of it can have been created."""
    try:
        return reader.find(kind, MANAGED, namespace, scope.label_selectors)
    except ForbiddenError:
        if kind == "VirtualService":
            raise
        return []
