# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m cluster.backend FILE`: serves what the node agent has written to FILE, and writes its ports to a file."""

from __future__ import annotations

import json
import os
import socket
import ssl
import sys
import threading
from pathlib import Path
from typing import Any

from cluster.backend import grpc_server, http2_server, http_server, tcp_server
from cluster.backend.identity import Identity


def serve(config: dict[str, Any]) -> dict[str, int]:
    """Start a server for every port. Returns where each listens."""
    listening: dict[str, int] = {}
    for port in config["ports"]:
        identity = Identity(config["namespace"], config["service"], port["name"])
        if port["protocol"] == "grpc":
            listening[port["name"]] = grpc_server.serve(identity, config["host"])
            continue
        server = socket.create_server((config["host"], 0), backlog=128)
        tls = _tls(config) if port["protocol"] in ("https", "tls") else None
        run = {"http": http_server.serve, "https": http_server.serve, "http2": http2_server.serve}
        target = run.get(port["protocol"], tcp_server.serve)
        threading.Thread(target=target, args=(identity, server, tls), daemon=True).start()
        listening[port["name"]] = server.getsockname()[1]
    return listening


def _tls(config: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(config["certificate"], config["key"])
    return context


def main() -> None:
    config = json.loads(Path(sys.argv[1]).read_text())
    listening = serve(config)
    # Written atomically, because the node agent reads it as soon as it exists.
    unfinished = Path(f"{config['ports_file']}.{os.getpid()}")
    unfinished.write_text(json.dumps(listening))
    unfinished.replace(config["ports_file"])
    threading.Event().wait()


if __name__ == "__main__":
    main()
