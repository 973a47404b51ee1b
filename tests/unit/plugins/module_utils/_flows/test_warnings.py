# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many voices, told once."""

from __future__ import annotations

from ansible_collections.gatehouse.istio.plugins.module_utils._flows.warnings import EntryTask, GroupedMessages


def test_the_same_sentence_is_told_once() -> None:
    gathered = GroupedMessages()
    for number in range(5):
        EntryTask(f"e{number}", False, gathered).warn("It rains.")
    EntryTask("e0", False, gathered).warn("It snows.")
    EntryTask("e0", False, gathered).warn("It snows.")
    assert list(gathered.sentences()) == ["e0, e1, e2 and 2 more: It rains.", "e0: It snows."]


def test_thousands_are_not_told() -> None:
    gathered = GroupedMessages()
    for number in range(100):
        gathered.add("x", f"Number {number}.")
    told = list(gathered.sentences(3))
    assert told == ["x: Number 0.", "x: Number 1.", "x: Number 2.", "And 97 more like these."]
