# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role cert_manager: what a removal leaves in the cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cert_manager_leftovers
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.2.0
short_description: Report what is left of cert-manager
description:
  - For role P(gatehouse.istio.cert_manager#role).
options:
  _input:
    description:
      - The objects of the cluster after the removal. C(apis) has the APIServices, C(namespaces) all Namespaces, and
        C(secrets) the Secrets of the role's namespace, which may lack their data.
    type: dict
    required: true
  namespace:
    description: The role's C(cert_manager_namespace).
    type: str
    required: true
  crds_removed:
    description: Whether the role has removed the CRDs.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show what is left of cert-manager
  ansible.builtin.debug:
    msg: "{{ (live | gatehouse.istio.cert_manager_leftovers(namespace='cert-manager')).messages }}"
"""

RETURN = r"""
_value:
  description: The role's fact C(cert_manager_left) as C(left), and C(messages), which is the same as sentences.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.plugin_utils._cert_manager_role.leftovers import (
    cert_manager_leftovers,
)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cert_manager_leftovers": cert_manager_leftovers}
