# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role: which cluster its tasks work on."""

from __future__ import annotations

DOCUMENTATION = r"""
name: role_connection
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.2.0
short_description: Choose the kubeconfig and context of a role
description:
  - For the roles of this collection, whose own connection variables win over those of role
    P(gatehouse.istio.istio#role).
options:
  _input:
    description:
      - Dictionaries with C(kubeconfig) and C(context), which may be empty. The first one that has either is taken as a
        whole, so that the kubeconfig of one cluster never meets the context of another.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the connection of a role
  ansible.builtin.debug:
    msg: "{{ [{'kubeconfig': '', 'context': ''}, {'context': 'production'}] | gatehouse.istio.role_connection }}"
"""

RETURN = r"""
_value:
  description: The C(kubeconfig) and C(context) that are set. It is empty if none is.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.plugin_utils._roles.connection import role_connection


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"role_connection": role_connection}
