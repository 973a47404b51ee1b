# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.
"""The options of istio_exposures: a list of exposures, what they have in common, and what else is to go. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._checks.finding import parse_levels
from .._kubernetes.objects import Key, merged
from .argument_spec import EXPOSURE, ArgumentSpec
from .exposure import Exposure, parse, parse_name
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
# So many mistakes are told at once.
MOST_TOLD = 10


@dataclass(frozen=True)
class Entry:
    """One exposure of the list (None: it is to go), and what else the list says of it. where is for messages."""

    where: str
    key: Key
    exposure: Exposure | None
    adopt: bool = False
    levels: Mapping[str, str] = field(default_factory=dict)
    wait: bool = False
    probe: Probe = field(default_factory=Probe)

    def __str__(self) -> str:
        return f"{self.where} ({'/'.join(self.key)})"


@dataclass(frozen=True)
class Scope:
    """Where exposures that are not in the list are removed."""

    namespaces: tuple[str, ...]
    label_selectors: tuple[str, ...] = ()

    @property
    def is_everywhere(self) -> bool:
        return "*" in self.namespaces

    def has(self, key: Key) -> bool:
        """Whether an exposure is within it, labels left out."""
        return self.is_everywhere or key[0] in self.namespaces


@dataclass(frozen=True)
class Asked:
    """What a task of istio_exposures is to do."""

    entries: tuple[Entry, ...]
    prune: Scope | None
    goes_on: bool
    concurrency: int
    wait_timeout: float
    cluster_domain: str


def parse_list(params: Mapping[str, Any], in_file: list[Any] | None = None) -> Asked:
    """What a module's params (see LIST) ask for, with what the file src says if it is given.

    Raises OptionError, with all mistakes in one sentence each.
    """
    if not 1 <= params["concurrency"] <= _MOST_CONCURRENT:
        raise OptionError(f"concurrency: give a number from 1 to {_MOST_CONCURRENT}.")
    where, given = ("exposures", params["exposures"]) if in_file is None else ("src", in_file)
    return Asked(
        entries=_entries(where, given, _defaults(params["defaults"] or {})),
        prune=_scope(params["prune"]) if params["prune"] else None,
        goes_on=params["on_error"] == "continue",
        concurrency=params["concurrency"],
        wait_timeout=params["wait_timeout"],
        cluster_domain=params["cluster_domain"],
    )


def told(mistakes: Iterable[str]) -> str:
    """Several sentences as one message: the first few, and how many more there are."""
    every = list(mistakes)
    more = f" And {len(every) - MOST_TOLD} more like these." if len(every) > MOST_TOLD else ""
    return " ".join(every[:MOST_TOLD]) + more


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


def _entries(listed_in: str, given: list[Any], defaults: dict[str, Any]) -> tuple[Entry, ...]:
    found: dict[Key, Entry] = {}
    mistakes = []
    for index, options in enumerate(given):
        where = f"{listed_in}[{index}]"
        try:
            entry = _entry(where, options, defaults)
            if entry.key in found:
                raise OptionError(f"{where}: the exposure {'/'.join(entry.key)} is also {found[entry.key].where}.")
            found[entry.key] = entry
        except OptionError as error:
            mistakes.append(str(error))
    if mistakes:
        raise OptionError(told(mistakes))
    return tuple(found.values())


def _entry(where: str, options: Any, defaults: dict[str, Any]) -> Entry:
    if not isinstance(options, dict):
        raise OptionError(f"{where}: it must be a dictionary with options of istio_exposure.")
    _check_names(where, options)
    params = validated(where, merged(defaults, options))
    try:
        return Entry(
            where=where,
            key=parse_name(params),
            exposure=parse(params) if params["state"] == "present" else None,
            adopt=params["adopt"],
            levels=parse_levels(params["checks"]),
            wait=params["wait"],
            probe=parse_probe(params["probe"]),
        )
    except OptionError as error:
        raise OptionError(f"{where}.{error}") from error
