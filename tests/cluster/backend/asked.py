# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delays and failures that a request selects by its path, for tests of timeouts and retries."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Envoy's count of attempts.
ATTEMPT_HEADER = "X-Envoy-Attempt-Count"
_PATH = re.compile(r"/(?P<what>wait|fail)/(?P<number>[0-9]{1,2})(?:[?/]|$)")


@dataclass(frozen=True)
class Asked:
    """How to answer: delay in seconds, and status."""

    seconds: int = 0
    status: int = 200


def asked(path: str, attempt: str | None) -> Asked:
    """/wait/N answers after N seconds; /fail/N answers 503 to the first N attempts of a request."""
    match = _PATH.match(path)
    if match is None:
        return Asked()
    number = int(match["number"])
    if match["what"] == "wait":
        return Asked(seconds=number)
    return Asked(status=503 if int(attempt or 1) <= number else 200)
