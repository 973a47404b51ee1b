# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What a check finds. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

ERROR, WARNING, IGNORE = "error", "warning", "ignore"
# Users who installed from Galaxy do not have docs/ at hand. galaxy.yml's documentation lies beside it.
FINDINGS_URL = "https://github.com/gatehouse-istio/gatehouse.istio/blob/main/docs/findings.md"


@dataclass(frozen=True)
class Finding:
    """A mistake: the objects, the option that is wrong, what breaks and for whom, and what to do.

    preexisting is set when it was so before the task, and another exposure is the one that loses: then it is never
    worse than a warning. Neither is it if it is partial: about a part of a route, whose others are used. code and level
    are set by the registry.
    """

    objects: tuple[str, ...]
    where: str
    message: str
    fix: str
    preexisting: bool = False
    partial: bool = False
    code: str = ""
    level: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.message} {self.fix} [{self.code}]"

    def result(self) -> dict[str, Any]:
        """As modules return it."""
        return {
            "code": self.code,
            "level": self.level,
            "objects": list(self.objects),
            "where": self.where,
            "message": self.message,
            "fix": self.fix,
        }


def refusal(errors: Iterable[Finding]) -> str:
    """One message for all findings that stop an exposure."""
    messages = [str(error) for error in errors]
    if len(messages) > 1:
        messages = [f"({number}) {message}" for number, message in enumerate(messages, 1)]
    return f"{' '.join(messages)} This would break what is served; {FINDINGS_URL} says how to switch a check off."
