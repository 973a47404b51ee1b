# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.
"""Options of istio_exposure inside those of another module, checked and completed as Ansible does it. Pure."""

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
    """What AnsibleModule would make of the options; raises OptionError, which says where they are."""
    found = _VALIDATOR.validate(options)
    if found.unsupported_parameters:
        names = ", ".join(sorted(map(_name, found.unsupported_parameters)))
        raise OptionError(f"{where}: istio_exposure has no option {names}; correct or remove it.")
    if found.error_messages:
        raise OptionError(f"{where}: {'; '.join(found.error_messages).rstrip('.')}.")
    params: dict[str, Any] = found.validated_parameters
    return params


def _name(unsupported: str | tuple[str, ...]) -> str:
    """Ansible names an option within another one by the way there."""
    return unsupported if isinstance(unsupported, str) else ".".join(unsupported)
