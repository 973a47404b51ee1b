# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests are counted by user, from a mark on."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from bench.audit import AuditLog, policy


def entry(user: str, verb: str = "get") -> str:
    event = {"kind": "Event", "stage": "ResponseComplete", "verb": verb, "user": {"username": user}}
    return json.dumps(event) + "\n"


def test_only_the_users_requests_count(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    file.write_text(entry("bench") + entry("somebody") + entry("bench", "patch"))
    assert AuditLog(file, "bench").requests() == 2


def test_what_was_before_the_mark_does_not_count(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    log = AuditLog(file, "bench")
    log.mark()  # there is no file before the first request
    file.write_text(entry("bench"))
    assert log.requests() == 1
    log.mark()
    with file.open("a") as more:
        more.write(entry("bench") * 3)
    assert log.requests() == 3


def test_the_policy_logs_one_line_for_each_request_of_the_user() -> None:
    document = yaml.safe_load(policy("bench"))
    assert document["rules"] == [{"level": "Metadata", "users": ["bench"]}, {"level": "None"}]
    assert document["omitStages"] == ["RequestReceived", "ResponseStarted"]
