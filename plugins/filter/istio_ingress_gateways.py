# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role istio, step 3: live objects → the fact istio_ingress_gateways, and what the gateways still lack. Pure."""

from __future__ import annotations

DOCUMENTATION = r"""
name: istio_ingress_gateways
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.1.0
short_description: Describe the installed ingress gateways
description:
  - For role P(gatehouse.istio.istio#role), which sets the result as the fact C(istio_ingress_gateways).
positional: workloads, services
options:
  _input:
    description: The gateways as P(gatehouse.istio.istio_releases#filter) returned them.
    type: list
    elements: dict
    required: true
  workloads:
    description: Deployments and DaemonSets of the cluster.
    type: list
    elements: dict
    required: true
  services:
    description: Services of the cluster.
    type: list
    elements: dict
    default: []
  nodes:
    description: Nodes of the cluster; their addresses are those of a Service of type NodePort.
    type: list
    elements: dict
    default: []
  predicted:
    description: Names of the gateways that a run would change; in check mode they are described as they would become.
    type: list
    elements: str
    default: []
  failed:
    description: The result of the task that failed while it waited for the gateways.
    type: dict
"""

EXAMPLES = r"""
- name: Show the installed gateways
  ansible.builtin.debug:
    msg: "{{ (gateways | gatehouse.istio.istio_ingress_gateways(deployments, services)).gateways }}"
"""

RETURN = r"""
_value:
  description: >-
    C(gateways) by name, sentences about those that are C(not_ready) (not rolled out) or C(without_address), and with
    O(failed), the C(problems), which are sentences about why the task failed.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.plugin_utils._istio_role.gateways import istio_ingress_gateways


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"istio_ingress_gateways": istio_ingress_gateways}
