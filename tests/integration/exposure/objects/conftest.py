# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exposures without traffic: what matters is the objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure
from cluster.testing import Cluster
from support.run_module import Outcome, run_module

Expose = Callable[..., Outcome]


@pytest.fixture
def expose(istio: Cluster, namespace: str) -> Expose:
    """Runs istio_exposure for the exposure `shop` of a namespace of its own; keywords change the smallest options."""

    def run(check: bool = False, **changes: Any) -> Outcome:
        options = {
            "name": "shop",
            "namespace": namespace,
            "hosts": [f"{namespace}.example.com"],
            "service": "web",
            "port": 80,
            "gateway": {"selector": {"istio": "public"}},
            "kubeconfig": str(istio.kubeconfig),
            **changes,
        }
        return run_module(istio_exposure.main, options, check)

    return run


@pytest.fixture
def live(istio: Cluster, namespace: str) -> Callable[[str], dict[str, Any]]:
    """Reads the object `shop` of a kind."""

    def read(kind: str, name: str = "shop", at: str = "") -> dict[str, Any]:
        result: dict[str, Any] = istio.kubectl("get", f"{kind}.networking.istio.io", name, "-n", at or namespace)
        return result

    return read
