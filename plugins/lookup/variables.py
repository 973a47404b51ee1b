# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and playbooks: what their variables mean, whoever gives them, and in which form."""

from __future__ import annotations

DOCUMENTATION = r"""
name: variables
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.2.0
short_description: Read the variables of a role or playbook of this collection
description:
  - For the roles and playbooks of this collection. They may be given as YAML, by templates, as extra variables, and by
    a survey of AWX, whose answers are text, and empty or null where a question was not answered.
  - Empty text and null mean that a variable is not given. Lists, dictionaries, numbers and booleans may be text.
options:
  _terms:
    description: The name of the role or playbook, such as V(istio) or V(report).
    type: list
    elements: str
    required: true
  check:
    description: Return what is wrong with the variables instead of their values.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show what role istio makes of its variables
  ansible.builtin.debug:
    msg: "{{ lookup('gatehouse.istio.variables', 'istio') }}"
"""

RETURN = r"""
_raw:
  description:
    - The values by the name of the variable.
    - With O(check), C(problems), sentences for which a run must not begin, and C(notes), sentences about unknown
      variables that may belong to something else.
  type: list
  elements: dict
"""

from typing import Any

from ansible.plugins.lookup import LookupBase

from ansible_collections.gatehouse.istio.plugins.plugin_utils._variables.of_host import values_of_host
from ansible_collections.gatehouse.istio.plugins.plugin_utils._variables.variables import check, read


class LookupModule(LookupBase):  # type: ignore[misc]  # Ansible has no type hints
    def run(self, terms: list[str], variables: Any = None, **kwargs: Any) -> list[Any]:
        self.set_options(var_options=variables, direct=kwargs)
        value_of = values_of_host(self, variables)
        if self.get_option("check"):
            return [check(name, value_of, variables) for name in terms]
        return [read(name, value_of).values for name in terms]
