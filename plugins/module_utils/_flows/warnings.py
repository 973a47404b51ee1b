# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Collects what many exposures have to say, so that a person can read it: each sentence once, and not thousands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_MOST_NAMED = 3
_MOST_MESSAGES = 20


class GroupedMessages:
    """Sentences, each with the exposures that it is about."""

    def __init__(self) -> None:
        self._by_text: dict[str, dict[str, None]] = {}

    def add(self, about: str, text: str) -> None:
        """about: an exposure, as messages name it; empty where nothing need be named."""
        self._by_text.setdefault(text, {})[about] = None

    def add_of_server(self, warnings: Iterable[tuple[str, str]]) -> None:
        """What the API server and its webhooks say of objects, such as istiod of routes that are never reached."""
        for about, text in warnings:
            self.add(about, f"the API server warns: {text}")

    def sentences(self, limit: int = _MOST_MESSAGES) -> Iterator[str]:
        """Each sentence once, with the first few exposures; at most `limit`, and then how many more there are."""
        for text, about in list(self._by_text.items())[:limit]:
            names = list(about)
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            prefix = f"{', '.join(names[:_MOST_NAMED])}{more}: " if any(names) else ""
            yield f"{prefix}{text}"
        if len(self._by_text) > limit:
            yield f"And {len(self._by_text) - limit} more like these."

    def report(self, module: AnsibleModule) -> None:
        """Shows them to the user, as warnings."""
        for sentence in self.sentences():
            module.warn(sentence)


@dataclass(frozen=True)
class EntryTask:
    """The Task of one exposure: its warnings are collected."""

    about: str
    check_mode: bool
    warnings: GroupedMessages = field(repr=False)

    def warn(self, warning: str) -> None:
        self.warnings.add(self.about, warning)
