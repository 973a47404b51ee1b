# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Role cert_manager: a failed task that applies objects → what the API server refuses, and what is applied. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._roles.messages import kubernetes_message

Result = Mapping[str, Any]

ITEM = "cert_manager__item"


def cert_manager_refusals(failed: Result, applied: Iterable[Result] = (), check_mode: bool = False) -> list[str]:
    """A sentence for each item that the task `failed` at, and one about the items that were applied before."""
    sentences = [
        f"The cluster refuses the {result[ITEM]['id']}: {_reason(result)}."
        for result in failed.get("results") or []
        if result.get("failed")
    ]
    done = [result[ITEM]["id"] for result in applied if ITEM in result and not result.get("failed")]
    outcome = "Check mode applied nothing." if check_mode else f"Applied so far: {', '.join(done) or 'nothing'}."
    return [*(sentences or [f"{_reason(failed)}."]), outcome]


def _reason(result: Result) -> str:
    return kubernetes_message(str(result.get("msg") or "no reason given")).rstrip().rstrip(".").rstrip()
