# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read around an exposure, and what is said if it may not be read.

istiod's settings and every combination of rights would need a cluster each, so the cluster is objects in memory.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._istio import cluster_state
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.cluster_state import (
    ClusterState,
    read_cluster_state,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.references import (
    secrets_named,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.errors import (
    ClusterError,
    ForbiddenError,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest, Ref, ref
from ansible_collections.gatehouse.istio.plugins.module_utils._mesh.destinations import services_named
from ansible_collections.gatehouse.istio.plugins.module_utils._mesh.settings import REVISION, MeshSettings
from support.builders import (
    PODS,
    PUBLIC_SERVICE,
    back_end,
    by_hand,
    exposure,
    gateway,
    http,
    https,
    pod,
    service,
    virtual_service,
)
from support.memory_cluster import MemoryCluster

TLS = {"credential_name": "cert"}
SECRET = {"kind": "Secret", "metadata": {"name": "cert", "namespace": PODS}, "data": {"tls.crt": "", "tls.key": ""}}


def cluster_of(
    *objects: Manifest, forbidden: tuple[str, ...] = (), error: type[ClusterError] = ForbiddenError
) -> MemoryCluster:
    """One whose user may not list some kinds in all namespaces, nor get objects of them."""

    def refuse(kind: str, namespace: str | None, name: str | None) -> ClusterError | None:
        return error(f"{kind}s are forbidden") if kind in forbidden and (name or namespace is None) else None

    return MemoryCluster(*objects, refuse=refuse)


def looked(cluster: MemoryCluster, desired: list[Manifest] | None = None, others: int = 10) -> ClusterState:
    in_memory: Any = cluster
    return read_cluster_state(in_memory, desired or exposure(tls=TLS), others=others)


def istiod(value: str) -> Manifest:
    container = {"name": "discovery", "env": [{"name": "PILOT_SCOPE_GATEWAY_TO_NAMESPACE", "value": value}]}
    metadata = {"name": "istiod", "namespace": "istio-system", "labels": {"app": "istiod"}}
    return {"kind": "Deployment", "metadata": metadata, "spec": {"template": {"spec": {"containers": [container]}}}}


def test_all_that_matters_is_read() -> None:
    other = virtual_service("blog/blog", ["blog.example.com"], ["blog/blog"])
    elsewhere = service("blog/blog")
    result = looked(
        cluster_of(pod(), PUBLIC_SERVICE, SECRET, other, gateway("blog/blog"), elsewhere, service("shop/web"))
    )
    assert [ref(entry) for entry in result.gateways] == [Ref("Gateway", "blog", "blog")]
    assert [ref(entry) for entry in result.virtual_services] == [Ref("VirtualService", "blog", "blog")]
    assert [ref(entry) for entry in result.gateway_services] == [ref(PUBLIC_SERVICE)]
    assert list(result.services) == [Ref("Service", "shop", "web")]
    assert list(result.tls_secrets) == [Ref("Secret", PODS, "cert")]
    assert result.pods_are_known
    assert result.unknown == ()


def test_pods_that_have_ended_or_are_about_to_do_not_count() -> None:
    ended = {**pod("public-a"), "status": {"phase": "Failed"}}
    going = pod("public-b")
    going["metadata"]["deletionTimestamp"] = "2026-11-01T00:00:00Z"
    result = looked(cluster_of(ended, going, pod("public-c")))
    assert [entry["metadata"]["name"] for entry in result.pods] == ["public-c"]


@pytest.mark.parametrize(("objects", "scoped"), [((), False), ((istiod("true"),), True), ((istiod("false"),), False)])
def test_istiod_says_whether_gateways_are_for_their_own_namespace(objects: tuple[Manifest, ...], scoped: bool) -> None:
    assert looked(cluster_of(*objects)).scoped_to_namespace is scoped


def test_of_the_neighbours_secrets_few_are_read_and_only_those_that_matter() -> None:
    near = [gateway(f"blog/b{n}", https(f"b{n}.example.com", credential=f"near-{n}")) for n in range(5)]
    far = gateway("blog/far", https("far.example.net", credential="far"))
    internal = gateway("blog/in", https("in.example.com", credential="in"), selector={"istio": "internal"})
    cluster = cluster_of(pod(), far, internal, *near)
    looked(cluster, others=2)
    assert [name for name in cluster.asked if name.startswith("get Secret ")] == [
        f"get Secret {PODS}/cert",
        f"get Secret {PODS}/near-0",
        f"get Secret {PODS}/near-1",
    ]


def test_the_secrets_of_a_list_are_looked_for_where_each_ones_gateway_is() -> None:
    internal = {"istio": "internal"}
    far = exposure(name="far", tls={"credential_name": "far"}, gateway={"selector": internal})
    nowhere = exposure(name="no", tls={"credential_name": "no"}, gateway={"selector": {"istio": "none"}})
    cluster = cluster_of(pod(), pod("internal-7c-y", labels=internal, namespace="inside"))
    result = looked(cluster, [*exposure(tls=TLS), *far, *nowhere])
    # Where no pod is, the Gateway says where they would be.
    assert sorted(result.tls_secrets) == [
        Ref("Secret", "inside", "far"),
        Ref("Secret", PODS, "cert"),
        Ref("Secret", PODS, "no"),
    ]


def test_what_a_long_list_names_is_found_in_time() -> None:
    """2000 exposures that are there, on 100 gateways. The time grew with the square of their number."""
    desired = [
        entry
        for number in range(2000)
        for entry in exposure(
            name=f"e{number}",
            hosts=[f"e{number}.example.com"],
            tls={"credential_name": f"e{number}"},
            gateway={"selector": {"istio": f"public-{number % 100}"}},
        )
    ]
    gateways = [entry for entry in desired if entry["kind"] == "Gateway"]
    pods = [pod(f"public-{number}-5d-x", labels={"istio": f"public-{number}"}) for number in range(100)]
    began = time.process_time()
    assert len(secrets_named(gateways, gateways, pods, 10)) == 2000
    assert services_named(desired, "cluster.local") == [Ref("Service", "shop", "web")]
    assert time.process_time() - began < 1


UNKNOWN = {
    "Gateway": "Gateways of other namespaces (whether they conflict with the exposure)",
    "VirtualService": "VirtualServices of other namespaces (whether they conflict with the exposure)",
    "Pod": "Pods of all namespaces (which gateways the selector matches, nor what else they serve)",
    "Secret": f"Secret {PODS}/cert (whether its certificate is good for the hosts)",
    "Deployment": "Deployments of all namespaces (istiod's settings, such as PILOT_SCOPE_GATEWAY_TO_NAMESPACE)",
}


@pytest.mark.parametrize(("kind", "sentence"), UNKNOWN.items(), ids=UNKNOWN)
def test_what_may_not_be_read_is_said(kind: str, sentence: str) -> None:
    result = looked(cluster_of(pod(), PUBLIC_SERVICE, SECRET, service("shop/web"), forbidden=(kind,)))
    assert result.unknown == (sentence,)
    assert result.pods_are_known is (kind != "Pod")
    assert (Ref("Secret", PODS, "cert") in result.tls_secrets) is (kind != "Secret")


def test_who_may_not_read_everywhere_reads_at_home() -> None:
    home, away = gateway("shop/front"), gateway("blog/blog")
    result = looked(cluster_of(home, away, forbidden=("Gateway",)))
    assert result.gateways == (home,)


def test_who_may_not_list_everywhere_reads_the_gateway_that_is_named() -> None:
    named = gateway("infra/edge", http("*"))
    mine = [virtual_service("shop/shop", ["shop.example.com"], ["infra/edge", "infra/nope"])]
    result = looked(cluster_of(named, forbidden=("Gateway",)), mine)
    assert result.gateways == ()
    assert result.unknown_gateways == {"infra/edge", "infra/nope"}


def config_map(name: str, mesh: str) -> Manifest:
    return {
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "istio-system"},
        "data": {"mesh": mesh},
    }


def test_the_settings_are_those_of_the_istiod_of_the_gateways_revision() -> None:
    canary = istiod("false")
    canary["metadata"] = {
        **canary["metadata"],
        "name": "istiod-canary",
        "labels": {"app": "istiod", REVISION: "canary"},
    }
    maps = (config_map("istio", "rootNamespace: one"), config_map("istio-canary", "rootNamespace: two"))
    for revision, root in (("default", "one"), ("canary", "two")):
        state = looked(cluster_of(pod(revision=revision), canary, istiod("false"), *maps))
        assert state.settings.root_namespace == root


@pytest.mark.parametrize("mesh", ["", "[]", "text", "{", "discoverySelectors: text", "defaultServiceExportTo: 5"])
def test_settings_that_nobody_understands_are_the_defaults(mesh: str) -> None:
    state = looked(cluster_of(pod(), istiod("false"), config_map("istio", mesh)))
    assert state.settings == MeshSettings()


def test_what_a_service_stands_for_is_read_too() -> None:
    alias = by_hand("Service", "shop/web", type="ExternalName", externalName="app.blog.svc.cluster.local")
    result = looked(cluster_of(alias, service("blog/app")))
    assert list(result.services) == [Ref("Service", "shop", "web"), Ref("Service", "blog", "app")]
    assert result.service_entries == ()


def test_what_is_behind_a_service_is_read() -> None:
    web = service("shop/web", selector={"app": "web"})
    mine, other = back_end("shop/web-0", app="web"), back_end("shop/api-0", app="api")
    labels = {"kubernetes.io/service-name": "web"}
    endpoints = {"kind": "EndpointSlice", "metadata": {"name": "x", "namespace": "shop", "labels": labels}}
    there = cluster_of(web, mine, other, endpoints)
    assert looked(there).endpoint_slices == {ref(web): (endpoints,)}
    assert looked(there).back_end_pods == {}
    routes = [{"destinations": [{"service": "web", "port": 80, "subset": "v2"}]}]
    subset = exposure(routes=routes, subsets=[{"service": "web", "name": "v2", "labels": {"version": "v2"}}])
    assert looked(there, subset).back_end_pods == {ref(web): (mine,)}


def test_rules_and_entries_are_read_only_where_they_matter() -> None:
    def asked(*objects: Manifest) -> set[str]:
        cluster = cluster_of(*objects)
        looked(cluster)
        kinds = tuple(f"list {kind}" for kind in ("DestinationRule", "ServiceEntry", "Ingress"))
        return {name for name in cluster.asked if name.startswith(kinds)}

    web = {"app": "web"}
    assert asked(service("shop/web", selector=web)) == set()
    assert asked() == asked(service("shop/web")) == {"list ServiceEntry *"}
    https = service("shop/web", {"name": "https", "port": 443}, selector=web)
    assert asked(https) == {"list DestinationRule *"}


def test_ingresses_are_read_if_the_gateways_pods_serve_them() -> None:
    settings = config_map("istio", "ingressSelector: public")
    ingress = by_hand("Ingress", "shop/old", ingressClassName="istio")
    other = by_hand("Ingress", "shop/other", ingressClassName="nginx")
    kind = by_hand("IngressClass", "/istio", controller="istio.io/ingress-controller")
    there = (pod(), istiod("false"), ingress, other, kind)
    assert looked(cluster_of(*there, settings)).ingresses == (ingress,)
    assert looked(cluster_of(*there)).ingresses == ()
    assert looked(cluster_of(*there, config_map("istio", "ingressControllerMode: 'OFF'"))).ingresses == ()


def test_namespaces_are_read_if_the_mesh_leaves_some_out() -> None:
    settings = config_map("istio", "discoverySelectors: [{matchLabels: {mesh: 'on'}}]")
    shop = {"kind": "Namespace", "metadata": {"name": "shop", "namespace": "", "labels": {"mesh": "on"}}}
    assert looked(cluster_of(istiod("false"), settings, shop)).namespace_labels == {"shop": {"mesh": "on"}}


def test_another_failure_is_one() -> None:
    with pytest.raises(ClusterError, match="Pods are forbidden"):
        looked(cluster_of(forbidden=("Pod",), error=ClusterError))


def test_without_cryptography_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_state, "HAS_CRYPTOGRAPHY", False)
    result = looked(cluster_of(pod(), SECRET))
    assert result.unknown == ("certificates (Python's package cryptography is not installed)",)


def test_machines_outside_are_read_where_there_are_no_pods() -> None:
    web = service("shop/web", selector={"app": "web"})
    machine = by_hand("WorkloadEntry", "shop/web-1", address="192.0.2.7", labels={"app": "web"})
    labels = {"kubernetes.io/service-name": "web"}
    one = {"addresses": ["192.0.2.1"], "conditions": {"ready": True}}
    endpoints = {"kind": "EndpointSlice", "metadata": {"name": "x", "namespace": "shop", "labels": labels}}
    assert looked(cluster_of(web, machine, endpoints)).workload_entries == (machine,)
    assert looked(cluster_of(web, machine, {**endpoints, "endpoints": [one]})).workload_entries == ()


def test_pods_behind_a_service_entry_are_read() -> None:
    entry = by_hand(
        "ServiceEntry",
        "shop/legacy",
        hosts=["legacy.example.net"],
        workloadSelector={"labels": {"app": "legacy"}},
    )
    mine, other = back_end("shop/legacy-0", app="legacy"), back_end("shop/api-0", app="api")
    routes = [{"destinations": [{"host": "legacy.example.net", "port": 80}]}]
    found = looked(cluster_of(entry, mine, other), exposure(service=None, port=None, routes=routes))
    assert found.back_end_pods == {ref(entry): (mine,)}
