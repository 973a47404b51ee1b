# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches: each keeps a copy of its objects and wakes the agent when one changes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

from cluster.api import Api, ApiError, Object

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 0.5


class Watch(threading.Thread):
    """Lists the objects, then watches them. Lists them again if the server no longer has the changes."""

    def __init__(self, api: Api, path: str, query: Mapping[str, str], wake: threading.Event) -> None:
        super().__init__(name=f"watch {path} {dict(query)}", daemon=True)
        self.synced = threading.Event()
        self._api = api
        self._path = path
        self._query = query
        self._wake = wake
        self._lock = threading.Lock()
        self._objects: dict[str, Object] = {}

    def objects(self) -> list[Object]:
        """The objects as last received. They are shared, so callers must not change them."""
        with self._lock:
            return list(self._objects.values())

    def run(self) -> None:
        pause = threading.Event()
        version = ""
        while True:
            try:
                version = self._follow(version or self._list())
            except ApiError as error:
                # 410 Gone: the version is too old. Any other error: the server is unreachable, or was replaced.
                if error.status != 410:
                    _log.info("%s: %s", self.name, error)
                    pause.wait(_RETRY_SECONDS)
                version = ""

    def _list(self) -> str:
        answer = self._api.list(self._path, self._query)
        with self._lock:
            self._objects = {item["metadata"]["uid"]: item for item in answer["items"]}
        self.synced.set()
        self._wake.set()
        return str(answer["metadata"]["resourceVersion"])

    def _follow(self, version: str) -> str:
        """Process changes until the server ends the watch. Returns the version to continue from."""
        for event in self._api.watch(self._path, self._query, version):
            item = event["object"]
            if event["type"] == "ERROR":
                raise ApiError(str(item.get("message")), int(item.get("code", 0)))
            version = item["metadata"]["resourceVersion"]
            if event["type"] == "BOOKMARK":
                continue
            with self._lock:
                if event["type"] == "DELETED":
                    self._objects.pop(item["metadata"]["uid"], None)
                else:
                    self._objects[item["metadata"]["uid"]] = item
            self._wake.set()
        return version
