# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exposures: any number of web applications, in ten namespaces, through one ingress gateway. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.exposure import manifests
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure import parse

NAMESPACES = tuple(f"bench-{number}" for number in range(10))
SERVICE = "web"
DEFAULTS = {"gateway": {"selector": {"istio": "ingressgateway"}}}
_TIMEOUT, _CHANGED_TIMEOUT = "10s", "11s"


def exposures(count: int, one_changed: bool = False) -> list[dict[str, Any]]:
    """`count` exposures as options of istio_exposures. With `one_changed`, the middle one has another timeout."""
    result = [_exposure(number) for number in range(count)]
    if one_changed and result:
        result[count // 2]["routes"][0]["timeout"] = _CHANGED_TIMEOUT
    return result


def _exposure(number: int) -> dict[str, Any]:
    name = f"app-{number:05}"
    return {
        "name": name,
        "namespace": NAMESPACES[number % len(NAMESPACES)],
        "hosts": [f"{name}.example.com"],
        "routes": [{"destinations": [{"service": SERVICE, "port": 80}], "timeout": _TIMEOUT}],
    }


def objects(wanted: Iterable[Mapping[str, Any]]) -> list[list[Manifest]]:
    """The Gateway and VirtualService of each exposure, as istio_exposures writes them, for the other peers."""
    return [manifests(parse({**DEFAULTS, **exposure})) for exposure in wanted]
