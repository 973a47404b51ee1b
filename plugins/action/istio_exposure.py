# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of all modules (see meta/runtime.yml): kubernetes.core's, also for `async`, without options in results.

kubernetes.core's finds a kubeconfig and `src` on the controller, and decrypts a kubeconfig with Ansible Vault.
"""

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.kubernetes.core.plugins.action.k8s_info import ActionModule as KubernetesAction


class ActionModule(KubernetesAction):  # type: ignore[misc]  # Ansible has no type hints
    """Runs a module of this collection."""

    _supports_async = True

    def _execute_module(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        result: dict[str, Any] = super()._execute_module(*args, **{"wrap_async": self._task.async_val, **kwargs})
        return result

    def _ensure_invocation(self, result: dict[str, Any]) -> dict[str, Any]:
        # The module returns it itself, if Ansible's settings ask for it, and without what may not be shown.
        return result

    def get_kubeconfig(self, kubeconfig: Any, remote_transport: bool, new_module_args: dict[str, Any]) -> None:
        super().get_kubeconfig(kubeconfig, remote_transport, new_module_args)
        if self._task.async_val and isinstance(kubeconfig, str) and not remote_transport:
            files = [self._find_needle("files", config) for config in kubeconfig.split(os.pathsep)]
            if new_module_args["kubeconfig"] != os.pathsep.join(files):
                raise AnsibleError(
                    "kubeconfig: it is encrypted with Ansible Vault, and the decrypted copy is removed before a task "
                    "with async has read it; give one that is not encrypted, or run the task without async."
                )
