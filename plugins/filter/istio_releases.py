# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role istio, step 1: its variables → Helm releases, their values and the gateways. Pure: no file, no cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
name: istio_releases
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.1.0
short_description: Turn the variables of role istio into Helm releases
description:
  - For role P(gatehouse.istio.istio#role).
  - It lists the Helm releases in the order in which they are installed and merges the values of each.
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
- name: Show the releases of the role
  ansible.builtin.debug:
    msg: "{{ istio__given | gatehouse.istio.istio_releases(istio__values_files) }}"
"""

RETURN = r"""
_value:
  description: >-
    C(releases) in the order of their installation, C(release_values) by C(namespace/name), C(gateways),
    C(timeout_seconds), and C(problems), a list of sentences.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.plugin_utils._istio_role.releases import istio_releases


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"istio_releases": istio_releases}
