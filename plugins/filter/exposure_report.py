# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook report: what istio_exposure_info returned → the content of the page. Pure."""

from __future__ import annotations

DOCUMENTATION = r"""
name: exposure_report
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.2.0
short_description: Arrange what is exposed for a report
description:
  - For the playbook C(gatehouse.istio.report), whose template renders the page.
options:
  _input:
    description: The result of M(gatehouse.istio.istio_exposure_info).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show how many certificates expire within a week
  ansible.builtin.debug:
    msg: "{{ (exposed | gatehouse.istio.exposure_report).summary.urgent }}"
"""

RETURN = r"""
_value:
  description:
    - The content of the page. Its C(digest) changes if any of the content does.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.plugin_utils._report.page import exposure_report


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"exposure_report": exposure_report}
