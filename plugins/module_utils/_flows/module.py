# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The AnsibleModule of all modules: with the connection's options, and with our own options read by _options/typed."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .._argspec import ArgumentSpec
from .._kubernetes.client import CONNECTION
from .._options.typed import private_keys, typed_options, without_private_keys
from .._options.values import OptionError

Parameters = dict[str, Any]


class Module(AnsibleModule):  # type: ignore[misc]  # Ansible has no type hints
    """An AnsibleModule that reads our options before Ansible converts, validates and logs them."""

    params: Parameters

    def __init__(self, spec: ArgumentSpec) -> None:
        self._spec = spec
        super().__init__(supports_check_mode=True, **(spec + CONNECTION).module_arguments())

    def _set_internal_properties(self, *args: Any, **kwargs: Any) -> None:
        # The step of AnsibleModule's start between loading the parameters and validating them. Where it is called
        # something else, Ansible's own conversion is left.
        super()._set_internal_properties(*args, **kwargs)
        # They are part of the result, also of a failure.
        self.params, problem = read_parameters(self.params, self._spec)
        if problem:
            self.fail_json(msg=problem)


def read_parameters(given: Parameters, spec: ArgumentSpec) -> tuple[Parameters, str | None]:
    """The parameters of a task with our options typed, as far as that is possible, and what is wrong with them.

    No private key is left in them.
    """
    own = {name: value for name, value in given.items() if name in spec.argument_spec}
    connection = {name: value for name, value in given.items() if name not in spec.argument_spec and value != ""}
    keys = list(private_keys("", own))
    shown = {**connection, **without_private_keys(own)}
    if keys:
        return shown, f"{keys[0]}: it contains a private key, which no option takes; give only certificates."
    try:
        return {**connection, **typed_options(own, spec)}, None
    except OptionError as error:
        return shown, str(error)
