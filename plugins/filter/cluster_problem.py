# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles: why the cluster cannot be read."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_problem
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.2.0
short_description: Say why a role cannot read the cluster
description:
  - For the roles of this collection, whose first tasks read the cluster. Credentials that are not accepted, and rights
    that are missing, are told in sentences.
positional: role, connection
options:
  _input:
    description: The results of tasks with M(kubernetes.core.k8s_info), which may have failed.
    type: list
    elements: dict
    required: true
  role:
    description: The name of the role.
    type: str
    required: true
  connection:
    description: The names of the variables with which a user chooses the cluster.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Fail if the cluster cannot be read
  ansible.builtin.fail:
    msg: "{{ [site_namespaces] | gatehouse.istio.cluster_problem('istio', 'istio_kubeconfig') }}"
"""

RETURN = r"""
_value:
  description: The reason. It is empty if every task could read.
  type: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.plugin_utils._roles.messages import cluster_problem


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cluster_problem": cluster_problem}
