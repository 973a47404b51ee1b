# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Identity of the server, which is part of every answer in every protocol."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

HEADER = "X-Backend"


@dataclass(frozen=True)
class Identity:
    """The port of the Service that is served."""

    namespace: str
    service: str
    port: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.service}/{self.port}"

    def answer(self, method: str, path: str, host: str, headers: Iterable[tuple[str, str]]) -> tuple[str, bytes]:
        """Content type and body: a page for people at `/`, and details of the request for tests elsewhere."""
        if path == "/":
            title = f"{self.service} in {self.namespace}"
            page = f"<!doctype html>\n<title>{title}</title>\n<h1>{title}</h1>\n<p>Hello from port {self.port}.</p>\n"
            return "text/html; charset=utf-8", page.encode()
        facts = {
            "service": self.service,
            "namespace": self.namespace,
            "port": self.port,
            "method": method,
            "path": path,
            "host": host,
            "headers": dict(headers),
        }
        return "application/json", json.dumps(facts).encode()
