# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Values as YAML, Jinja and AWX surveys make them → values of an argument spec's types, or an OptionError. Pure.

Ansible's own conversion comes after this one and has nothing left to do. It reads true as the text "True" and as the
port 1, and does not say in which entry of a list a mistake is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible.module_utils.common.validation import (
    check_mutually_exclusive,
    check_required_arguments,
    check_required_by,
    check_required_if,
    check_required_one_of,
    check_type_dict,
    check_type_path,
)
from ansible.module_utils.parsing.convert_bool import boolean

from .._argspec import ArgumentSpec
from .argument_spec import EXPOSURE
from .exposure_file import parse_text
from .values import PRIVATE_KEY, OptionError

Spec = Mapping[str, Any]
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+(\.0+)?")
# Commas of a label selector, as in "stage in (test,prod)", are not between entries.
_BETWEEN_ENTRIES = re.compile(r"\n|,(?![^(]*\))")
_EXPOSURE: Spec = {**EXPOSURE.module_arguments(), "options": EXPOSURE.argument_spec}
_MOST_SHOWN = 60
# Null or text without an entry there would remove more exposures than was meant. An empty list is meant.
_NEVER_EMPTY = "prune.label_selectors"


def typed(where: str, options: Mapping[str, Any], definition: Spec, partial: bool = False) -> dict[str, Any]:
    """The options with values of the types in the definition's `options`; null and empty text count as not given.

    where is the path of the options in messages, such as exposures[0]. With `partial` more options are added later:
    null stays, as it removes a default, and what options need or exclude is not checked. Raises OptionError.
    """
    spec = definition["options"]
    result: dict[str, Any] = {}
    for name, value in options.items():
        place = f"{where}.{name}" if where else str(name)
        if name not in spec:
            if definition is _EXPOSURE:
                raise OptionError(f"{where}: istio_exposure has no option {name}; correct or remove it.")
            raise OptionError(f"{where}: it has no option {name}; its options are {', '.join(spec)}.")
        if value is None and partial:
            result[name] = None
        elif value is not None and not (isinstance(value, str) and not value.strip()):
            result[name] = _value(place, value, spec[name], partial)
        if place == _NEVER_EMPTY and not isinstance(value, (list, tuple)) and not result.get(name):
            raise OptionError(f"{place}: it is empty, and would prune all exposures; name labels, or leave it out.")
    if not partial:
        _check_together(where, result, definition)
    return result


def validated(where: str, options: Mapping[str, Any], partial: bool = False) -> dict[str, Any]:
    """The params that AnsibleModule would return for options of istio_exposure: typed, and with defaults.

    With `partial` they are options to which more are added later, without defaults. Raises OptionError.
    """
    given = typed(where, options, _EXPOSURE, partial)
    return given if partial else _with_defaults(given, EXPOSURE.argument_spec)


def typed_options(options: Mapping[str, Any], spec: ArgumentSpec) -> dict[str, Any]:
    """A module's options, typed; raises OptionError."""
    return typed("", options, {**spec.module_arguments(), "options": spec.argument_spec})


def private_keys(place: str, value: Any) -> Iterator[str]:
    """The places of texts that contain a private key."""
    if isinstance(value, str):
        if PRIVATE_KEY in value:
            yield place
        return
    dot = f"{place}." if place else ""
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield from private_keys(f"{dot}{name}", inner)
    for index, inner in enumerate(value) if isinstance(value, (list, tuple)) else ():
        yield from private_keys(f"{place}[{index}]", inner)


