# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook report: what was read back, as its page shows it. Pure."""

from __future__ import annotations

DOCUMENTATION = r"""
name: exposure_report
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.2.0
short_description: Put what is exposed into the order of a report
description:
  - Made for the playbook C(gatehouse.istio.report), whose template writes it as a page.
options:
  _input:
    description: What M(gatehouse.istio.istio_exposure_info) has returned.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Say how many certificates end within a week
  ansible.builtin.debug:
    msg: "{{ (exposed | gatehouse.istio.exposure_report).summary.urgent }}"
"""

RETURN = r"""
_value:
  description:
    - The parts of the page. Its C(digest) changes if anything of what it tells does.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.plugin_utils._report.page import exposure_report


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"exposure_report": exposure_report}
