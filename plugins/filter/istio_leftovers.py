# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role istio: what a removal leaves in the cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
name: istio_leftovers
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.2.0
short_description: Report what is left of Istio
description:
  - For role P(gatehouse.istio.istio#role).
positional: plan, live
options:
  _input:
    description: What P(gatehouse.istio.istio_releases#filter) returned.
    type: dict
    required: true
  plan:
    description: What P(gatehouse.istio.istio_release_plan#filter) returned.
    type: dict
    required: true
  live:
    description:
      - The objects of the cluster after the removal. C(apis) has the APIServices, C(namespaces) all Namespaces,
        C(config_maps) the ConfigMaps of istiod, and C(secrets) the names of Secrets.
    type: dict
    required: true
  namespace:
    description: The role's C(istio_namespace).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show what is left of Istio
  ansible.builtin.debug:
    msg: "{{ (releases | gatehouse.istio.istio_leftovers(plan, live, namespace='istio-system')).messages }}"
"""

RETURN = r"""
_value:
  description: The role's fact C(istio_left) as C(left), and C(messages), which is the same as sentences.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.plugin_utils._istio_role.leftovers import istio_leftovers


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"istio_leftovers": istio_leftovers}
