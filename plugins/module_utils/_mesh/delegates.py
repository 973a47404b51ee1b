# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""VirtualServices that others delegate routes to, and when istiod leaves a delegate out. Pure.

The rules are those of istiod's mergeVirtualServices: a delegate has no hosts, is exported to the namespace
of its root, and each of its matches lies within one of the root's route.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._kubernetes.objects import Manifest
from .settings import DEFAULT_SETTINGS, MeshSettings
from .visibility import is_visible

_TEXTS = ("uri", "scheme", "method", "authority")
_MAPS = ("headers", "withoutHeaders", "queryParams")


@dataclass(frozen=True)
class Delegation:
    """A route of a root that hands requests over: its place, such as http[2], and namespace/name of the delegate."""

    where: str
    route: Mapping[str, Any]
    name: str


def delegations(virtual_service: Manifest) -> Iterator[Delegation]:
    """The routes of a VirtualService that have a delegate."""
    own_namespace = virtual_service["metadata"]["namespace"]
    for index, route in enumerate(virtual_service["spec"].get("http") or []):
        delegate = route.get("delegate")
        if delegate:
            name = f"{delegate.get('namespace') or own_namespace}/{delegate.get('name')}"
            yield Delegation(f"http[{index}]", route, name)


def why_left_out(
    delegation: Delegation, delegate: Manifest, root_namespace: str, settings: MeshSettings = DEFAULT_SETTINGS
) -> str | None:
    """Why istiod does not use a delegate; None if it does."""
    spec = delegate["spec"]
    if spec.get("hosts"):
        return "it has hosts of its own"
    if not is_visible(delegate, root_namespace, settings):
        return f"its exportTo leaves out namespace {root_namespace}"
    routes = spec.get("http") or []
    if routes and not any(fits(delegation.route, route) for route in routes):
        return f"none of its matches lies within that of {delegation.where}"
    return None


def fits(root: Mapping[str, Any], route: Mapping[str, Any]) -> bool:
    """Whether istiod keeps a delegate's route: each of its matches must be within one of the root's route."""
    outer, inner = root.get("match") or [], route.get("match") or []
    return not outer or all(any(_is_within(match, wider) for wider in outer) for match in inner)


def _is_within(match: Mapping[str, Any], wider: Mapping[str, Any]) -> bool:
    texts = ((match.get(key), wider.get(key)) for key in _TEXTS)
    entries = (
        (value, (wider.get(key) or {}).get(name)) for key in _MAPS for name, value in (match.get(key) or {}).items()
    )
    if any(_conflicts(outer, inner) for pairs in (texts, entries) for inner, outer in pairs):
        return False
    if bool(match.get("ignoreUriCase")) != bool(wider.get("ignoreUriCase")):
        return False
    if match.get("port") and wider.get("port") and match["port"] != wider["port"]:
        return False
    outer_gateways, gateways = wider.get("gateways") or [], match.get("gateways") or []
    return not outer_gateways or not gateways or set(gateways) <= set(outer_gateways)


def _conflicts(outer: Any, inner: Any) -> bool:
    """As istiod compares two string matches: beside a regular expression there is no other, not even the same."""
    if not outer or not inner:
        return False
    if not isinstance(outer, Mapping) or not isinstance(inner, Mapping) or "regex" in outer or "regex" in inner:
        return True
    if "exact" in outer:
        return inner != outer
    prefix = str(outer.get("prefix", ""))
    return not str(inner.get("prefix") or inner.get("exact") or "").startswith(prefix)
