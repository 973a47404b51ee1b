# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role cert_manager: what the API server refuses."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cert_manager_refusals
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.2.0
short_description: Report which objects the API server refuses
description:
  - For role P(gatehouse.istio.cert_manager#role).
positional: applied
options:
  _input:
    description: The result of the task that failed, with C(results) if it is a loop over the objects.
    type: dict
    required: true
  applied:
    description: The results of all objects so far, those that failed included.
    type: list
    elements: dict
    default: []
  check_mode:
    description: Whether the role runs in check mode.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Fail with what the API server refuses
  ansible.builtin.fail:
    msg: "{{ ansible_failed_result | gatehouse.istio.cert_manager_refusals(applied.results) | join(' ') }}"
"""

RETURN = r"""
_value:
  description: A sentence for each refused object, and one that lists the applied objects.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.plugin_utils._cert_manager_role.refusals import cert_manager_refusals


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cert_manager_refusals": cert_manager_refusals}
