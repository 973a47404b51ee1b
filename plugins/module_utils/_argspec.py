# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Argument specs of modules that can be added to one another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class ArgumentSpec:
    """An AnsibleModule's keyword arguments that can be added to one another."""

    argument_spec: dict[str, Any] = field(default_factory=dict)
    mutually_exclusive: list[tuple[str, ...]] = field(default_factory=list)
    required_if: list[tuple[str, Any, tuple[str, ...]]] = field(default_factory=list)
    required_by: dict[str, tuple[str, ...]] = field(default_factory=dict)
    required_one_of: list[tuple[str, ...]] = field(default_factory=list)

    def __add__(self, other: ArgumentSpec) -> ArgumentSpec:
        return ArgumentSpec(
            argument_spec={**self.argument_spec, **other.argument_spec},
            mutually_exclusive=[*self.mutually_exclusive, *other.mutually_exclusive],
            required_if=[*self.required_if, *other.required_if],
            required_by={**self.required_by, **other.required_by},
            required_one_of=[*self.required_one_of, *other.required_one_of],
        )

    def module_arguments(self) -> dict[str, Any]:
        """What AnsibleModule(**...) takes."""
        return {
            "argument_spec": self.argument_spec,
            "mutually_exclusive": self.mutually_exclusive,
            "required_if": self.required_if,
            "required_by": self.required_by,
            "required_one_of": self.required_one_of,
        }
