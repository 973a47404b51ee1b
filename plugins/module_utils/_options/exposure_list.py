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
from .probe import Probe, parse_probe
from .typed import validated
from .values import OptionError, check_label, check_seconds

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
    mistake is what is wrong with its options, in a list whose other exposures are applied anyway.
    """

    place: str
    key: ExposureKey
    exposure: Exposure | None
    adopt: bool = False
    levels: Mapping[str, str] = field(default_factory=dict)
    wait: bool = False
    probe: Probe = field(default_factory=Probe)
    mistake: str = ""

    @property
    def is_removal(self) -> bool:
        return self.exposure is None and not self.mistake

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
        wait_timeout=check_seconds("wait_timeout", params["wait_timeout"]),
        cluster_domain=params["cluster_domain"],
    )


def parse_list(params: Mapping[str, Any], from_file: list[Any] | None = None) -> ListRequest:
    """The request of a module's params (see LIST); from_file is the list in the file src, if the task has one.

    Raises OptionError with a sentence for each mistake, see listed_messages(). With on_error=continue, mistakes of
    single exposures are in their entries instead.
    """
    if not 1 <= params["concurrency"] <= _MAX_CONCURRENCY:
        raise OptionError(
            f"concurrency: {params['concurrency']} is out of range; give a number from 1 to {_MAX_CONCURRENCY}."
        )
    option, listed = ("exposures", params["exposures"]) if from_file is None else ("src", from_file)
    defaults = {**_check_defaults(params["defaults"] or {}), "cluster_domain": params["cluster_domain"]}
    goes_on = params["on_error"] == "continue"
    return ListRequest(
        entries=_parse_entries(option, listed, defaults, goes_on),
        prune=_scope(params["prune"]) if params["prune"] else None,
        goes_on=goes_on,
        concurrency=params["concurrency"],
        wait_timeout=check_seconds("wait_timeout", params["wait_timeout"]),
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
    return validated("defaults", defaults, partial=True)


def _check_option_names(where: str, options: Mapping[str, Any]) -> None:
    for name in options:
        if name in _TASK_OPTIONS:
            raise OptionError(f"{where}: {name} applies to the whole task; set it as an option of the task.")
        if name not in EXPOSURE.argument_spec:
            raise OptionError(f"{where}: istio_exposure has no option {name}; correct or remove it.")


def _parse_entries(list_option: str, listed: list[Any], defaults: dict[str, Any], goes_on: bool) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    places: dict[ExposureKey, str] = {}
    mistakes = []
    for index, options in enumerate(listed):
        place = f"{list_option}[{index}]"
        try:
            entry = _parse_listed_entry(place, options, defaults)
            if entry.key in places:
                raise OptionError(f"{place}: the exposure {entry.key} is already {places[entry.key]}; remove one.")
            places[entry.key] = place
        except OptionError as error:
            mistakes.append(str(error))
            mistake = str(error).removeprefix(place).lstrip(".: ")
            entry = Entry(place, _named_key(options, defaults), None, mistake=mistake)
        entries.append(entry)
    if mistakes and not goes_on:
        raise OptionError(listed_messages(mistakes))
    return tuple(entries)


def _named_key(options: Any, defaults: Mapping[str, Any]) -> ExposureKey:
    """How the result names an exposure with a mistake, which may be in its name."""
    given = {**defaults, **options} if isinstance(options, dict) else {}
    return ExposureKey(*(str(given.get(name) or "") for name in ("namespace", "name")))


def _parse_listed_entry(place: str, options: Any, defaults: dict[str, Any]) -> Entry:
    if not isinstance(options, dict):
        raise OptionError(f"{place}: it must be a dictionary with options of istio_exposure.")
    _check_option_names(place, options)
    params = validated(place, merged(defaults, validated(place, options, partial=True)))
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
