# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What a flow needs of a task: whether it may write, and where warnings go."""

from __future__ import annotations

from typing import Protocol


class Task(Protocol):
    """One exposure's side of a task: an AnsibleModule, or a part of one."""

    @property
    def check_mode(self) -> bool:
        """Whether nothing may be written."""

    def warn(self, warning: str) -> None:
        """Reports a warning to the user."""
