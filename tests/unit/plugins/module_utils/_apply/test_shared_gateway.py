# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Threads that write one shared Gateway: none loses its change, and they need few writes."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._apply.shared_gateway import SharedWrites
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.client import KubernetesClient
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.errors import ClusterError
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.fields import as_applied
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import ExposureKey, Manifest, Ref
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.contribution import (
    Contribution,
    SharedGatewayError,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.shared_gateway import (
    Change,
    exposures_on,
)

AT = Ref("Gateway", "infra", "front")


class Slow:
    """A cluster with one Gateway, whose writes take a while, as a real one's do."""

    def __init__(self, refuses: bool = False) -> None:
        self.live: Manifest | None = None
        self.writes = 0
        self.refuses = refuses

    def get(self, _at: Ref) -> Manifest | None:
        return self.live

    def _written(self, manifest: Manifest) -> Manifest:
        time.sleep(0.02)
        if self.refuses:
            raise ClusterError("no", 403)
        self.writes += 1
        self.live = as_applied(manifest, None)
        self.live["metadata"].update(uid="1", resourceVersion=str(self.writes))
        return self.live

    def create(self, manifest: Manifest) -> Manifest:
        return self._written(manifest)

    apply = create

    def own(self, live: Manifest) -> Manifest:
        return live


def change(name: str, port: int = 80) -> Change:
    server = {
        "port": {"number": port, "name": "x", "protocol": "HTTP" if port == 80 else "MONGO"},
        "hosts": [f"{name}.test"],
    }
    return Change(
        AT, ExposureKey("shop", name), Contribution(ExposureKey("shop", name), {"istio": "public"}, (server,))
    )


def together(cluster: Slow, changes: list[Change]) -> list[Any]:
    writes = SharedWrites(cast(KubernetesClient, cluster))
    ready = threading.Barrier(len(changes))

    def one(wanted: Change) -> Any:
        ready.wait()
        try:
            return writes.change(wanted)[0]
        except (ClusterError, SharedGatewayError) as error:
            return error

    with ThreadPoolExecutor(len(changes)) as pool:
        return list(pool.map(one, changes))


def test_what_comes_meanwhile_goes_into_the_next_write() -> None:
    cluster = Slow()
    done = together(cluster, [change(f"e{number:02}") for number in range(30)])
    assert set(done) <= {"created", "updated"}
    assert cluster.live
    assert exposures_on(cluster.live) == [f"shop/e{number:02}" for number in range(30)]
    assert cluster.writes < 15


def test_who_cannot_be_on_it_does_not_keep_others_off() -> None:
    cluster = Slow()
    done = together(cluster, [change("a"), *[change(f"m{number}", 27017) for number in range(3)]])
    assert cluster.live
    assert len(exposures_on(cluster.live)) == 2
    assert sum(isinstance(outcome, SharedGatewayError) for outcome in done) == 2


def test_everybody_hears_of_a_failure() -> None:
    done = together(Slow(refuses=True), [change(f"e{number}") for number in range(5)])
    assert all(isinstance(outcome, ClusterError) for outcome in done)


@pytest.mark.parametrize("name", ["a", "b"])
def test_one_alone_writes_once(name: str) -> None:
    cluster = Slow()
    assert together(cluster, [change(name)]) == ["created"]
    assert cluster.writes == 1
