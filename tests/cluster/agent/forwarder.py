# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A replacement for kube-proxy: forwards connections if the Service's port is not the gateway's port."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine, Mapping
from typing import Any

_log = logging.getLogger(__name__)
Endpoint = tuple[str, int]


class Forwarder:
    """Listens at the given endpoints and copies bytes in both directions, in its own thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._servers: dict[Endpoint, tuple[Endpoint, asyncio.Server]] = {}
        threading.Thread(target=self._loop.run_forever, name="forwarder", daemon=True).start()

    def set(self, wanted: Mapping[Endpoint, Endpoint]) -> bool:
        """Forward exactly these connections (from -> to). Returns whether all endpoints are listening."""
        for source, (target, server) in list(self._servers.items()):
            if wanted.get(source) != target:
                self._loop.call_soon_threadsafe(server.close)
                del self._servers[source]
        for source, target in wanted.items():
            if source not in self._servers:
                try:
                    self._servers[source] = (target, self._run(_listen(source, target)))
                except OSError as error:
                    _log.warning("cannot listen on %s:%d: %s", *source, error)
        return len(self._servers) == len(wanted)

    def _run[T](self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=10)


async def _listen(source: Endpoint, target: Endpoint) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*target)
        except OSError:
            writer.transport.abort()  # like a Service without ready endpoints: the client gets a reset
            return
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))

    return await asyncio.start_server(serve, *source)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(64 * 1024):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except ConnectionError:
        writer.close()  # one side has closed; the other direction ends by itself
