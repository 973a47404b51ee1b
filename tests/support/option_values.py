# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every option of an example with everything that YAML, Jinja and surveys may make of it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

# The names and indexes on the way to a value.
Place = tuple[Any, ...]
VALUES: list[Any] = [
    None,
    "",
    " \n",
    0,
    -1,
    5,
    "5",
    True,
    "true",
    1.5,
    "1.5",
    [],
    {},
    [None],
    [5],
    [[]],
    [{"x": [1]}],
    {"x": None},
    {"x": 1.5},
    {"x": [{"y": 5}]},
    "[a, 5]",
    "a, b",
    "{a: 5}",
    "{",
    "a=b",
    "ü\n#: ?",
]


def places(spec: Mapping[str, Any], example: Mapping[str, Any], above: Place = ()) -> Iterator[Place]:
    """Where the options are in an example; of a list the first entry, which need not be there."""
    for name, definition in spec.items():
        yield (*above, name)
        inner = example.get(name)
        if "options" in definition and isinstance(inner, list):
            for index, entry in enumerate(inner):
                yield from places(definition["options"], entry, (*above, name, index))
        elif "options" in definition and inner is not None:
            yield from places(definition["options"], inner, (*above, name))


def changed(example: Mapping[str, Any], place: Place, value: Any) -> dict[str, Any]:
    """The example with another value at a place."""
    result = copy.deepcopy(dict(example))
    inner: Any = result
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return result


def words(place: Place) -> str:
    """The option as messages name it."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return text.removeprefix(".")


def every_change(
    spec: Mapping[str, Any], examples: list[dict[str, Any]]
) -> Iterator[tuple[Place, Any, dict[str, Any]]]:
    """Each option once, with each value: its place, the value, and the example with it."""
    seen = set()
    for example in examples:
        for place in places(spec, example):
            if words(tuple(step for step in place if isinstance(step, str))) not in seen:
                seen.add(words(tuple(step for step in place if isinstance(step, str))))
                for value in VALUES:
                    yield place, value, changed(example, place, value)
