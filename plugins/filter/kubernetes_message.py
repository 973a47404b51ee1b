# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API server's message in an error of kubernetes.core. Pure."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kubernetes_message
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.2.0
short_description: Extract the API server's message from an error of kubernetes.core
description:
  - The modules of kubernetes.core fail with the API server's whole response, as JSON or as a Python literal of it. This
    filter returns the message in it.
  - Text without such a response is returned unchanged.
options:
  _input:
    description: The C(msg) of a task that failed.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Fail with the API server's message
  ansible.builtin.fail:
    msg: "{{ ansible_failed_result.msg | gatehouse.istio.kubernetes_message }}"
"""

RETURN = r"""
_value:
  description: The message.
  type: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.gatehouse.istio.plugins.plugin_utils._roles.messages import kubernetes_message


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"kubernetes_message": kubernetes_message}
