# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many requests a task makes that finds nothing to do."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._flows.exposure import LISTED_KINDS
from ansible_collections.gatehouse.istio.plugins.module_utils._flows.sequence import decide
from ansible_collections.gatehouse.istio.plugins.module_utils._flows.warnings import GroupedMessages
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.snapshot import Snapshot
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure_list import parse_single
from ansible_collections.gatehouse.istio.plugins.module_utils._options.typed import validated
from support.builders import PUBLIC, PUBLIC_SERVICE, by_hand, exposure, live, pod, service
from support.memory_cluster import MemoryCluster

ISTIOD = {
    "kind": "Deployment",
    "metadata": {"name": "istiod", "namespace": "istio-system", "labels": {"app": "istiod"}},
    "spec": {},
}
THERE = [
    pod(),
    PUBLIC_SERVICE,
    service("shop/web", selector={"app": "web"}),
    ISTIOD,
    by_hand("ClusterIssuer", "/letsencrypt"),
]


@pytest.mark.parametrize(
    ("tls", "most"),
    [({}, 10), ({"credential_name": "cert"}, 11), ({"certificate": {"issuer": {"name": "letsencrypt"}}}, 13)],
    ids=["HTTP", "HTTPS", "cert-manager"],
)
def test_an_unchanged_exposure_takes_few_requests(tls: dict[str, Any], most: int) -> None:
    given = {"tls": tls} if tls else {}
    cluster = MemoryCluster(*THERE, *live(exposure(**given)))
    options = {
        "name": "shop",
        "namespace": "shop",
        "hosts": ["shop.example.com"],
        "service": "web",
        "port": 80,
        "gateway": {"selector": PUBLIC},
        **given,
    }
    request = parse_single(validated("exposure", options))
    decide(request, Snapshot(cluster, LISTED_KINDS), check_mode=False, warnings=GroupedMessages())
    assert len(cluster.asked) <= most, cluster.asked
