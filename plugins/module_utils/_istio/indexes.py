# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Indexes, so that checks of thousands of hosts compare only those that can conflict. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, wraps
from typing import Any, Generic, Protocol, TypeVar

from .hosts import is_within, narrower_of

T = TypeVar("T")
V = TypeVar("V")
_FEW = 4


class Remembers(Protocol):
    """An object that keeps the results of functions of it, see once()."""

    @property
    def memory(self) -> dict[Any, Any]: ...


R = TypeVar("R", bound=Remembers)


def once(function: Callable[[R], V]) -> Callable[[R], V]:
    """Calls a function once for each object, which remembers the result, however many exposures ask for it."""

    @wraps(function)
    def remembered(thing: R) -> V:
        if function not in thing.memory:
            thing.memory[function] = function(thing)
        result: V = thing.memory[function]
        return result

    return remembered


class ByName(Generic[T]):
    """Things by the names of the objects that they are about."""

    def __init__(self, things: Iterable[tuple[T, Iterable[str]]]) -> None:
        self._things: list[T] = []
        self._at: dict[str, list[int]] = {}
        for position, (thing, names) in enumerate(things):
            self._things.append(thing)
            for name in names:
                self._at.setdefault(name, []).append(position)

    def of(self, *names: str) -> list[T]:
        """The things about any of the names, in their order, each once."""
        if not self._at:  # as nearly always where the things are mistakes
            return []
        return [self._things[at] for at in sorted({at for name in names for at in self._at.get(name, ())})]


class ByHost(Generic[T]):
    """Things by their host, which may have a wildcard.

    Wider hosts are looked up by cutting the host to the few lengths that wildcards have, narrower ones by their end. Of
    a few things, as most Gateways have, each is looked at.
    """

    def __init__(self, things: Iterable[tuple[str, T]]) -> None:
        self._things = list(things)

    @cached_property
    def _at(self) -> dict[str, list[int]]:
        at: dict[str, list[int]] = {}
        for position, (host, _thing) in enumerate(self._things):
            at.setdefault(host, []).append(position)
        return at

    @cached_property
    def _wildcards(self) -> set[int]:
        return {len(host) for host in self._at if host.startswith("*")}

    @cached_property
    def _backwards(self) -> list[str]:
        return sorted(host[::-1] for host in self._at)

    def meeting(self, host: str) -> list[tuple[str, T]]:
        """The things with a host in common with this one, in their order, each with the narrower of the two hosts."""
        if len(self._things) <= _FEW:
            narrow = [(narrower_of(host, name), thing) for name, thing in self._things]
            return [(name, thing) for name, thing in narrow if name is not None]
        wider = {host} if host in self._at else set()
        for length in self._wildcards:
            if length <= len(host):
                wider.add(f"*{host[len(host) - length + 1 :]}")
        matches = [(at, host) for name in wider for at in self._at.get(name, ())]
        if host.startswith("*"):
            narrower = [name for name in self._ending(host[1:]) if name not in wider and is_within(name, host)]
            matches += [(at, name) for name in narrower for at in self._at[name]]
        return [(narrow, self._things[at][1]) for at, narrow in sorted(matches)]

    def _ending(self, end: str) -> Iterable[str]:
        """Hosts with this end: they lie side by side where all are sorted from their last letter to the first."""
        first = end[::-1]
        for at in range(bisect_left(self._backwards, first), len(self._backwards)):
            if not self._backwards[at].startswith(first):
                return
            yield self._backwards[at][::-1]


class ByLabels(Generic[T]):
    """Things by their labels, such as pods."""

    def __init__(self, things: Iterable[tuple[Mapping[str, str] | None, T]]) -> None:
        self._things = [(labels or {}, thing) for labels, thing in things]
        self._at: dict[tuple[str, str], list[int]] = {}
        for position, (labels, _thing) in enumerate(self._things):
            for label in labels.items():
                self._at.setdefault(label, []).append(position)

    def matching(self, selector: Mapping[str, str] | None) -> list[T]:
        """The things that a selector matches. An empty one matches all, as a Gateway's does."""
        wanted = (selector or {}).items()
        with_one = [self._at.get(label, []) for label in wanted]
        candidates = min(with_one, key=len) if with_one else range(len(self._things))
        return [self._things[at][1] for at in candidates if wanted <= self._things[at][0].items()]


class BySelector(Generic[T]):
    """Things by their selector, such as Gateways and Services."""

    def __init__(self, things: Iterable[tuple[Mapping[str, str] | None, T]]) -> None:
        self._things: list[T] = []
        self._at: dict[frozenset[tuple[str, str]], list[int]] = {}
        for position, (selector, thing) in enumerate(things):
            self._things.append(thing)
            self._at.setdefault(frozenset((selector or {}).items()), []).append(position)
        # There are few different selectors. One label of each is enough to look it up, as all of them must match.
        self._by_label: dict[tuple[str, str] | None, list[frozenset[tuple[str, str]]]] = {}
        for different in self._at:
            self._by_label.setdefault(min(different, default=None), []).append(different)

    def selecting(self, labels: Mapping[str, str] | None) -> list[T]:
        """The things whose selector matches the labels, in their order."""
        pairs = (labels or {}).items()
        candidates = (selector for label in (None, *pairs) for selector in self._by_label.get(label, ()))
        matching = [selector for selector in candidates if selector <= pairs]
        return [self._things[at] for at in sorted(at for selector in matching for at in self._at[selector])]
