# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version of the collection that Ansible would use, so that a role can refuse one that is too old."""

from __future__ import annotations

DOCUMENTATION = r"""
name: collection_version
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.1.0
short_description: Version of an installed collection
description:
  - Returns the version of the collection that Ansible loads for the name, or an empty string if it is not installed.
options:
  _input:
    description: The full name of the collection.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Refuse an old kubernetes.core
  ansible.builtin.assert:
    that: "'kubernetes.core' | gatehouse.istio.collection_version is version('6.5.0', '>=')"
"""

RETURN = r"""
_value:
  description: The version, such as V(6.6.0).
  type: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.plugin_utils._roles.version import collection_version


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"collection_version": collection_version}
