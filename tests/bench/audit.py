# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts the requests of a user in the API server's audit log."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import yaml


def policy(user: str) -> str:
    """An audit policy that logs one line for each completed request of this user, and nothing else."""
    document = {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived", "ResponseStarted"],
        "rules": [{"level": "Metadata", "users": [user]}, {"level": "None"}],
    }
    return yaml.safe_dump(document, sort_keys=False)


def count_requests(lines: Iterable[str], user: str) -> int:
    return sum(json.loads(line)["user"]["username"] == user for line in lines)


class AuditLog:
    """The audit log, read from a mark that is set before a measurement."""

    def __init__(self, file: Path, user: str) -> None:
        self._file = file
        self._user = user
        self._offset = 0

    def mark(self) -> None:
        self._offset = self._file.stat().st_size if self._file.exists() else 0

    def requests(self) -> int:
        """Number of requests of the user since the mark."""
        with self._file.open(encoding="utf-8") as log:
            log.seek(self._offset)
            return count_requests(log, self._user)
