# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The variables of the host on which a lookup runs, as Ansible's templates make them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.plugins.loader import lookup_loader


def values_of_host(lookup: Any, variables: Any) -> Callable[[str], Any]:
    """A function that returns the value of a variable, and None or empty text if there is none."""
    # Ansible's own lookup, as each of its versions has another way to work out a variable's template.
    tools = {"loader": lookup._loader, "templar": lookup._templar}  # noqa: SLF001  (Ansible has no public names)
    builtin = lookup_loader.get("ansible.builtin.vars", **tools)

    def value_of(name: str) -> Any:
        return _decrypted(next(iter(builtin.run([name], variables, default="")), None))  # a list without `omit`

    return value_of


def _decrypted(value: Any) -> Any:
    """Up to ansible-core 2.18, what `!vault` makes is no text, but becomes one by str()."""
    if getattr(value, "__ENCRYPTED__", False):
        return str(value)
    if isinstance(value, dict):
        return {key: _decrypted(inner) for key, inner in value.items()}
    return [_decrypted(inner) for inner in value] if isinstance(value, list) else value
