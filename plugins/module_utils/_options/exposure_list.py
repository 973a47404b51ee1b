# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The options of istio_exposures: a list of exposures, their defaults, and the scope of prune. Pure."""

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
_TASK_OPTIONS = ("wait_timeout", "cluster_domain")
_MAX_CONCURRENCY = 64
# How many sentences one message has at most.
MOST_MESSAGES = 10


@dataclass(frozen=True)
class Entry:
    """One exposure of a task, and how the task applies it. exposure is None with state=absent.

    place is the option's path in messages, such as exposures[0]; it is empty for the only exposure of istio_exposure.
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
    """Option prune: the namespaces ('*' for all) and label selectors within which unlisted exposures are removed."""

    namespaces: tuple[str, ...]
    label_selectors: tuple[str, ...] = ()

    @property
    def is_everywhere(self) -> bool:
        return "*" in self.namespaces

    def has(self, key: ExposureKey) -> bool:
        """Whether the exposure's namespace is in the scope. Its labels are not compared."""
        return self.is_everywhere or key[0] in self.namespaces


@dataclass(frozen=True)
class ListRequest:
    """What a task of istio_exposures asks for, or one of istio_exposure (with a single entry).

    goes_on is whether the task continues with the other exposures after one has failed. concurrency is the number of
    simultaneous requests, wait_timeout is in seconds.
    """

    entries: tuple[Entry, ...]
    prune: Scope | None = None
    goes_on: bool = False
    concurrency: int = 1
    wait_timeout: float = 300
    cluster_domain: str = "cluster.local"


def parse_single(params: Mapping[str, Any]) -> ListRequest:
    """The request of a task of istio_exposure, with a single entry; raises OptionError."""
    return ListRequest(
        entries=(_parse_entry("", params),),
        wait_timeout=params["wait_timeout"],
        cluster_domain=params["cluster_domain"],
    )


def parse_list(params: Mapping[str, Any], from_file: list[Any] | None = None) -> ListRequest:
    """The request of a module's params (see LIST); from_file is the list in the file src, if the task has one.

    Raises OptionError with a sentence for each mistake, see listed_messages().
    """
    if not 1 <= params["concurrency"] <= _MAX_CONCURRENCY:
        raise OptionError(
            f"concurrency: {params['concurrency']} is out of range; give a number from 1 to {_MAX_CONCURRENCY}."
        )
    option, listed = ("exposures", params["exposures"]) if from_file is None else ("src", from_file)
    defaults = {**_check_defaults(params["defaults"] or {}), "cluster_domain": params["cluster_domain"]}
    return ListRequest(
        entries=_parse_entries(option, listed, defaults),
        prune=_scope(params["prune"]) if params["prune"] else None,
        goes_on=params["on_error"] == "continue",
        concurrency=params["concurrency"],
        wait_timeout=params["wait_timeout"],
        cluster_domain=params["cluster_domain"],
    )


def listed_messages(mistakes: Iterable[str]) -> str:
    """One message from several sentences: the first MOST_MESSAGES, and the number of the others."""
    sentences = list(mistakes)
    omitted = len(sentences) - MOST_MESSAGES
    more = f" And {omitted} more like these." if omitted > 0 else ""
    return " ".join(sentences[:MOST_MESSAGES]) + more


def _scope(options: Mapping[str, Any]) -> Scope:
    namespaces = tuple(options["namespaces"])
    if not namespaces:
        raise OptionError("prune.namespaces: the list is empty; name namespaces, or write '*' for all of them.")
    for index, namespace in enumerate(namespaces):
        if namespace != "*":
            check_label(f"prune.namespaces[{index}]", namespace)
    return Scope(namespaces, tuple(options["label_selectors"]))


def _check_defaults(defaults: dict[str, Any]) -> dict[str, Any]:
    _check_option_names("defaults", defaults)
    if "name" in defaults:
        raise OptionError("defaults.name: each exposure needs its own name; remove it, and set the name in each entry.")
    return defaults


def _check_option_names(where: str, options: Mapping[str, Any]) -> None:
    for name in options:
        if name in _TASK_OPTIONS:
            raise OptionError(f"{where}: {name} applies to the whole task; set it as an option of the task.")
        if name not in EXPOSURE.argument_spec:
            raise OptionError(f"{where}: istio_exposure has no option {name}; correct or remove it.")


def _parse_entries(list_option: str, listed: list[Any], defaults: dict[str, Any]) -> tuple[Entry, ...]:
    entries: dict[ExposureKey, Entry] = {}
    mistakes = []
    for index, options in enumerate(listed):
        place = f"{list_option}[{index}]"
        try:
            entry = _parse_listed_entry(place, options, defaults)
            if entry.key in entries:
                raise OptionError(
                    f"{place}: the exposure {entry.key} is already {entries[entry.key].place}; remove one."
                )
            entries[entry.key] = entry
        except OptionError as error:
            mistakes.append(str(error))
    if mistakes:
        raise OptionError(listed_messages(mistakes))
    return tuple(entries.values())


def _parse_listed_entry(place: str, options: Any, defaults: dict[str, Any]) -> Entry:
    if not isinstance(options, dict):
        raise OptionError(f"{place}: it must be a dictionary with options of istio_exposure.")
    _check_option_names(place, options)
    params = validated(place, merged(defaults, options))
    try:
        return _parse_entry(place, params)
    except OptionError as error:
        raise OptionError(f"{place}.{error}") from error


def _parse_entry(place: str, params: Mapping[str, Any]) -> Entry:
    return Entry(
        place=place,
        key=parse_key(params),
        exposure=parse(params) if params["state"] == "present" else None,
        adopt=params["adopt"],
        levels=parse_levels(params["checks"]),
        wait=params["wait"],
        probe=parse_probe(params["probe"]),
    )
