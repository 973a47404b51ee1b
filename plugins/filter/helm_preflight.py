# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles that use Helm: whether they can begin, and how they call Helm."""

from __future__ import annotations

DOCUMENTATION = r"""
name: helm_preflight
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.2.0
short_description: Check what a role needs before it uses Helm
description:
  - For the entry point C(helm) of role P(gatehouse.istio.istio#role), which the roles that use Helm share.
  - Problems are returned as sentences, not raised, so that the role can report all of them at once.
options:
  _input:
    description:
      - What the role read on the host. The keys are C(host), C(role) (the prefix of the role's variables),
        C(kubernetes_core) (its version), C(helm_binary), C(helm_version) (the result of C(helm version)),
        C(chart_source), C(charts) (the names of the charts), C(chart_files) (the paths of C(Chart.yaml) in a chart
        directory), C(values_files) (the paths by variable) and C(missing_files) (the paths that do not exist).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Check Helm, kubernetes.core, the charts and the values files
  ansible.builtin.set_fact:
    istio_preflight: "{{ facts | gatehouse.istio.helm_preflight }}"
"""

RETURN = r"""
_value:
  description:
    - C(helm_version), such as V(4.3.1), and C(server_side), which is true for Helm 4 and newer.
    - C(chart_prefix), which goes before a chart's name, C(chart_repository), the repository's URL or an empty string,
      and C(charts_have_versions), which is false for a chart directory.
    - C(problems), a list of sentences.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.plugin_utils._roles.helm_preflight import helm_preflight


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"helm_preflight": helm_preflight}
