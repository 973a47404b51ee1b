# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.
"""What many exposures have to say, told so that a person can read it: the same sentence once, and not thousands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

_MOST_NAMED = 3
_MOST_TOLD = 20


class Gathered:
    """Sentences by who says them."""

    def __init__(self) -> None:
        self._by_text: dict[str, list[str]] = {}

    def add(self, who: str, text: str) -> None:
        speakers = self._by_text.setdefault(text, [])
        if who not in speakers[-1:]:
            speakers.append(who)

    def sentences(self, most: int = _MOST_TOLD) -> Iterator[str]:
        """Each sentence once, with the first few who say it; at most so many, and then how many more there are."""
        for text, speakers in list(self._by_text.items())[:most]:
            more = f" and {len(speakers) - _MOST_NAMED} more" if len(speakers) > _MOST_NAMED else ""
            yield f"{', '.join(speakers[:_MOST_NAMED])}{more}: {text}"
        if len(self._by_text) > most:
            yield f"And {len(self._by_text) - most} more like these."


@dataclass(frozen=True)
class Voice:
    """The side of one exposure in a task with many: its warnings are gathered."""

    who: str
    check_mode: bool
    warnings: Gathered = field(repr=False)

    def warn(self, warning: str) -> None:
        self.warnings.add(self.who, warning)
