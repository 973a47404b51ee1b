# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role exposures: its variables as options of the module."""

from __future__ import annotations

DOCUMENTATION = r"""
name: exposures_request
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.2.0
short_description: Turn the variables of role exposures into options of a module
description:
  - For role P(gatehouse.istio.exposures#role).
  - Problems are returned as sentences, not raised, so that the role can report all of them at once.
positional: places, found
options:
  _input:
    description: The variables of the role by name, as P(gatehouse.istio.variables#lookup) returns them.
    type: dict
    required: true
  places:
    description: The paths at which C(exposures_src) was looked for; none if it is on another machine.
    type: list
    elements: str
    default: []
  found:
    description: The path at which it is.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show what the role passes to the module
  ansible.builtin.debug:
    msg: "{{ lookup('gatehouse.istio.variables', 'exposures') | gatehouse.istio.exposures_request }}"
"""

RETURN = r"""
_value:
  description:
    - The options of M(gatehouse.istio.istio_exposures) by name. C(src) and C(prune) are empty if they are not given.
    - C(problems), a list of sentences.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.plugin_utils._roles.exposures_request import exposures_request


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"exposures_request": exposures_request}
