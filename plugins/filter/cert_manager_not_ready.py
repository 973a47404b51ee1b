# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role cert_manager, step 3: what is not ready yet, and what cert-manager says of it. Pure."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cert_manager_not_ready
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.2.0
short_description: Say which issuers and certificates are not ready, and why
description:
  - Made for role P(gatehouse.istio.cert_manager#role).
positional: live
options:
  _input:
    description: The objects that were written, as P(gatehouse.istio.cert_manager_plan#filter) returned them.
    type: list
    elements: dict
    required: true
  live:
    description: These Issuers, ClusterIssuers and Certificates as the cluster has them.
    type: list
    elements: dict
    required: true
  trail:
    description: CertificateRequests, Orders and Challenges of the namespaces of the Certificates, for what they say.
    type: list
    elements: dict
    default: []
  hopeful:
    description: Leave out Certificates that cert-manager has given up for now, on which it is no use to wait.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show what is not ready
  ansible.builtin.debug:
    msg: "{{ cert_manager__plan.objects | gatehouse.istio.cert_manager_not_ready(live) }}"
"""

RETURN = r"""
_value:
  description: One sentence for each that is not ready.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.plugin_utils._roles.cert_manager_readiness import (
    cert_manager_not_ready,
)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cert_manager_not_ready": cert_manager_not_ready}
