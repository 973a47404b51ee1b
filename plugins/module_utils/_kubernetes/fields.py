# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Fields of objects by their path, and which of them server-side apply says are ours (managedFields). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .objects import FIELD_MANAGER, Manifest

FieldPath = tuple[str, ...]


def fields(manifest: Manifest) -> dict[FieldPath, Any]:
    """A manifest's fields by path, down to scalars and lists, without what only says which object it is.

    Lists are not entered: those of Istio's resources and of Certificates are atomic, one manager owns all of a list
    (https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy).
    """
    by_path: dict[FieldPath, Any] = {}
    _walk(content(manifest), (), by_path)
    return by_path


def content(manifest: Manifest) -> Manifest:
    """A manifest without what only says which object it is."""
    metadata = {key: value for key, value in manifest["metadata"].items() if key in ("labels", "annotations")}
    return {"metadata": metadata, **{key: manifest[key] for key in ("spec", "data") if key in manifest}}


def _walk(value: Any, path: FieldPath, by_path: dict[FieldPath, Any]) -> None:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            _walk(inner, (*path, key), by_path)
    else:
        by_path[path] = value


def has_all(live: Manifest, wanted: Mapping[FieldPath, Any]) -> bool:
    """Whether an object has all these fields with these values."""
    for path, value in wanted.items():
        live_value: Any = live
        for key in path:
            live_value = live_value.get(key) if isinstance(live_value, dict) else None
        if live_value != value or live_value is None:
            return False
    return True


def owned_fields(live: Manifest) -> set[FieldPath]:
    """The paths of the fields that our last server-side apply set and nobody has changed since.

    Read from metadata.managedFields
    (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/, FieldsV1).
    """
    paths: set[FieldPath] = set()
    for entry in live["metadata"].get("managedFields") or []:
        if entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply" and not entry.get("subresource"):
            _leaves(entry.get("fieldsV1") or {}, (), paths)
    return paths


def is_written_by_us(live: Manifest) -> bool:
    """Whether we have applied or created the object, and still own a field of it."""
    return any(entry.get("manager") == FIELD_MANAGER for entry in live["metadata"].get("managedFields") or [])


def was_created(live: Manifest) -> bool:
    """Whether we own fields of it by a create, not an apply. Server-side apply would never remove those."""
    return any(map(_is_ours_by_create, live["metadata"].get("managedFields") or []))


def created_as_applied(live: Manifest) -> list[dict[str, Any]]:
    """managedFields as if our create had been an apply."""
    entries: list[dict[str, Any]] = live["metadata"].get("managedFields") or []
    return [{**entry, "operation": "Apply"} if _is_ours_by_create(entry) else entry for entry in entries]


def _is_ours_by_create(entry: Mapping[str, Any]) -> bool:
    return (entry.get("manager"), entry.get("operation")) == (FIELD_MANAGER, "Update") and not entry.get("subresource")


def as_applied(manifest: Manifest, live: Manifest | None) -> Manifest:
    """The live object after an apply of the manifest, as far as a plan reads it."""
    metadata = {**(live["metadata"] if live else {}), **manifest["metadata"]}
    if live:
        kept = fields({"metadata": live["metadata"]}).keys() - owned_fields(live)
        others = pick(live, kept).get("metadata", {})
        for part in ("labels", "annotations"):
            metadata[part] = {**others.get(part, {}), **manifest["metadata"].get(part, {})}
    tree: dict[str, Any] = {}
    for path in fields(manifest):
        inner = tree
        for key in path:
            inner = inner.setdefault(f"f:{key}", {})
    metadata["managedFields"] = [{"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": tree}]
    return {**manifest, "metadata": metadata}


def _leaves(tree: Mapping[str, Any], path: FieldPath, paths: set[FieldPath]) -> None:
    """Paths of a FieldsV1 tree: 'f:' keys are fields; anything else ('.', 'k:', 'v:', 'i:') is inside one."""
    is_leaf = True
    for key, inner in tree.items():
        if key.startswith("f:"):
            is_leaf = False
            _leaves(inner, (*path, key[2:]), paths)
    if is_leaf and path:
        paths.add(path)


def pick(manifest: Manifest, paths: Iterable[FieldPath]) -> dict[str, Any]:
    """The part of an object at the given paths; paths that it does not have are left out."""
    part: dict[str, Any] = {}
    for path in sorted(paths):
        value: Any = manifest
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None:
            inner = part
            for key in path[:-1]:
                inner = inner.setdefault(key, {})
            inner[path[-1]] = value
    return part
