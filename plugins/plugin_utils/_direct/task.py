# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""A task as its flow sees it, without an AnsibleModule: the same parameters, messages and results.

Ansible's argument spec validator gives the values and messages that an AnsibleModule gives. What that does with the
result (`invocation`, warnings, values of no_log options) is done here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError

from ...module_utils._argspec import ArgumentSpec
from ...module_utils._flows.module import read_parameters
from ...module_utils._kubernetes.client import CONNECTION

Result = dict[str, Any]


class TaskEnd(SystemExit):
    """The end of a task, as modules end. result is not cleaned yet."""

    def __init__(self, result: Result) -> None:
        super().__init__(0)
        self.result = result


@dataclass(frozen=True)
class Asked:
    """What a user asked for: the module as the task names it, its options, and the task's settings."""

    module: str
    options: Mapping[str, Any]
    check_mode: bool
    diff: bool
    shows_invocation: bool


class DirectTask:
    """What a flow needs of an AnsibleModule."""

    def __init__(self, asked: Asked) -> None:
        self.check_mode = asked.check_mode
        self._diff = asked.diff
        self._asked = asked
        self.params: dict[str, Any] = {}
        self.no_log_values: set[str] = set()
        self._warnings: dict[str, None] = {}
        self._deprecations: list[Result] = []

    def read(self, spec: ArgumentSpec) -> None:
        """Reads the options, or ends the task."""
        self.params, problem = read_parameters(plain(self._asked.options), spec)
        if problem:
            self.fail_json(msg=problem)
        validator = ArgumentSpecValidator(**(spec + CONNECTION).module_arguments())
        validated = validator.validate(self.params)
        self.params.update(validated.validated_parameters)
        self.no_log_values.update(validated._no_log_values)  # noqa: SLF001  (an AnsibleModule reads the same)
        for entry in validated._warnings:  # noqa: SLF001  (so it does these)
            self.warn(f"Both option {entry['option']} and its alias {entry['alias']} are set.")
        self._deprecations += validated._deprecations  # noqa: SLF001  (and these)
        if validated.error_messages:
            message = validated.errors.msg
            if isinstance(validated.errors[0], UnsupportedError):
                message = f"Unsupported parameters for ({self._asked.module}) module: {message}"
            self.fail_json(msg=message)

    def warn(self, warning: str) -> None:
        """Reports a warning to the user, once."""
        self._warnings[warning] = None

    def exit_json(self, **result: Any) -> NoReturn:
        """Ends the task."""
        raise TaskEnd(result)

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        """Ends the task as failed. An `exception` is that of a package that is missing, which msg names."""
        raise TaskEnd({**result, "failed": True, "msg": msg})

    def cleaned(self, result: Result) -> Result:
        """The result as Ansible gets it from a module: JSON, with warnings, without values of no_log options."""
        result = dict(result)
        if self._asked.shows_invocation:
            result["invocation"] = {"module_args": self.params}
        if self._warnings:
            result["warnings"] = list(self._warnings)
        if self._deprecations:
            result["deprecations"] = self._deprecations
        kept = {name: value for name, value in result.items() if value is None or isinstance(value, bool)}
        cleaned: Result = json.loads(json.dumps({**remove_values(result, self.no_log_values), **kept}))
        return cleaned


def plain(value: Any) -> Any:
    """A value as a module gets it: Ansible's own types of text, lists and dictionaries are those of JSON."""
    return json.loads(json.dumps(value, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    # Dates are written as in ISO 8601; text that is encrypted with Ansible Vault is decrypted when it is asked for.
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
