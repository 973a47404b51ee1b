# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""All variables of a role or playbook: what they mean, what cannot be used, and names that nobody knows. Pure.

Values are read as those of the modules' options are, by _options/typed.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure_file import parse_text
from ansible_collections.gatehouse.istio.plugins.module_utils._options.typed import shown, typed
from ansible_collections.gatehouse.istio.plugins.module_utils._options.values import OptionError

from .specs import ROLE_OF, known_names, variables_of

Spec = Mapping[str, Any]
# One letter more, fewer or exchanged in a name of ten. Other words that a site may use differ more.
_NEAR = 0.9
# Up to ansible-core 2.18, the text that stands for `omit`.
_OMIT = "__omit_place_holder__"


@dataclass
class Variables:
    """What was read. A variable that is not given, or cannot be used, has its default among the values."""

    values: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read(name: str, value_of: Callable[[str], Any], only: Iterable[str] = ()) -> Variables:
    """The variables of the role or playbook `name` by their names; value_of returns what is given for one."""
    result = Variables()
    specs = variables_of(name)
    for variable, spec in {variable: specs[variable] for variable in only or specs}.items():
        said = None
        try:
            said = _meaning(variable, value_of(variable), spec)
        except OptionError as error:
            result.problems.append(_without_secrets(str(error), spec))
        result.values[variable] = default(spec) if said is None else said
    return result


def check(name: str, value_of: Callable[[str], Any], names: Iterable[str]) -> dict[str, list[str]]:
    """Sentences: `problems` must end the run before its first write, `notes` need not.

    `names` are those of all variables that the host has.
    """
    variables = read(name, value_of)
    role = ROLE_OF.get(name, name)
    others = f"{role}_other_variables"
    listed = set(read(role, value_of, [others]).values[others])
    misspelled, notes = _unknown(name, set(names) - listed, variables.values, others)
    return {"problems": [*variables.problems, *misspelled], "notes": notes}


def connection(roles: Iterable[str], value_of: Callable[[str], Any]) -> dict[str, Any]:
    """The first role's kubeconfig and context of which either is given, without empty ones; {} if there is none.

    They are taken as a whole: the kubeconfig of one role with the context of another would be a third cluster.
    """
    for role in roles:
        values = read(role, value_of, [f"{role}_kubeconfig", f"{role}_context"]).values
        given = {variable.removeprefix(f"{role}_"): value for variable, value in values.items() if value}
        if given:
            return given
    return {}


def default(spec: Spec) -> Any:
    """The value of a variable that is not given."""
    value = spec.get("default")
    return "" if value is None and spec["type"] == "str" else value


def _meaning(variable: str, value: Any, spec: Spec) -> Any:
    """None if it is not given: an unanswered question of a survey is empty text or null."""
    if isinstance(value, str):
        value = "".join(value)  # the YAML parser in C takes only str itself, and Ansible gives classes of its own
        if spec["type"] == "str":
            value = value.strip()  # the end of a text area's line
    if value is None or (isinstance(value, str) and (not value.strip() or value.startswith(_OMIT))):
        return None
    if spec["type"] == "raw":
        return _kubeconfig(variable, value)
    value = _with_bare_type(value) if variable == "cert_manager_issuers" else value
    meant = typed("", {variable: value}, {"options": {variable: spec}}).get(variable)
    if isinstance(value, str) and meant == [] and not value.lstrip().startswith("["):
        raise OptionError(f"{variable}: '{value.strip()}' has no entry; name at least one, or leave it empty.")
    if isinstance(meant, int) and meant < 0:
        raise OptionError(f"{variable}: {meant} is less than 0; give a number from 0 up.")
    return meant


def _with_bare_type(value: Any) -> Any:
    """YAML's `self_signed:` without a value chooses this type, while null elsewhere means `not given`."""
    if isinstance(value, str):
        with suppress(TypeError, ValueError, RecursionError):  # typed() says what is wrong
            value = parse_text(value)
    if not isinstance(value, list):
        return value
    return [
        {**entry, "self_signed": {}} if isinstance(entry, dict) and entry.get("self_signed", {}) is None else entry
        for entry in value
    ]


def _kubeconfig(variable: str, value: Any) -> Any:
    if not isinstance(value, (str, Mapping)):
        raise OptionError(f"{variable}: {shown(value)} is no kubeconfig; give its path, or its content.")
    return value


def _without_secrets(sentence: str, spec: Spec) -> str:
    if not spec.get("no_log"):
        return sentence
    place = sentence.partition(": ")[0]
    return f"{place}: it does not have the documented shape (it is not shown, as it may be secret); correct it."


def _unknown(name: str, names: set[str], values: Mapping[str, Any], others: str) -> tuple[list[str], list[str]]:
    """A name that is nearly one of ours is most likely misspelled, unless that one is given, too."""
    specs = variables_of(name)
    not_given = [variable for variable, value in values.items() if value == default(specs[variable])]
    problems, notes = [], []
    for unknown in sorted(names - known_names()):
        if unknown.startswith(("_", "ansible_", f"{name}__")):
            continue
        near = difflib.get_close_matches(unknown.lower(), not_given, n=1, cutoff=_NEAR)
        if near:
            problems.append(
                f"{unknown}: there is no such variable; did you mean {near[0]}? If it belongs to something else, list "
                f"it in {others}."
            )
        elif unknown.lower().startswith(f"{name}_"):
            notes.append(f"{unknown}: {name} has no such variable (silence this with {others}).")
    return problems, notes
