# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Option checks → the level of each check. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._analysis.finding import ERROR, IGNORE, WARNING
from .._checks.registry import LEVELS
from .values import OptionError


def parse_levels(option: Mapping[str, Any] | None) -> dict[str, str]:
    """The level of every check by its code: the default, or the one that the option sets. Raises OptionError."""
    levels = dict(LEVELS)
    for code, value in (option or {}).items():
        if code not in LEVELS:
            raise OptionError(f"checks: '{code}' is not a check; the checks are {', '.join(sorted(LEVELS))}.")
        # YAML 1.1 reads off and no as false (https://yaml.org/type/bool.html).
        level = IGNORE if value is False or str(value).lower() in ("off", "no", "false") else str(value).lower()
        if level not in (ERROR, WARNING, IGNORE):
            raise OptionError(f"checks.{code}: '{value}' is not a level; write error, warning or ignore.")
        levels[code] = level
    return levels
