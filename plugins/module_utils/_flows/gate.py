# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Makes the checks of one task: looks around, warns, and stops the task before its first write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .._checks.finding import (
    ERROR,
    IGNORE,
    Finding,
    refusal,
    with_levels,
)
from .._checks.registry import findings
from .._istio.cluster_state import look_around
from .._kubernetes.client import Cluster
from .._plan.steps import Step

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


class FindingsError(Exception):
    """One message for all findings that stop the task; `found` are all, warnings too."""

    def __init__(self, found: list[Finding]) -> None:
        super().__init__(refusal([finding for finding in found if finding.level == ERROR]))
        self.found = found


def checked(module: AnsibleModule, cluster: Cluster, steps: list[Step], levels: Mapping[str, str]) -> list[Finding]:
    """The findings about what the task wants. Raises FindingsError if it would write and one of them is an error."""
    desired = [step.desired for step in steps if step.desired and not step.takes_away]
    if not desired or set(levels.values()) == {IGNORE}:
        return []
    domain = module.params["cluster_domain"]
    around = look_around(cluster, desired, domain)
    left = {step.ref: step.desired for step in steps if step.takes_away}
    found = with_levels(findings(desired, around, domain, left), levels, module.check_mode)
    if around.unknown:
        module.warn(f"Not known, and so not checked: {'; '.join(around.unknown)}.")
    stops = any(step.changes for step in steps) and any(finding.level == ERROR for finding in found)
    for finding in found:
        # What is there already is not undone by stopping.
        if not stops or finding.level != ERROR:
            module.warn(f"{finding} [{finding.code}]")
    if stops:
        raise FindingsError(found)
    return found
