# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Contributions to a shared Gateway, in few words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import (
    ExposureKey,
    Manifest,
    Ref,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.contribution import (
    Contribution,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.shared_gateway import (
    Change,
)

AT = Ref("Gateway", "infra", "front")
PUBLIC = {"istio": "public"}
SIMPLE = {"mode": "SIMPLE", "credentialName": "wildcard"}


def server(protocol: str, port: int, *hosts: str, tls: dict[str, Any] | None = None) -> dict[str, Any]:
    fields = {"port": {"number": port, "name": "any", "protocol": protocol}, "hosts": list(hosts)}
    return {**fields, **({"tls": tls} if tls else {})}


def http(*hosts: str) -> dict[str, Any]:
    return server("HTTP", 80, *hosts)


def https(*hosts: str, **tls: Any) -> dict[str, Any]:
    return server("HTTPS", 443, *hosts, tls={**SIMPLE, **tls})


def contribution(name: str, *servers: dict[str, Any], **changes: Any) -> Contribution:
    return replace(Contribution(ExposureKey("shop", name), PUBLIC, servers), **changes)


def join(live: Manifest | None, added: Contribution) -> Manifest:
    """The Gateway after an exposure has added its contribution."""
    gateway = Change(AT, added.exposure, added).applied_to(live)
    assert gateway is not None
    return gateway
