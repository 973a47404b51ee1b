# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy before a real API server that answers some requests itself, loses some connections, and counts all.

It takes plain HTTP. What comes with a token goes on as whom the token names, everything else as the cluster's admin.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from cluster.credentials import pair
from cluster.lifecycle import load_settings
from cluster.testing import Cluster

# .../gateways, .../namespaces/shop/gateways/shop, with the name of the kind in the API's own words: a plural.
_KIND = re.compile(r"/(?:api|apis/[^/]+)/v1(?:/namespaces/[^/]+(?=/.))?/(?P<kind>[^/?]+)")
_LOST = (ConnectionError, http.client.HTTPException, ssl.SSLError)


@dataclass
class Fault:
    """What happens to requests of a method (GET, PATCH, ...; None: any) whose target (path and query) has a pattern.

    The first `after` of them pass, the next `times` (None: all) do not: they get the status, or if that is None the
    connection is closed. With `too_late` the API server has carried them out before that.
    """

    method: str | None = None
    pattern: str = ""
    status: int | None = None
    after: int = 0
    times: int | None = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "a fault of the tests"
    too_late: bool = False
    # The answer's body, if it is not the usual one.
    raw: bytes | None = None
    met: int = 0

    def meets(self, method: str, target: str) -> bool:
        """Whether it happens to this request, which is counted."""
        if self.method not in (None, method) or not re.search(self.pattern, target):
            return False
        self.met += 1
        return self.after < self.met and (self.times is None or self.met <= self.after + self.times)

    @property
    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": self.status}
        return json.dumps({**status, "message": self.message, "details": {"kind": "tests"}}).encode()


@dataclass
class FaultyProxy:
    """The proxy's address, its faults (add them at any time), and what it has seen."""

    url: str
    faults: list[Fault] = field(default_factory=list)
    # By method and plural, such as ("PATCH", "gateways"): as often as they arrived.
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    last_headers: Message = field(default_factory=Message)
    connections: int = 0
    at_once: int = 0
    most_at_once: int = 0
    # Each request takes so much longer, so that those of several threads meet.
    delay: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def kubeconfig(self) -> dict[str, object]:
        """For the option kubeconfig: the cluster's admin, through the proxy."""
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "proxy", "cluster": {"server": self.url}}],
            "users": [{"name": "proxy", "user": {}}],
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
            "current-context": "proxy",
        }

    def fault(self, method: str, target: str) -> Fault | None:
        """Counts a request; what happens to it, if anything does."""
        kind = _KIND.match(target)
        with self.lock:
            self.requests[method, kind["kind"] if kind else target] += 1
            return next((fault for fault in self.faults if fault.meets(method, target)), None)

    @contextmanager
    def asking(self) -> Iterator[None]:
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
        time.sleep(self.delay)
        try:
            yield
        finally:
            with self.lock:
                self.at_once -= 1


@contextmanager
def faulty_proxy(cluster: Cluster) -> Iterator[FaultyProxy]:
    """Runs a proxy in threads of this process. The API server may be restarted behind it."""
    server = _Server(cluster)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = FaultyProxy(f"http://127.0.0.1:{self.server_address[1]}")
        self.api = urlsplit(load_settings(cluster.layout).api)
        self.bearer = ssl.create_default_context(cafile=str(pair(cluster.layout, "ca").certificate))
        self.admin = ssl.create_default_context(cafile=str(pair(cluster.layout, "ca").certificate))
        admin = pair(cluster.layout, "admin")
        self.admin.load_cert_chain(admin.certificate, admin.key)


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client, with one of its own to the API server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.upstream: http.client.HTTPSConnection | None = None
        with self.server.proxy.lock:
            self.server.proxy.connections += 1

    def finish(self) -> None:
        if self.upstream:
            self.upstream.close()
        super().finish()

    def handle(self) -> None:
        with suppress(ConnectionError):  # the client has gone
            super().handle()

    def _answer(self) -> None:
        # Who takes it for a proxy, and not for the API server, sends the whole URL.
        self.path = re.sub(r"^http://[^/]*", "", self.path)
        self.server.proxy.last_headers = self.headers
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.server.proxy.asking():
            fault = self.server.proxy.fault(self.command, self.path)
            if fault is None or fault.too_late:
                try:
                    status, headers, answer = self._ask(body)
                except _LOST:
                    self.close_connection = True
                    return
            if fault is not None:
                if fault.status is None:
                    self.close_connection = True
                    return
                status, headers, answer = (
                    fault.status,
                    {"Content-Type": "application/json", **fault.headers},
                    fault.body,
                )
        self._send(status, headers, answer)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815  (http.server finds them by these names)

    def _ask(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        if self.upstream is None:
            context = self.server.bearer if self.headers.get("Authorization") else self.server.admin
            api = self.server.api
            self.upstream = http.client.HTTPSConnection(str(api.hostname), api.port, timeout=60, context=context)
        kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "content-length")}
        self.upstream.request(self.command, self.path, body or None, kept)
        answer = self.upstream.getresponse()
        content = answer.read()
        passed = ("content-type", "content-encoding", "retry-after", "warning")
        return answer.status, {name: value for name, value in answer.getheaders() if name.lower() in passed}, content

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_about: object) -> None:
        """Nothing: what it saw is in its counters."""
