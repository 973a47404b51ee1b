# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Options of istio_exposure inside another module's options, validated as Ansible validates a module's own. Pure."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .argument_spec import EXPOSURE
from .values import OptionError

_VALIDATOR = ArgumentSpecValidator(
    EXPOSURE.argument_spec,
    mutually_exclusive=EXPOSURE.mutually_exclusive,
    required_if=EXPOSURE.required_if,
    required_by=EXPOSURE.required_by,
)


def validated(where: str, options: dict[str, Any]) -> dict[str, Any]:
    """The params that AnsibleModule would return for the options: with defaults, and converted to the options' types.

    where is the path of the options in messages, such as exposures[0]. Raises OptionError.
    """
    result = _VALIDATOR.validate(options)
    if result.unsupported_parameters:
        names = ", ".join(sorted(map(_option_path, result.unsupported_parameters)))
        raise OptionError(f"{where}: istio_exposure has no option {names}; correct or remove it.")
    if result.error_messages:
        raise OptionError(f"{where}: {'; '.join(result.error_messages).rstrip('.')}.")
    params: dict[str, Any] = result.validated_parameters
    return params


def _option_path(unsupported: str | tuple[str, ...]) -> str:
    """Ansible reports a nested option as a tuple: its parents' names, and its own."""
    return unsupported if isinstance(unsupported, str) else ".".join(unsupported)
