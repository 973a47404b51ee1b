# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Where a task's module may run: in Ansible's own worker, or only as an ordinary module. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Ansible then looks for an interpreter itself.
_NOT_EXPLICIT = ("auto", "auto_silent", "auto_legacy", "auto_legacy_silent")
_NO = ("0", "false", "no", "off")


@dataclass(frozen=True)
class Place:
    """How Ansible would run a module: over which connection, as which user, with which Python and environment.

    become_user is None without become. interpreter is as it was asked for; running the Python that runs Ansible.
    """

    transport: str
    is_async: bool
    user: str
    become_user: str | None
    interpreter: str | None
    running: str
    environment: Mapping[str, Any]

    @property
    def is_here(self) -> bool:
        """Whether this process, as it is, is the same place."""
        return (
            self.transport == "local"
            and not self.is_async
            and self.become_user in (None, self.user)
            and not self.environment
            and (self.interpreter in (None, "", *_NOT_EXPLICIT) or _is_same(str(self.interpreter), self.running))
        )


def is_switched_off(environment: Mapping[str, str]) -> bool:
    """Whether GATEHOUSE_DIRECT says that ordinary modules are wanted."""
    return environment.get("GATEHOUSE_DIRECT", "").strip().lower() in _NO


def _is_same(interpreter: str, running: str) -> bool:
    """Whether two paths are one Python: of the same directory, as a virtual environment's links lead out of it."""
    one, other = Path(interpreter).absolute(), Path(running).absolute()
    return one.parent == other.parent and one.resolve() == other.resolve()
