# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role cert_manager, step 1: its variables → chart values and objects. Pure: no file, no cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cert_manager_objects
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.2.0
short_description: Turn the variables of role cert_manager into chart values and Kubernetes objects
description:
  - For role P(gatehouse.istio.cert_manager#role).
  - Problems are returned as sentences, not raised, so that the role can report all of them at once.
positional: files
options:
  _input:
    description: The variables of the role by name, as P(gatehouse.istio.variables#lookup) returns them.
    type: dict
    required: true
  files:
    description: The texts of the values files by path.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the objects of the role, by name only
  ansible.builtin.debug:
    msg: >-
      {{ (cert_manager__given | gatehouse.istio.cert_manager_objects(cert_manager__values_files)).objects
         | map(attribute='id') }}
"""

RETURN = r"""
_value:
  description: >-
    The chart's C(values), the C(objects) in the order in which they are applied and their C(manifests) by C(id), the
    Secrets that issuers read as C(needs), C(kinds_to_read) and C(secrets_to_read) of the cluster, C(timeout_seconds),
    and C(problems), a list of sentences.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.plugin_utils._cert_manager_role.objects import cert_manager_objects


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cert_manager_objects": cert_manager_objects}
