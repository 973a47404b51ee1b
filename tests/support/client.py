# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's client of the API server, without a module."""

from __future__ import annotations

from typing import Any

import kubernetes
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.client import CONNECTION, KubernetesClient


def connect(connections: int = 1, **options: Any) -> KubernetesClient:
    """A client with these connection options of the modules, and with that many connections."""
    kubernetes.client.Configuration.set_default(None)  # that of the previous test
    with patch_module_args(options):
        return KubernetesClient(AnsibleModule(CONNECTION.argument_spec), connections)
