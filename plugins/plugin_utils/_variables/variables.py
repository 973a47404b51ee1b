# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""All variables of a role or playbook: what they mean, what cannot be used, and names that nobody knows. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .specs import known_names, variables_of
from .values import VariableError, empty, is_given, read

# One letter more, fewer or exchanged in a name of ten. Other words that a site may use differ more.
_NEAR = 0.9


def role_variables(name: str, value_of: Callable[[str], Any]) -> dict[str, Any]:
    """The variables of the role or playbook `name` by their names. One that cannot be used has its default."""
    return _read(name, value_of)[0]


def role_problems(name: str, value_of: Callable[[str], Any], names: Iterable[str]) -> dict[str, list[str]]:
    """Sentences: `problems` must end the run before its first write, `notes` need not.

    `names` are those of all variables that the host has.
    """
    values, problems = _read(name, value_of)
    given = {variable for variable in values if is_given(value_of(variable))}
    misspelled, notes = _unknown(name, set(names), values, given)
    return {"problems": [*problems, *misspelled], "notes": notes}


def _read(name: str, value_of: Callable[[str], Any]) -> tuple[dict[str, Any], list[str]]:
    values, problems = {}, []
    for variable, spec in variables_of(name).items():
        said = None
        try:
            said = read(variable, value_of(variable), spec)
        except VariableError as error:
            problems.append(str(error))
        if isinstance(said, str):
            said = said.strip()  # of a survey's text area
        values[variable] = empty(spec) if said is None else said
    return values, problems


def _unknown(
    name: str, names: set[str], values: Mapping[str, Any], given: set[str]
) -> tuple[list[str], list[str]]:
    """A name that is nearly one of ours is most likely misspelled, unless that one is given, too."""
    others = f"{name}_other_variables"
    known = known_names()
    candidates = sorted(
        name for name in names - known - set(values.get(others) or []) if not name.startswith(("_", "ansible_"))
    )
    absent = [variable for variable in values if variable not in given]
    problems, notes = [], []
    for candidate in candidates:
        near = difflib.get_close_matches(candidate, absent, n=1, cutoff=_NEAR)
        if near:
            problems.append(
                f"{candidate}: there is no such variable; did you mean {near[0]}? If it belongs to something else, "
                f"list it in {others}."
            )
        elif candidate.startswith(f"{name}_") and not candidate.startswith(f"{name}__"):
            notes.append(f"{candidate}: {_kind(name)} {name} has no such variable (silence this with {others}).")
    return problems, notes


def _kind(name: str) -> str:
    return "playbook" if name == "report" else "role"
