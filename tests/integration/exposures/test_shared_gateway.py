# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a list changes together on a shared Gateway works in one run, and a second run changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.client import KubernetesClient
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.errors import ClusterError
from cluster.testing import Cluster
from support.exposures import Listed, Run

PUBLIC, INTERNAL = {"istio": "public"}, {"istio": "internal"}
Exposures = list[dict[str, Any]]


def on(name: str, selector: dict[str, str], **ports: int) -> dict[str, Any]:
    return {"shared": name, "selector": selector, **ports}


def one(name: str, *hosts: str, gateway: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """An exposure with a path of its own, so that several may have one host."""
    routes = [{"match": [{"uri": {"prefix": f"/{name}"}}], "destinations": [{"service": "web", "port": 80}]}]
    given = {"name": name, "hosts": list(hosts), "gateway": gateway or on("front", PUBLIC), "routes": routes}
    return {**given, "service": None, "port": None, **changes}


def tls(secret: str) -> dict[str, Any]:
    return {"credential_name": secret}


def tcp(name: str, host: str, gateway: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    plain = {"name": name, "hosts": [host], "gateway": gateway or on("front", PUBLIC), "protocol": "tcp"}
    return {**plain, "service": "web", "port": 80, **changes}


A, B, X = "a.example.com", "b.example.com", "x.example.com"
CHANGES: dict[str, tuple[Exposures, Exposures]] = {
    "the selector": (
        [one("a", A), one("b", B)],
        [one("a", A, gateway=on("front", INTERNAL)), one("b", B, gateway=on("front", INTERNAL))],
    ),
    "the Secret of a host that both have": (
        [one("a", A, X, tls=tls("old")), one("b", B, X, tls=tls("old"))],
        [one("a", A, X, tls=tls("new")), one("b", B, X, tls=tls("new"))],
    ),
    "settings of a host that both have": (
        [one("a", X, tls=tls("one")), one("b", X, tls=tls("one"))],
        [one(name, X, tls={**tls("one"), "min_protocol_version": "TLSV1_3"}) for name in ("a", "b")],
    ),
    "from HTTP to HTTPS at one port": (
        [one(name, f"{name}.example.com", gateway=on("front", PUBLIC, http_port=8443)) for name in "ab"],
        [
            one(name, f"{name}.example.com", gateway=on("front", PUBLIC, https_port=8443), tls=tls("one"))
            for name in "ab"
        ],
    ),
    "two TCP ports are exchanged": (
        [tcp("a", A, on("front", PUBLIC, tcp_port=9001)), tcp("b", B, on("front", PUBLIC, tcp_port=9002))],
        [tcp("a", A, on("front", PUBLIC, tcp_port=9002)), tcp("b", B, on("front", PUBLIC, tcp_port=9001))],
    ),
    "two passed-through hosts are exchanged": (
        [tcp("a", A, tls={"mode": "passthrough"}), tcp("b", B, tls={"mode": "passthrough"})],
        [tcp("a", B, tls={"mode": "passthrough"}), tcp("b", A, tls={"mode": "passthrough"})],
    ),
    "a host goes to another exposure, with another Secret": (
        [one("a", A, X, tls=tls("old")), one("b", B, tls=tls("new"))],
        [one("a", A, tls=tls("old")), one("b", B, X, tls=tls("new"))],
    ),
    "a host goes to another exposure, as the first one is removed": (
        [one("a", X, tls=tls("old")), one("b", B, tls=tls("new"))],
        [{"name": "a", "state": "absent"}, one("b", B, X, tls=tls("new"))],
    ),
    "the selector, and one leaves for a Gateway of its own": (
        [one("a", A), one("b", B), one("c", X)],
        [
            one("a", A, gateway=on("front", INTERNAL)),
            one("b", B, gateway={"selector": PUBLIC}),
            one("c", X, gateway=on("front", INTERNAL)),
        ],
    ),
    "the selector, and one more comes": (
        [one("a", A), one("b", B)],
        [one(name, f"{name}.example.com", gateway=on("front", INTERNAL)) for name in "abc"],
    ),
    "all move to another shared Gateway, with another Secret": (
        [one("a", A, X, tls=tls("old")), one("b", B, X, tls=tls("old"))],
        [
            one("a", A, X, tls=tls("new"), gateway=on("back", PUBLIC)),
            one("b", B, X, tls=tls("new"), gateway=on("back", PUBLIC)),
        ],
    ),
    "they exchange their shared Gateways": (
        [one("a", A, tls=tls("one")), one("b", B, gateway=on("back", INTERNAL), tls=tls("one"))],
        [one("a", A, gateway=on("back", INTERNAL), tls=tls("one")), one("b", B, tls=tls("one"))],
    ),
}


@pytest.fixture(params=CHANGES)
def change(request: pytest.FixtureRequest, namespace: str) -> tuple[Exposures, Exposures]:
    """Both lists, with hosts of the test's own."""

    def own(exposures: Exposures) -> Exposures:
        return [
            {**entry, **({"hosts": [f"{namespace}.{host}" for host in entry["hosts"]]} if "hosts" in entry else {})}
            for entry in exposures
        ]

    before, after = CHANGES[request.param]
    return own(before), own(after)


def test_a_list_that_changes_together(
    change: tuple[Exposures, Exposures], expose_all: Run, istio: Cluster, namespace: str
) -> None:
    before, after = change
    quiet = {"checks": {"secret-missing": "ignore", "certificate-on-two-servers": "ignore"}}

    def run(exposures: Exposures, check: bool = False) -> Listed:
        return expose_all([{**entry, **quiet} for entry in exposures], check=check).done()

    def gateways() -> list[dict[str, Any]]:
        items = istio.kubectl("get", "gateways.networking.istio.io", "-n", namespace)["items"]
        return [{"name": item["metadata"]["name"], "spec": item["spec"]} for item in items]

    run(before)
    predicted = run(after, check=True)
    done = run(after)
    assert done.changed
    for part in ("changed", "exposures", "summary", "diff"):
        assert predicted.outcome.result[part] == done.outcome.result[part]
    assert not run(after).changed
    changed = gateways()
    istio.delete_all("virtualservices", namespace)
    istio.delete_all("gateways", namespace)
    run(after)
    assert gateways() == changed, "as if it had always been so"


@pytest.fixture
def mutual(expose_all: Run, istio: Cluster, namespace: str) -> Callable[..., Listed]:
    """Two exposures with a host and a Secret in common, which from now on ask for client certificates."""

    def wanted(*own_tls: dict[str, Any]) -> Exposures:
        gateway = {**on("front", PUBLIC), "pods_namespace": namespace}
        return [
            one(name, f"{name}.{namespace}.test", f"x.{namespace}.test", gateway=gateway, tls={**tls("one"), **own})
            for name, own in zip(("a", "b"), own_tls, strict=True)
        ]

    # Istio looks for the Secrets where the gateway's pods are, and the test has them in its own namespace.
    quiet = {"checks": dict.fromkeys(("secret-missing", "client-ca-missing"), "ignore")}
    expose_all([{**entry, **quiet} for entry in wanted({}, {})]).done()

    def run(**options: Any) -> Listed:
        authority = {"client_ca": {"pem": istio.layout.ca_certificate.read_text()}}
        both = wanted({"mode": "mutual"}, {"mode": "mutual", **authority})
        return expose_all([{**entry, **quiet} for entry in both], **options)

    return run


def test_what_all_need_is_there_before_any_of_them_is_changed(
    mutual: Callable[..., Listed], requests: list[str], namespace: str
) -> None:
    """The Secret with the clients' CA, which one of them brings for both."""
    requests.clear()
    assert mutual().done().outcomes == {"a": "changed", "b": "changed"}
    secret, gateway = (
        f"{path}/namespaces/{namespace}/{name}"
        for path, name in (("/api/v1", "secrets/one-cacert"), ("/apis/networking.istio.io/v1", "gateways/front"))
    )
    written = [request.partition(" ")[2] for request in requests if request.startswith("patch ")]
    assert [path for path in written if path in (secret, gateway)][-2:] == [secret, gateway]
    assert not mutual().done().changed


@pytest.mark.parametrize("on_error", ["stop", "continue"])
def test_who_cannot_come_along_stops_the_others(
    mutual: Callable[..., Listed], istio: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch, on_error: str
) -> None:
    """And the Gateway stays as it was."""
    apply = KubernetesClient.apply

    def failing(client: KubernetesClient, manifest: dict[str, Any], dry_run: bool = False) -> dict[str, Any]:
        if manifest["kind"] == "Secret" and not dry_run:
            raise ClusterError("the API server is on holiday")
        return apply(client, manifest, dry_run)

    front = ["get", "gateway.networking.istio.io", "front", "-n", namespace]
    before = istio.kubectl(*front)
    monkeypatch.setattr(KubernetesClient, "apply", failing)
    result = mutual(on_error=on_error)
    assert result.failed
    assert "Secret one-cacert" not in result.message
    assert "the API server is on holiday" in result.exposures["b"]["msg"]
    assert result.exposures["a"]["msg"] == (
        f"Gateway {namespace}/front was not updated: it must change together with the exposure {namespace}/b, which "
        "failed. Nothing was changed before it. Run the task again to finish it."
    )
    assert istio.kubectl(*front) == before
    monkeypatch.undo()
    assert mutual().done().changed
