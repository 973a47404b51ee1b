# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Istio's charts as others get them: from a chart repository, and from an OCI registry, both on loopback."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.cncf.helm.config.v1+json"
CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


@contextmanager
def chart_repository(directory: Path) -> Iterator[str]:
    """Serve a directory of packaged charts with its index.yaml; the URL of the repository."""
    with _serving(partial(_Files, directory=str(directory))) as address:
        yield f"http://{address}"


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Say nothing: pytest's output is for failures."""


@dataclass
class _Registry:
    """What a registry answers to a pull: by path, the content type and the bytes."""

    answers: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def add(self, name: str, version: str, archive: bytes) -> None:
        config = json.dumps({"name": name, "version": version, "apiVersion": "v2"}).encode()
        layers = [self._blob(name, CHART, archive)]
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": self._blob(name, CONFIG, config)}
        content = json.dumps({**manifest, "layers": layers}).encode()
        for reference in (version, digest(content)):
            self.answers[f"/v2/charts/{name}/manifests/{reference}"] = (MANIFEST, content)

    def _blob(self, name: str, media_type: str, content: bytes) -> dict[str, str | int]:
        self.answers[f"/v2/charts/{name}/blobs/{digest(content)}"] = ("application/octet-stream", content)
        return {"mediaType": media_type, "digest": digest(content), "size": len(content)}


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@contextmanager
def oci_registry(directory: Path) -> Iterator[str]:
    """Serve every packaged chart NAME-VERSION.tgz of a directory; the reference that the names are appended to."""
    registry = _Registry()
    for archive in directory.glob("*.tgz"):
        name, _dash, version = archive.stem.rpartition("-")
        registry.add(name, version, archive.read_bytes())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            media_type, content = registry.answers.get(self.path, ("application/json", b""))
            self.send_response(200 if content or self.path == "/v2/" else 404)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Docker-Content-Digest", digest(content))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815  (the name that http.server asks for)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing: pytest's output is for failures."""

    with _serving(Handler) as address:
        yield f"oci://{address}/charts"


@contextmanager
def _serving(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
