# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role cert_manager, step 2: desired and live state → what to apply, to remove and to refuse. Pure."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cert_manager_plan
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.2.0
short_description: Plan what role cert_manager applies and removes
description:
  - For role P(gatehouse.istio.cert_manager#role).
  - Problems are returned as sentences, not raised, so that the role can report all of them at once.
positional: cluster
options:
  _input:
    description: What P(gatehouse.istio.cert_manager_objects#filter) returned.
    type: dict
    required: true
  cluster:
    description:
      - The live objects. C(namespaces) has all Namespaces, C(crds) the CustomResourceDefinition of Certificates,
        C(objects) all Issuers, ClusterIssuers and Certificates, and C(secrets) the Secrets that the role needs, which
        may lack their data.
    type: dict
    required: true
  namespace:
    description: The role's C(cert_manager_namespace).
    type: str
    required: true
  state:
    description: The role's C(cert_manager_state).
    type: str
    choices: [present, absent]
    default: present
  adopt:
    description: Whether to take over objects that the role did not create.
    type: bool
    default: false
  check_mode:
    description: Whether the role runs in check mode, in which namespaces and CRDs may still be missing.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show what the role would do
  ansible.builtin.debug:
    msg: "{{ cert_manager__desired | gatehouse.istio.cert_manager_plan(cluster, namespace='cert-manager') }}"
"""

RETURN = r"""
_value:
  description: >-
    The C(namespaces) to create; the C(secrets) and C(objects) to apply and those to C(remove), in order; those that
    check mode can only C(predict), because their namespace or cert-manager's API does not exist yet; and C(problems), a
    list of sentences.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.plugin_utils._cert_manager_role.plan import cert_manager_plan


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cert_manager_plan": cert_manager_plan}
