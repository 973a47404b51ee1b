# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which protocol a Service's port speaks, by Istio's rules for explicit protocol selection."""

from __future__ import annotations

PROTOCOLS = ("http", "http2", "https", "grpc", "tcp", "tls")
_SAME_AS = {"grpc-web": "grpc", "kubernetes.io/h2c": "http2", "kubernetes.io/ws": "http", "kubernetes.io/wss": "https"}


def protocol_of(name: str, app_protocol: str | None) -> str:
    """appProtocol, or else the port name up to its first dash, or else plain TCP."""
    said = (app_protocol or name.partition("-")[0]).lower()
    said = _SAME_AS.get(said, said)
    return said if said in PROTOCOLS else "tcp"
