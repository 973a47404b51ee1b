# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module of the collection in this process, as ansible-playbook would, a hundred times faster.

What lies between a playbook and the module (action plugin, module_defaults, vault) is tested with real playbooks.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

import kubernetes
from ansible.module_utils import _internal
from ansible.module_utils.common import warnings
from ansible.module_utils.testing import patch_module_args


@dataclass(frozen=True)
class Outcome:
    """A module's result; `text` is all that it printed."""

    result: dict[str, Any]
    text: str

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))

    @property
    def changed(self) -> bool:
        return bool(self.result.get("changed"))

    @property
    def message(self) -> str:
        return str(self.result.get("msg", ""))

    @property
    def actions(self) -> list[str]:
        """Such as "created Gateway shop/shop", in the order in which it was done."""
        return [f"{o['action']} {o['kind']} {o['namespace']}/{o['name']}" for o in self.result["objects"]]

    @property
    def diff(self) -> str:
        """All diffs as one text: "- " what goes, "+ " what comes."""
        lines = []
        for entry in self.result.get("diff", []):
            lines += [f"- {line}" for line in entry["before"].splitlines()]
            lines += [f"+ {line}" for line in entry["after"].splitlines()]
        return "\n".join(lines)


@contextlib.contextmanager
def _module_process() -> Iterator[None]:
    """What a process of its own gives a module.

    A filter plugin's test makes this one a controller for Ansible, which shows warnings instead of returning them; and
    the warnings and the Kubernetes client's connection of the module before are still there.
    """
    kubernetes.client.Configuration.set_default(None)
    given_before = warnings._global_warnings  # noqa: SLF001  (Ansible offers no other way to forget them)
    with mock.patch.object(_internal, "is_controller", False), mock.patch.dict(given_before, clear=True):
        yield


def run_module(main: Callable[[], None], params: dict[str, Any], check: bool = False) -> Outcome:
    """The outcome of the module with the given options (None: not given), always with its diff."""
    output = io.StringIO()
    given = {option: value for option, value in params.items() if value is not None}
    arguments = {**given, "_ansible_check_mode": check, "_ansible_diff": True}
    with (
        _module_process(),
        patch_module_args(arguments),
        contextlib.redirect_stdout(output),
        contextlib.suppress(SystemExit),
    ):
        main()
    text = output.getvalue()
    return Outcome(json.loads(text), text)