def without_private_keys(value: Any) -> Any:
    """The value with other words in place of texts that contain a private key."""
    if isinstance(value, dict):
        return {name: without_private_keys(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_private_keys(inner) for inner in value]
    return "(not shown, as it contains a private key)" if isinstance(value, str) and PRIVATE_KEY in value else value


def _check_together(where: str, options: dict[str, Any], definition: Spec) -> None:
    """Which options are required, and which exclude each other; raises OptionError."""
    try:
        check_required_arguments(definition["options"], options)
        check_mutually_exclusive(definition.get("mutually_exclusive"), options)
        check_required_one_of(definition.get("required_one_of"), options)
        check_required_by(definition.get("required_by"), options)
        defaults = {name: entry["default"] for name, entry in definition["options"].items() if "default" in entry}
        check_required_if(definition.get("required_if"), {**defaults, **options})
    except TypeError as error:
        raise OptionError(f"{where}: {error}." if where else f"{error}.") from error


def _with_defaults(options: dict[str, Any], spec: Spec) -> dict[str, Any]:
    result = {name: definition.get("default") for name, definition in spec.items()}
    for name, value in options.items():
        inner = spec[name].get("options")
        if inner and isinstance(value, dict):
            result[name] = _with_defaults(value, inner)
        elif inner:
            result[name] = [_with_defaults(entry, inner) for entry in value]
        else:
            result[name] = value
    return result


def _value(place: str, value: Any, definition: Spec, partial: bool = False) -> Any:
    kind = definition.get("type", "str")
    if kind == "list":
        return _list(place, value, definition, partial)
    if kind == "dict":
        return _dictionary(place, value, definition, partial)
    converted = value_of(place, value, kind)
    choices = definition.get("choices")
    if choices and converted not in choices:
        raise OptionError(f"{place}: {shown(value)} is not one of {', '.join(map(str, choices))}.")
    return converted


def _list(place: str, value: Any, definition: Spec, partial: bool) -> list[Any]:
    entry_definition = {**definition, "type": definition["elements"]}
    if definition["elements"] == "raw" and (isinstance(value, dict) or str(value).lstrip().startswith("{")):
        value = [value]
    elif isinstance(value, str):
        value = _listed(place, value, definition["elements"] == "dict")
    elif not isinstance(value, (list, tuple, dict)) and definition["elements"] != "dict":
        value = [value]
    if not isinstance(value, (list, tuple)):
        raise OptionError(f"{place}: {shown(value)} is not a list; begin each entry with '- '.")
    entries = []
    for index, entry in enumerate(value):
        if entry is None or entry == "":
            raise OptionError(f"{place}[{index}]: it is empty; give a value, or remove it.")
        entries.append(_value(f"{place}[{index}]", entry, entry_definition, partial))
    return entries


def _listed(place: str, text: str, of_dictionaries: bool) -> Any:
    """The entries in a text: YAML, JSON or, for anything but dictionaries, separated by commas or lines."""
    if of_dictionaries or text.lstrip().startswith(("[", "- ")):
        return _parsed(place, text)
    return [entry.strip() for entry in _BETWEEN_ENTRIES.split(text) if entry.strip()]


def _dictionary(place: str, value: Any, definition: Spec, partial: bool) -> dict[str, Any]:
    if isinstance(value, str):
        value = _dictionary_in(place, value)
    if not isinstance(value, dict):
        raise OptionError(f"{place}: {shown(value)} is not a dictionary; write 'name: value' for each of its entries.")
    if "options" not in definition:
        return value
    return typed(place, value, definition, partial)


def _dictionary_in(place: str, text: str) -> Any:
    """A dictionary as YAML, JSON or Ansible's key=value."""
    if "=" in text and ":" not in text:
        try:
            return check_type_dict(text)
        except TypeError:
            return text
    return _parsed(place, text)


def _parsed(place: str, text: str) -> Any:
    try:
        return parse_text(text)
    except (TypeError, ValueError, RecursionError) as error:
        # The parser's words may quote the text.
        raise OptionError(f"{place}: {shown(text)} is neither YAML nor JSON; correct it.") from error


def value_of(place: str, value: Any, kind: str) -> Any:
    """A value of one of the types in _SCALARS; raises OptionError."""
    return _SCALARS[kind](place, value)


def _text(place: str, value: Any) -> str:
    if isinstance(value, bool):
        raise OptionError(
            f"{place}: {shown(value)} is not text, as YAML reads words such as yes and off as true and false; write it "
            "in quotes."
        )
    if isinstance(value, float):
        raise OptionError(
            f"{place}: {shown(value)} is a number, and YAML does not keep how it was written (1.10 becomes 1.1); write "
            "it in quotes."
        )
    if not isinstance(value, (str, int)):
        raise OptionError(f"{place}: {shown(value)} is not text; give one text.")
    return str(value)


def _path(place: str, value: Any) -> str:
    path: str = check_type_path(_text(place, value))
    return path


def _whole_number(place: str, value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value.strip()):
        return int(value.strip().partition(".")[0])
    if isinstance(value, bool) or not isinstance(value, int):
        raise OptionError(f"{place}: {shown(value)} is not a whole number; write it in digits.")
    return value


def _number(place: str, value: Any) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise OptionError(f"{place}: {shown(value)} is not a number; write it in digits.")
    return number


def _boolean(place: str, value: Any) -> bool:
    try:
        result: bool = boolean(value)
    except TypeError as error:
        raise OptionError(f"{place}: {shown(value)} is neither true nor false; write one of them.") from error
    return result


_SCALARS: Mapping[str, Callable[[str, Any], Any]] = {
    "str": _text,
    "path": _path,
    "int": _whole_number,
    "float": _number,
    "bool": _boolean,
    # Its own parser says what it may be.
    "raw": lambda _place, value: value,
}


def shown(value: Any) -> str:
    """A value in a message, if it is short and cannot be a secret; otherwise what it is."""
    if isinstance(value, (dict, list, tuple)):
        return "a dictionary" if isinstance(value, dict) else "a list"
    if isinstance(value, str):
        is_short = len(value) <= _MOST_SHOWN and value.isprintable() and PRIVATE_KEY not in value
        return f"'{value}'" if is_short else "this text"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
