# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of istio_exposure_info share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support.run_module import Outcome

PODS = "istio-ingress"
PUBLIC = {"selector": {"istio": "public"}}
Run = Callable[..., Outcome]


def named(outcome: Outcome) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in outcome.result["exposures"]}
