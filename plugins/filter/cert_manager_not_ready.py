# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role cert_manager, step 3: live issuers and certificates → a sentence for each that is not ready. Pure."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cert_manager_not_ready
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.2.0
short_description: Report which issuers and certificates are not ready, and why
description:
  - For role P(gatehouse.istio.cert_manager#role).
positional: live
options:
  _input:
    description: The applied objects, as P(gatehouse.istio.cert_manager_plan#filter) returned them.
    type: list
    elements: dict
    required: true
  live:
    description: The live Issuers, ClusterIssuers and Certificates.
    type: list
    elements: dict
    required: true
  trail:
    description: The live CertificateRequests, Orders and Challenges, whose messages explain a Certificate.
    type: list
    elements: dict
    default: []
  hopeful:
    description: Leave out Certificates whose issuance has failed, for which it is useless to wait.
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

from ansible_collections.gatehouse.istio.plugins.plugin_utils._cert_manager_role.readiness import (
    cert_manager_not_ready,
)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cert_manager_not_ready": cert_manager_not_ready}
