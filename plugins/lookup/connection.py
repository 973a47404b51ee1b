# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and playbooks: which cluster their tasks work on."""

from __future__ import annotations

DOCUMENTATION = r"""
name: connection
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.2.0
short_description: Choose the kubeconfig and context of a role
description:
  - For the roles and playbooks of this collection. The connection variables of a role, such as C(istio_kubeconfig) and
    C(istio_context), are read as P(gatehouse.istio.variables#lookup) does it.
options:
  _terms:
    description:
      - Names of roles. The first one of which either variable is given is taken as a whole, so that the kubeconfig of
        one never meets the context of another.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show the connection of role exposures
  ansible.builtin.debug:
    msg: "{{ lookup('gatehouse.istio.connection', 'exposures', 'istio') }}"
"""

RETURN = r"""
_raw:
  description: One dictionary with the C(kubeconfig) and C(context) that are given. It is empty if none is.
  type: list
  elements: dict
"""

from typing import Any

from ansible.plugins.lookup import LookupBase

from ansible_collections.gatehouse.istio.plugins.plugin_utils._variables.of_host import values_of_host
from ansible_collections.gatehouse.istio.plugins.plugin_utils._variables.variables import connection


class LookupModule(LookupBase):  # type: ignore[misc]  # Ansible has no type hints
    def run(self, terms: list[str], variables: Any = None, **kwargs: Any) -> list[Any]:
        self.set_options(var_options=variables, direct=kwargs)
        return [connection(terms, values_of_host(self, variables))]
