# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of all modules (see meta/runtime.yml): kubernetes.core's, also for `async`, without options in results.

kubernetes.core's finds a kubeconfig and `src` on the controller, and decrypts a kubeconfig with Ansible Vault.

Where the module would run on the controller as it is, its work is done right here: nothing is packed, no second Python
starts, and nothing is imported for each item of a loop. Ansible loads this file in its main process and forks its
workers from that, so what is imported here is imported once for all tasks.
"""

from __future__ import annotations

import os
import pwd
import sys
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError
from ansible_collections.kubernetes.core.plugins.action.k8s_info import ActionModule as KubernetesAction

from ..module_utils._kubernetes.client import KUBERNETES_IMPORT_ERROR
from ..module_utils._options.info import JMESPATH_IMPORT_ERROR
from ..plugin_utils._direct.place import Place, is_switched_off
from ..plugin_utils._direct.run import run
from ..plugin_utils._direct.task import Asked


class ActionModule(KubernetesAction):  # type: ignore[misc]  # Ansible has no type hints
    """Runs a module of this collection."""

    _supports_async = True
    # Otherwise a directory for files would be made first, and removed in the end.
    TRANSFERS_FILES = False

    def _execute_module(
        self,
        module_name: str | None = None,
        module_args: dict[str, Any] | None = None,
        task_vars: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        # Without a package here, the ordinary module may still find it, with another Python.
        name, options = module_name or self._task.action, self._task.args if module_args is None else module_args
        variables = task_vars or {}
        is_missing = KUBERNETES_IMPORT_ERROR or (options.get("query") and JMESPATH_IMPORT_ERROR)
        if not is_missing and self._runs_here(variables):
            task = self._task
            asked = Asked(name, options, task.check_mode, task.diff, _shows_invocation(variables))
            return run(asked, self._loader.get_basedir())
        result: dict[str, Any] = super()._execute_module(
            module_name=name,
            module_args=options,
            task_vars=variables,
            **{"wrap_async": self._task.async_val, **kwargs},
        )
        return result

    def _runs_here(self, task_vars: dict[str, Any]) -> bool:
        """Whether this process is the place for the module's work, and may do it."""
        if is_switched_off(os.environ):
            return False
        delegated = task_vars.get("ansible_delegated_vars") or {}
        variables = delegated.get(self._task.delegate_to, task_vars) if self._task.delegate_to else task_vars
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        try:
            user = pwd.getpwuid(os.geteuid()).pw_name
        except KeyError:  # as in a container with a user that has no name
            user = ""
        interpreter = constants.config.get_config_value("INTERPRETER_PYTHON", variables=variables)
        return Place(
            transport=self._connection.transport,
            is_async=bool(self._task.async_val),
            user=user,
            become_user=(self.get_become_option("become_user") or "root") if self._connection.become else None,
            interpreter=self._templar.template(interpreter) if interpreter else None,
            running=sys.executable,
            environment=environment,
        ).is_here

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


def _shows_invocation(task_vars: dict[str, Any]) -> bool:
    """Whether Ansible wants the options in the result. Older versions always do."""
    try:
        return bool(constants.config.get_config_value("INJECT_INVOCATION", variables=task_vars))
    except AnsibleError:
        return True
