# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.
"""The options of istio_exposures: a list of exposures, what they have in common, and what else is to go. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._argspec import ArgumentSpec
from .._kubernetes.objects import ExposureKey, merged
from .argument_spec import EXPOSURE
from .check_levels import parse_levels
from .exposure import Exposure, parse, parse_key
from .nested import validated
from .probe import Probe, parse_probe
from .values import OptionError, check_label

LIST = ArgumentSpec(
    argument_spec={
        "exposures": {"type": "list", "elements": "dict"},
        "src": {"type": "path"},
        "defaults": {"type": "dict"},
        "prune": {
            "type": "dict",
            "options": {
                "namespaces": {"type": "list", "elements": "str", "required": True},
                "label_selectors": {"type": "list", "elements": "str", "default": []},
            },
        },
        "on_error": {"type": "str", "choices": ["stop", "continue"], "default": "stop"},
        "concurrency": {"type": "int", "default": 8},
        "wait_timeout": {"type": "int", "default": 300},
        "cluster_domain": {"type": "str", "default": "cluster.local"},
    },
    mutually_exclusive=[("exposures", "src")],
    required_one_of=[("exposures", "src")],
)
_OF_THE_TASK = ("wait_timeout", "cluster_domain")
_MOST_CONCURRENT = 64
# So many messages are in one.
MOST_MESSAGES = 10


@dataclass(frozen=True)
class Entry:
    """One exposure of a task (None: it is to be removed), and the options about how.

    place is where the list has it, for messages; a task with a single exposure has none.
    """

    place: str
    key: ExposureKey
    exposure: Exposure | None
    adopt: bool = False
    levels: Mapping[str, str] = field(default_factory=dict)
    wait: bool = False
    probe: Probe = field(default_factory=Probe)

    def __str__(self) -> str:
        return f"{self.place} ({self.key})" if self.place else ""


@dataclass(frozen=True)
class Scope:
    """Where exposures that are not in the list are removed."""

    namespaces: tuple[str, ...]
    label_selectors: tuple[str, ...] = ()

    @property
    def is_everywhere(self) -> bool:
        return "*" in self.namespaces

    def has(self, key: ExposureKey) -> bool:
        """Whether an exposure is within it, labels left out."""
        return self.is_everywhere or key[0] in self.namespaces


@dataclass(frozen=True)
class ListRequest:
    """A task: its exposures (istio_exposure has one), what else is to be removed, and how it goes about it.

    goes_on: whether the others go on when an exposure fails. concurrency: requests at a time. wait_timeout: seconds.
    """

    entries: tuple[Entry, ...]
    prune: Scope | None = None
    goes_on: bool = False
    concurrency: int = 1
    wait_timeout: float = 300
    cluster_domain: str = "cluster.local"


def parse_single(params: Mapping[str, Any]) -> ListRequest:
    """The request of a task of istio_exposure, a list of one; raises OptionError."""
    return ListRequest(
        entries=(_entry("", params),), wait_timeout=params["wait_timeout"], cluster_domain=params["cluster_domain"]
    )


def parse_list(params: Mapping[str, Any], from_file: list[Any] | None = None) -> ListRequest:
    """What a module's params (see LIST) ask for, with what the file src says if it is given.

    Raises OptionError, with all mistakes in one sentence each.
    """
    if not 1 <= params["concurrency"] <= _MOST_CONCURRENT:
        raise OptionError(f"concurrency: give a number from 1 to {_MOST_CONCURRENT}.")
    option, listed = ("exposures", params["exposures"]) if from_file is None else ("src", from_file)
    return ListRequest(
        entries=_entries(option, listed, _defaults(params["defaults"] or {})),
        prune=_scope(params["prune"]) if params["prune"] else None,
        goes_on=params["on_error"] == "continue",
        concurrency=params["concurrency"],
        wait_timeout=params["wait_timeout"],
        cluster_domain=params["cluster_domain"],
    )


def listed_messages(mistakes: Iterable[str]) -> str:
    """Several sentences as one message: the first few, and how many more there are."""
    every = list(mistakes)
    more = f" And {len(every) - MOST_MESSAGES} more like these." if len(every) > MOST_MESSAGES else ""
    return " ".join(every[:MOST_MESSAGES]) + more


def _scope(options: Mapping[str, Any]) -> Scope:
    namespaces = tuple(options["namespaces"])
    if not namespaces:
        raise OptionError("prune.namespaces: the list is empty; name namespaces, or write '*' for all of them.")
    for index, namespace in enumerate(namespaces):
        if namespace != "*":
            check_label(f"prune.namespaces[{index}]", namespace)
    return Scope(namespaces, tuple(options["label_selectors"]))


def _defaults(given: dict[str, Any]) -> dict[str, Any]:
    _check_names("defaults", given)
    if "name" in given:
        raise OptionError("defaults.name: each exposure needs a name of its own; give it there.")
    return given


def _check_names(where: str, options: Mapping[str, Any]) -> None:
    for name in options:
        if name in _OF_THE_TASK:
            raise OptionError(f"{where}: {name} is for the whole task; give it beside the list.")
        if name not in EXPOSURE.argument_spec:
            raise OptionError(f"{where}: istio_exposure has no option {name}; correct or remove it.")


def _entries(list_option: str, listed: list[Any], defaults: dict[str, Any]) -> tuple[Entry, ...]:
    entries: dict[ExposureKey, Entry] = {}
    mistakes = []
    for index, options in enumerate(listed):
        place = f"{list_option}[{index}]"
        try:
            entry = _listed_entry(place, options, defaults)
            if entry.key in entries:
                raise OptionError(f"{place}: the exposure {entry.key} is also {entries[entry.key].place}.")
            entries[entry.key] = entry
        except OptionError as error:
            mistakes.append(str(error))
    if mistakes:
        raise OptionError(listed_messages(mistakes))
    return tuple(entries.values())


def _listed_entry(place: str, options: Any, defaults: dict[str, Any]) -> Entry:
    if not isinstance(options, dict):
        raise OptionError(f"{place}: it must be a dictionary with options of istio_exposure.")
    _check_names(place, options)
    params = validated(place, merged(defaults, options))
    try:
        return _entry(place, params)
    except OptionError as error:
        raise OptionError(f"{place}.{error}") from error


def _entry(place: str, params: Mapping[str, Any]) -> Entry:
    return Entry(
        place=place,
        key=parse_key(params),
        exposure=parse(params) if params["state"] == "present" else None,
        adopt=params["adopt"],
        levels=parse_levels(params["checks"]),
        wait=params["wait"],
        probe=parse_probe(params["probe"]),
    )
