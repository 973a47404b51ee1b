# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role istio, step 2: desired and live state → what to remove, to install and to refuse. Pure."""

from __future__ import annotations

DOCUMENTATION = r"""
name: istio_release_plan
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.1.0
short_description: Plan which Helm releases role istio removes and installs
description:
  - For role P(gatehouse.istio.istio#role).
  - Problems are returned as sentences, not raised, so that the role can report all of them at once.
positional: namespaces, workloads
options:
  _input:
    description: What P(gatehouse.istio.istio_releases#filter) returned.
    type: dict
    required: true
  namespaces:
    description: The Namespaces of the cluster.
    type: list
    elements: dict
    required: true
  workloads:
    description: The Deployments and DaemonSets of the cluster that carry the label C(istio).
    type: list
    elements: dict
    required: true
  state:
    description: The role's C(istio_state).
    type: str
    choices: [present, absent]
    default: present
  revision:
    description: The role's C(istio_revision).
    type: str
    default: ''
  config_maps:
    description:
      - The live ConfigMap with istiod's mesh configuration, if there is one. If it sends Ingress objects to a gateway
        that the role's list does not mention, that stays.
    type: list
    elements: dict
    default: []
  others:
    description: Other live objects of the charts, such as CRDs, which another tool may have installed.
    type: list
    elements: dict
    default: []
  adopt:
    description: The role's C(istio_adopt).
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show what the role would do
  ansible.builtin.debug:
    msg: "{{ istio__desired | gatehouse.istio.istio_release_plan(namespaces, workloads, state='present') }}"
"""

RETURN = r"""
_value:
  description: >-
    The lists C(remove) and C(install) in order, the C(namespaces) to create, the values that the live state decides by
    chart as C(chart_values), the names of releases that are C(kept) for another control plane, and the C(problems).
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.plugin_utils._istio_role.plan import istio_release_plan


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"istio_release_plan": istio_release_plan}
