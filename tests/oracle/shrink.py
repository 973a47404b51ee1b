# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A smaller scenario with the same disagreement: objects, then parts of them, are left out while it stays."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from oracle.program import Scenario

_KEPT = ("kind", "apiVersion", "spec", "name", "hosts")
_WHOLE = ("metadata", "selector", "port", "destination")  # and a server's tls
_MOST = 400


def shrunk(scenario: Scenario, still_disagrees: Callable[[Scenario], bool]) -> Scenario:
    """Asks at most some hundreds of times."""
    left = _MOST

    def works(smaller: Scenario) -> bool:
        nonlocal left
        left -= 1
        return left > 0 and still_disagrees(smaller)

    scenario = _fewer_objects(scenario, works)
    progress = True
    while progress and left > 0:
        progress = False
        for smaller in _with_less(scenario):
            if works(smaller):
                scenario, progress = smaller, True
                break
    return _fewer_objects(scenario, works)


def _fewer_objects(scenario: Scenario, works: Callable[[Scenario], bool]) -> Scenario:
    """First half of them are left out at a time, then fewer."""
    size = len(scenario.objects) // 2
    while size:
        begin = 0
        while begin < len(scenario.objects):
            objects = scenario.objects[:begin] + scenario.objects[begin + size :]
            smaller = replace(scenario, objects=objects)
            if works(smaller):
                scenario = smaller
            else:
                begin += size
        size //= 2
    return scenario


def _with_less(scenario: Scenario) -> Iterator[Scenario]:
    if scenario.mesh:
        yield replace(scenario, mesh={})
    if scenario.scoped:
        yield replace(scenario, scoped=False)
    for index, entry in enumerate(scenario.objects):
        if entry["kind"] in ("Gateway", "VirtualService", "DestinationRule", "ServiceEntry"):
            for less in _less(entry):
                objects = (*scenario.objects[:index], less, *scenario.objects[index + 1 :])
                yield replace(scenario, objects=objects)


def _less(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The object without one entry of one of its lists, or one of its optional parts."""
    for path in _paths(value):
        less = copy.deepcopy(value)
        at: Any = less
        for step in path[:-1]:
            at = at[step]
        del at[path[-1]]
        yield less


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            is_whole = key in _WHOLE or (key == "tls" and isinstance(inner, dict))
            if key not in _KEPT and not is_whole:
                yield (*path, key)
            if not is_whole:
                yield from _paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            if len(value) > 1:
                yield (*path, index)
            yield from _paths(inner, (*path, index))
