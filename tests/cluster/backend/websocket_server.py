# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WebSocket (RFC 6455): sends its identity in the first message, then echoes messages. Short messages only."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from io import BufferedIOBase

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE = 0x1, 0x8
_FINAL = 0x80
_LENGTH = 0x7F


def accept(key: str) -> str:
    """The answer to the client's Sec-WebSocket-Key."""
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode()


def converse(identity: str, reader: BufferedIOBase, writer: BufferedIOBase) -> None:
    """The messages of a connection after its upgrade."""
    writer.write(_frame(_TEXT, identity.encode()))
    for kind, payload in _frames(reader):
        writer.write(_frame(kind, payload))
        if kind == _CLOSE:
            return


def _frame(kind: int, payload: bytes) -> bytes:
    return bytes([_FINAL | kind, len(payload)]) + payload


def _frames(reader: BufferedIOBase) -> Iterator[tuple[int, bytes]]:
    """Frames of a client, which are masked, of up to 125 bytes, so that the length is in the second byte."""
    while len(head := reader.read(6)) == 6:
        mask = head[2:]
        payload = reader.read(head[1] & _LENGTH)
        yield head[0] & ~_FINAL, bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
