# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that is passed through, beside a wildcard's certificate: what browsers meet, and the way out, which is 421."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import ProbeResult
from cluster import chromium
from cluster.chromium import Chromium
from cluster.errors import ClusterError
from cluster.layout import cache_directory
from cluster.testing import Cluster, eventually
from support.http2_client import statuses
from support.run_module import Outcome

CODE = "certificate-on-two-servers"
Expose = Callable[..., Outcome]


@pytest.mark.parametrize("kind", ["own", "shared"])
def test_passthrough_beside_a_wildcard(
    istio: Cluster,
    expose: Expose,
    wrong: Expose,
    answers: Callable[..., ProbeResult],
    credential: Callable[..., str],
    namespace: str,
    kind: str,
) -> None:
    """The back end of the wildcard gets the requests for the other host, until that server answers them with 421."""
    wildcard, first, passed = (f"{name}.{namespace}.test" for name in ("*", "a", "passed"))
    istio.apply(ending_tls(namespace, passed))
    gateway = {"selector": {"istio": "internal"}, **({"shared": "everybody"} if kind == "shared" else {})}
    go = {"match": [{"uri": {"exact": "/go"}}], "redirect": {"authority": passed, "uri": "/"}}
    web = {"destinations": [{"service": "web", "port": 80}]}
    away = {"match": [{"authority": {"exact": passed}}], "direct_response": {"status": 421}}
    everything: dict[str, Any] = {
        "service": None,
        "port": None,
        "tls": {"credential_name": credential("wildcard", wildcard)},
        "gateway": gateway,
    }
    through: dict[str, Any] = {"service": "secured", "port": 443, "tls": {"mode": "passthrough"}, "gateway": gateway}
    assert not expose("all", wildcard, routes=[go, web], **everything).failed
    refused = wrong(CODE, "passed", passed, **through)
    assert f"match.authority.exact: {passed} and direct_response.status: 421" in refused.message
    certificates = [answers(f"https://{host}/", 200).der or b"" for host in (first, passed)]
    address, authority = istio.gateway_address("internal"), istio.layout.ca_certificate
    browser = prepared()

    def visible() -> str:
        """What a browser shows that opens a page of the first host, and is sent from there to the other one."""
        return browser.visit(f"https://{first}/go", address, certificates).dom

    assert statuses(address, [first, passed], authority) == [200, 200]

    def misled() -> None:
        assert "web in" in visible()

    eventually(misled, seconds=15)

    improved = expose("all", wildcard, routes=[away, go, web], **everything)
    assert not improved.failed, improved.message
    assert improved.result["findings"] == []

    def sent_away() -> None:
        assert statuses(address, [first, passed], authority) == [200, 421]

    eventually(sent_away, seconds=15)
    assert "secured in" in visible()
    again = expose("passed", passed, **through)
    assert (again.failed, again.result["changed"], again.result["findings"]) == (False, False, [])


def prepared() -> Chromium:
    try:
        return chromium.prepare(cache_directory(), print)
    except ClusterError as error:
        pytest.skip(str(error))


def ending_tls(namespace: str, host: str) -> dict[str, Any]:
    """A Service whose servers end TLS themselves, with a certificate for its host only."""
    annotations = {"embedded.gatehouse.istio/backend": "true", "embedded.gatehouse.istio/hosts": host}
    metadata = {"name": "secured", "namespace": namespace, "annotations": annotations}
    spec = {"ports": [{"name": "https", "port": 443}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
