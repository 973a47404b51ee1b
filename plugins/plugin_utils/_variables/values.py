# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""One value of a variable, as YAML, Jinja, -e or a survey gives it → what it means, or why it means nothing. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

Spec = Mapping[str, Any]

# The one in C is ten times faster, which matters for thousands of exposures.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Up to ansible-core 2.18, the text that stands for `omit`.
_OMIT = "__omit_place_holder__"
_TRUE, _FALSE = ("true", "yes", "on", "1", "y", "t"), ("false", "no", "off", "0", "n", "f")
_NUMBER = re.compile(r"\+?\d+")
# Not those of a label selector such as "app in (a, b)".
_COMMA = re.compile(r",(?![^(]*\))")


class VariableError(ValueError):
    """A value that cannot be used. The text is a sentence that names the variable."""


def is_given(value: Any) -> bool:
    """An unanswered question of a survey is empty text or, from ansible-core 2.19 on, null."""
    if isinstance(value, str):
        return bool(value.strip()) and not value.startswith(_OMIT)
    return value is not None


def empty(spec: Spec) -> Any:
    """The value of a variable that is not given."""
    default = spec.get("default")
    return "" if default is None and spec.get("type", "str") == "str" else default


def read(name: str, value: Any, spec: Spec) -> Any:
    """The value as the type of `spec`; None if it is not given. Raises VariableError."""
    if not is_given(value):
        return None
    return _READERS[spec.get("type", "str")](name, value, spec)


def from_yaml(name: str, text: str) -> Any:
    try:
        # The loader in C takes only str itself, and Ansible gives a class of its own.
        return yaml.load("".join(text), Loader=_LOADER)  # noqa: S506  (a safe one)
    except yaml.YAMLError as error:
        raise VariableError(f"{name}: it is not valid YAML: {' '.join(str(error).split())}.") from error


def _refused(name: str, must: str, value: Any, spec: Spec) -> VariableError:
    """It shows a value only if that is short, and no secret."""
    kinds = {bool: "true or false", str: "text", Mapping: "a dictionary", list: "a list"}
    kind = next((words for kind, words in kinds.items() if isinstance(value, kind)), "a number or a date")
    shown = str(value).lower() if isinstance(value, bool) else f"'{value}'"
    if spec.get("no_log") or isinstance(value, (Mapping, list)) or len(shown) > 60 or "\n" in shown:
        shown = kind
    return VariableError(f"{name}: it must be {must}, but it is {shown}.")


def _text(name: str, value: Any, spec: Spec) -> str:
    choices = spec.get("choices")
    if choices:
        text = str(value).strip()
        if text not in choices:
            raise _refused(name, f"one of {', '.join(choices)}", value, spec)
        return text
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    # 1.30 has become 1.3, and a date or true is no longer what was written.
    raise _refused(name, "text (in quotes if YAML would take it for something else)", value, spec)


def _flag(name: str, value: Any, spec: Spec) -> bool:
    text = str(value).strip().lower()
    if isinstance(value, (bool, int, str)) and text in (*_TRUE, *_FALSE):
        return text in _TRUE
    raise _refused(name, "true or false", value, spec)


def _number(name: str, value: Any, spec: Spec) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, (int, str)) and not isinstance(value, bool) and _NUMBER.fullmatch(str(value).strip()):
        return int(value)
    raise _refused(name, "a whole number, 0 or more", value, spec)


def _mapping(name: str, value: Any, spec: Spec) -> dict[str, Any] | None:
    data = from_yaml(name, value) if isinstance(value, str) else value
    if data is None:
        return None
    if not isinstance(data, Mapping):
        raise _refused(name, "a dictionary, or its YAML as text", data, spec)
    return _with_options(name, data, spec) if spec.get("options") else dict(data)


def _with_options(name: str, value: Spec, spec: Spec) -> dict[str, Any]:
    options: Mapping[str, Spec] = spec["options"]
    for key in value:
        if key not in options:
            near = difflib.get_close_matches(str(key), options, n=1)
            raise VariableError(
                f"{name}: there is no option '{key}'{f'; did you mean {near[0]}?' if near else f', only {_and(options)}.'}"
            )
    result = {}
    for key, option in options.items():
        hidden = {"no_log": spec.get("no_log") or option.get("no_log")}
        said = read(f"{name}.{key}", value.get(key), {**option, **hidden})
        if said is None and option.get("required"):
            raise VariableError(f"{name}: the option '{key}' is missing.")
        said = option.get("default") if said is None else said
        if said is not None:
            result[key] = said
    return result


def _and(names: Mapping[str, Any]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _list(name: str, value: Any, spec: Spec) -> list[Any] | None:
    of_dictionaries = spec.get("elements") == "dict"
    data = value
    if isinstance(value, str):
        data = from_yaml(name, value) if of_dictionaries else _parts(name, value)
    elif isinstance(value, int) and not isinstance(value, bool) and not of_dictionaries:
        data = [value]
    if data is None:
        return None
    if not isinstance(data, (list, tuple)):
        what = "with a dictionary for each, or its YAML as text" if of_dictionaries else "or text with lines or commas"
        raise _refused(name, f"a list {what}", data, spec)
    element = {"type": spec.get("elements", "raw"), "options": spec.get("options"), "no_log": spec.get("no_log")}
    result = [read(f"{name}[{position}]", item, element) for position, item in enumerate(data)]
    if element["type"] != "raw" and None in result:
        raise VariableError(f"{name}[{result.index(None)}]: it is empty; give it a value, or take it out.")
    return result


def _parts(name: str, text: str) -> Any:
    """YAML, if that is a list or a dictionary; or else the entries between lines and commas."""
    try:
        data = from_yaml(name, text)
    except VariableError:
        if text.lstrip().startswith("["):
            raise
        data = text  # such as *.example.com, which YAML takes for an alias
    if isinstance(data, (list, Mapping)):
        return data
    return [part for line in text.splitlines() for piece in _COMMA.split(line) if (part := piece.strip(" -\t"))]


def _as_it_is(_name: str, value: Any, _spec: Spec) -> Any:
    return value


_READERS: Mapping[str, Callable[[str, Any, Spec], Any]] = {
    "str": _text,
    "bool": _flag,
    "int": _number,
    "dict": _mapping,
    "list": _list,
    "raw": _as_it_is,
}
