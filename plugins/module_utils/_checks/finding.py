# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What a check says, and the levels that a task gives to checks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._options.values import OptionError

ERROR, WARNING, IGNORE = "error", "warning", "ignore"
PAGE = "docs/findings.md"

# Every check's code and its level, unless the task says otherwise. Error: the real Envoy was seen to break (see
# tests/integration/test_findings.py).
LEVELS = {
    "host-served-twice": ERROR,
    "port-taken": ERROR,
    "sni-twice": ERROR,
    "certificate-on-two-servers": ERROR,
    "host-not-on-gateway": ERROR,
    "routes-shadowed": ERROR,
    "secret-unusable": ERROR,
    "secret-missing": WARNING,
    "certificate-expired": WARNING,
    "certificate-expires-soon": WARNING,
    "host-not-in-certificate": WARNING,
    "no-gateway-pods": WARNING,
    "several-gateways": WARNING,
    "gateway-not-injected": WARNING,
    "gateway-out-of-scope": WARNING,
    "gateway-without-namespace": WARNING,
    "not-exported": WARNING,
    "destination-missing": WARNING,
    "destination-port-missing": WARNING,
    "destination-protocol": WARNING,
    "subset-missing": WARNING,
}
# In check mode an earlier task of the play, which has not done anything, may be about to put these right.
_MAY_COME = (
    "destination-missing",
    "destination-port-missing",
    "gateway-without-namespace",
    "host-not-on-gateway",
    "no-gateway-pods",
    "secret-missing",
    "secret-unusable",
    "subset-missing",
)


@dataclass(frozen=True)
class Finding:
    """A mistake: which, how bad, in which objects, in which option, what is wrong and who loses, and what to do.

    settled is set when it was so before, and another exposure loses by it: then it is never worse than a warning.
    """

    code: str
    objects: tuple[str, ...]
    where: str
    message: str
    fix: str
    settled: bool = False
    level: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.message} {self.fix}"

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


def parse_levels(option: Mapping[str, Any] | None) -> dict[str, str]:
    """Every code's level, as option checks changes them; raises OptionError."""
    found = dict(LEVELS)
    for code, given in (option or {}).items():
        if code not in LEVELS:
            raise OptionError(f"checks: there is no check '{code}'; the checks are {', '.join(sorted(LEVELS))}.")
        # YAML makes a boolean of off and no.
        level = IGNORE if given is False or str(given).lower() in ("off", "no", "false") else str(given).lower()
        if level not in (ERROR, WARNING, IGNORE):
            raise OptionError(f"checks.{code}: '{given}' is not a level; write error, warning or ignore.")
        found[code] = level
    return found


def with_levels(found: list[Finding], levels: Mapping[str, str], check_mode: bool = False) -> list[Finding]:
    """The findings that are not ignored, worst first, each with its level."""
    kept = []
    for finding in found:
        level = levels[finding.code]
        if level == ERROR and (finding.settled or (check_mode and finding.code in _MAY_COME)):
            level = WARNING
        if level != IGNORE:
            kept.append(replace(finding, level=level))
    return sorted(kept, key=lambda finding: finding.level != ERROR)


def refusal(errors: list[Finding]) -> str:
    """One message for all findings that stop a task."""
    intro = "Nothing was changed, because this would break what is served"
    if len(errors) == 1:
        return f"{errors[0]} [{errors[0].code}] {intro}; see {PAGE}, which also says how to switch the check off."
    numbered = " ".join(f"({number}) {one} [{one.code}]" for number, one in enumerate(errors, 1))
    return f"{intro}, for {len(errors)} reasons (see {PAGE}, which also says how to switch a check off): {numbered}"
