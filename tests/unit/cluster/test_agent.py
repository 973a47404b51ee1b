# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the node agent makes of Kubernetes objects."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from cluster.agent import backends, deployed, envoy, gateways, istiod, pods
from cluster.agent.addresses import Addresses, candidates
from cluster.agent.reconcile import each
from cluster.api import ApiError
from cluster.backend.protocols import protocol_of
from cluster.errors import ClusterError
from cluster.layout import Layout

PORTS = {
    "istiod-https": 1,
    "istiod-grpc": 2,
    "istiod-secure-grpc": 3,
    "istiod-monitoring": 4,
    "istiod-http": 5,
    "istiod-ctrlz": 6,
}


def pod(name: str = "public-5d4f-abc", created: str = "2026-01-01T00:00:00Z", **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "namespace": "istio-ingress",
            "uid": f"uid-of-{name}",
            "creationTimestamp": created,
            "labels": {"app": "public", "istio": "public", "pod-template-hash": "5d4f"},
            "annotations": {"inject.istio.io/templates": "gateway"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "public-5d4f"}],
            **metadata,
        },
        "spec": {"serviceAccountName": "public", "containers": [{"name": "istio-proxy", "image": "proxyv2"}]},
        "status": {"podIP": "10.128.0.7"},
    }


def service(**metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "shop", "namespace": "shops", "uid": "1", **metadata},
        "spec": {
            "ports": [
                {"name": "web", "port": 80, "appProtocol": "http"},
                {"name": "https-x", "port": 443},
                {"name": "dns", "port": 53, "protocol": "UDP"},
            ]
        },
    }


class TestPods:
    @pytest.mark.parametrize(
        ("owners", "workload"),
        [
            ([{"kind": "ReplicaSet", "name": "public-5d4f"}], pods.Workload("deployments", "public")),
            ([{"kind": "DaemonSet", "name": "public"}], pods.Workload("daemonsets", "public")),
            ([], pods.Workload("", "public-5d4f-abc")),
        ],
    )
    def test_what_made_it(self, owners: list[dict[str, str]], workload: pods.Workload) -> None:
        assert pods.workload_of(pod(ownerReferences=owners)) == workload

    def test_it_starts_when_it_has_an_address_and_may_stay(self) -> None:
        assert pods.is_startable(pod())
        assert not pods.is_startable(pod(deletionTimestamp="2026-01-01T00:00:00Z"))
        assert not pods.is_startable({**pod(), "status": {}})

    def test_variables_that_can_be_known_are(self) -> None:
        variables = [
            {"name": "LITERAL", "value": "1"},
            {"name": "EMPTY"},
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        ]
        item = pod()
        item["spec"]["containers"][0]["env"] = variables
        assert pods.environment(item, "istio-proxy") == {
            "LITERAL": "1",
            "EMPTY": "",
            "POD_NAME": "public-5d4f-abc",
            "IP": "10.128.0.7",
        }
        assert pods.environment(item, "other") == {}

    @pytest.mark.parametrize(
        ("argument", "replaced"),
        [
            ("--namespace=$(WHERE)", "--namespace=istio-ingress"),
            ("--a=$(WHERE),$(WHERE)", "--a=istio-ingress,istio-ingress"),
            ("--unknown=$(NOWHERE)", "--unknown=$(NOWHERE)"),
            ("--plain=$WHERE", "--plain=$WHERE"),
        ],
    )
    def test_arguments_may_name_variables(self, argument: str, replaced: str) -> None:
        item = pod()
        variable = {"name": "WHERE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}
        item["spec"]["containers"][0] |= {"env": [variable], "args": [argument]}
        assert pods.arguments(item, "istio-proxy") == (replaced,)


class TestIstiod:
    def test_the_newest_template_counts(self) -> None:
        old = pod("old", "2026-01-01T00:00:00Z", labels={"pod-template-hash": "a"})
        new = pod("new", "2026-01-02T00:00:00Z", labels={"pod-template-hash": "b"})
        newer = pod("newer", "2026-01-03T00:00:00Z", labels={"pod-template-hash": "b"})
        assert deployed.newest_template([newer, old, new]) == [new, newer]
        assert deployed.newest_template([]) == []

    def test_it_runs_as_its_container_says_at_this_hosts_addresses(self) -> None:
        item = pod()
        arguments = ["discovery", "--monitoringAddr=:15014", "--log_output_level=debug"]
        container = {"name": "discovery", "args": arguments, "env": [{"name": "REVISION", "value": "canary"}]}
        item["spec"]["containers"] = [container]
        program = istiod.istiod(Path("/bin/pilot-discovery"), PORTS).program(item, Path("/k"))
        assert program.command[:4] == ("/bin/pilot-discovery", *arguments)
        # Of a flag that is given twice, the last one counts.
        assert program.command.index("--monitoringAddr=127.0.0.1:4") > 2
        assert program.environment["REVISION"] == "canary"
        assert program.environment["KUBECONFIG"] == "/k"
        assert program.key == "uid-of-public-5d4f-abc"


class TestGateways:
    def test_pods_of_the_gateway_chart_count_once_they_are_injected(self) -> None:
        assert gateways.is_gateway(pod())
        assert not gateways.is_gateway(pod(annotations={}))
        waiting = pod()
        waiting["spec"]["containers"][0]["image"] = "auto"
        assert not gateways.is_gateway(waiting)

    @pytest.mark.parametrize(
        ("selector", "namespace", "selected"),
        [
            ({"istio": "public"}, "istio-ingress", True),
            ({"istio": "public", "app": "other"}, "istio-ingress", False),
            ({"istio": "public"}, "elsewhere", False),
            (None, "istio-ingress", False),
        ],
    )
    def test_selectors(self, selector: dict[str, str] | None, namespace: str, selected: bool) -> None:
        item = {"metadata": {"namespace": namespace}, "spec": {"selector": selector}}
        assert pods.selects(item, pod()) is selected

    @pytest.mark.parametrize(
        ("port", "forwarded"),
        [
            ({"port": 80, "targetPort": 8080}, {("a", 80): ("a", 8080)}),
            ({"port": 80, "targetPort": 80}, {}),
            ({"port": 80}, {}),
            ({"port": 80, "targetPort": "http"}, {("a", 80): ("a", 8000)}),
            ({"port": 80, "targetPort": "unknown"}, {}),
            ({"port": 443, "targetPort": 8443, "protocol": "UDP"}, {}),
        ],
    )
    def test_ports_that_are_not_the_gateways_own_are_forwarded(
        self, port: dict[str, Any], forwarded: dict[Any, Any]
    ) -> None:
        item = pod()
        item["spec"]["containers"][0]["ports"] = [{"name": "http", "containerPort": 8000}]
        assert gateways.forwards_of({"spec": {"ports": [port]}}, item, "a") == forwarded

    def test_the_filter_changes_only_addresses_and_goes_with_the_deployment(self) -> None:
        deployment = {
            "kind": "Deployment",
            "metadata": {"name": "public", "namespace": "istio-ingress", "uid": "7"},
            "spec": {"selector": {"matchLabels": {"istio": "public"}}},
        }
        manifest = gateways.listener_filter(deployment, "127.9.9.1")
        assert manifest["metadata"]["ownerReferences"][0]["uid"] == "7"
        assert manifest["spec"]["workloadSelector"] == {"labels": {"istio": "public"}}
        value = manifest["spec"]["configPatches"][0]["patch"]["value"]
        assert value == {"address": {"socket_address": {"address": "127.9.9.1"}}}

    def test_envoy_stands_for_its_pod(self) -> None:
        config = envoy.bootstrap(envoy.Proxy(pod(), "127.9.9.1", 15010, "1.31.0", "secret"))
        node = config["node"]
        assert node["id"] == "router~10.128.0.7~public-5d4f-abc.istio-ingress~istio-ingress.svc.cluster.local"
        assert node["metadata"]["LABELS"]["istio"] == "public"
        assert node["metadata"]["SERVICE_ACCOUNT"] == "public"
        service_of_ads = config["dynamic_resources"]["ads_config"]["grpc_services"][0]
        assert service_of_ads["initial_metadata"] == [{"key": "authorization", "value": "Bearer secret"}]
        assert config["admin"]["address"]["socket_address"]["address"] == "127.0.0.1"


class TestAddresses:
    def test_a_gateway_keeps_its_address(self, tmp_path: Path) -> None:
        addresses = Addresses("127.9.9", tmp_path / "addresses.json")
        assert [addresses.of("a"), addresses.of("b"), addresses.of("a")] == ["127.9.9.1", "127.9.9.2", "127.9.9.1"]
        assert Addresses("127.9.9", tmp_path / "addresses.json").of("b") == "127.9.9.2"

    def test_an_address_is_free_again_when_its_gateway_is_gone(self, tmp_path: Path) -> None:
        addresses = Addresses("127.9.9", tmp_path / "addresses.json")
        addresses.of("a")
        addresses.of("b")
        addresses.release_all_but(["b"])
        assert (addresses.of("c"), addresses.of("b")) == ("127.9.9.1", "127.9.9.2")

    def test_a_range_that_is_taken_is_left_to_its_cluster(self, tmp_path: Path) -> None:
        layout = Layout(tmp_path)
        layout.make()
        first = Addresses.reserve(layout)
        second = Addresses.reserve(layout)
        assert first.prefix != second.prefix
        first.close()
        second.close()

    def test_candidates_are_the_clusters_own(self) -> None:
        assert list(candidates("x", 3)) == list(candidates("x", 3))
        assert next(candidates("x")) != next(candidates("y"))
        assert all(16 <= int(prefix.split(".")[1]) < 240 for prefix in candidates("x"))


class TestBackends:
    @pytest.mark.parametrize(
        ("annotations", "selector", "asked"),
        [
            ({backends.BACKEND_ANNOTATION: "true"}, None, True),
            ({backends.BACKEND_ANNOTATION: "true"}, {"app": "shop"}, False),
            ({backends.BACKEND_ANNOTATION: "false"}, None, False),
            ({}, None, False),
        ],
    )
    def test_services_that_ask_for_one(
        self, annotations: dict[str, str], selector: dict[str, str] | None, asked: bool
    ) -> None:
        item = service(annotations=annotations)
        item["spec"]["selector"] = selector
        assert backends.is_backend(item) is asked

    def test_every_tcp_port_is_served_by_its_protocol(self) -> None:
        assert backends.configuration(service(), "192.0.2.9") == {
            "namespace": "shops",
            "service": "shop",
            "host": "192.0.2.9",
            "ports": [{"name": "web", "protocol": "http"}, {"name": "https-x", "protocol": "https"}],
        }

    def test_the_certificates_names(self) -> None:
        annotated = service(annotations={backends.HOSTS_ANNOTATION: "a.example.com, b.example.com,"})
        assert backends.certificate_hosts(annotated) == ["a.example.com", "b.example.com"]
        assert backends.certificate_hosts(service()) == ["shop.shops.svc", "shop"]

    def test_the_endpoint_slice_says_where_it_listens(self) -> None:
        manifest = backends.endpoint_slice(service(), "192.0.2.9", {"web": 31, "https-x": 32})
        assert manifest["ports"] == [
            {"name": "web", "protocol": "TCP", "port": 31, "appProtocol": "http"},
            {"name": "https-x", "protocol": "TCP", "port": 32},
        ]
        assert manifest["endpoints"][0]["addresses"] == ["192.0.2.9"]
        assert manifest["metadata"]["labels"]["kubernetes.io/service-name"] == "shop"

    def test_a_change_that_matters_changes_the_key(self) -> None:
        key = backends.configuration_key(service(), "192.0.2.9")
        assert backends.configuration_key(service(labels={"a": "b"}), "192.0.2.9") == key
        assert backends.configuration_key(service(uid="2"), "192.0.2.9") != key
        assert backends.configuration_key(service(), "192.0.2.10") != key

    @pytest.mark.parametrize(
        ("name", "app_protocol", "protocol"),
        [
            ("http", None, "http"),
            ("http2-web", None, "http2"),
            ("web", None, "tcp"),
            ("", None, "tcp"),
            ("tcp-db", "https", "https"),
            ("web", "kubernetes.io/h2c", "http2"),
            ("grpc-web", None, "grpc"),
            ("mongo", None, "tcp"),
        ],
    )
    def test_protocols(self, name: str, app_protocol: str | None, protocol: str) -> None:
        assert protocol_of(name, app_protocol) == protocol


def test_one_refusal_does_not_keep_the_others(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def step(item: str) -> bool:
        if item == "bad":
            raise ApiError("no", 403)
        done.append(item)
        return True

    for _round in range(3):
        assert not each(["a", "bad", "b"], step, str)
    assert done == ["a", "b"] * 3
    assert caplog.messages == ["bad: no"]  # said once, not in every round
    assert each(["a"], step, str)


def test_an_address_range_without_a_free_address_is_one_sentence(tmp_path: Path) -> None:
    addresses = Addresses("127.9.9", tmp_path / "addresses.json")
    for number in range(249):
        addresses.of(str(number))
    with pytest.raises(ClusterError, match=r"^All addresses of 127\.9\.9\.0/24 are taken by gateways\.$"):
        addresses.of("one more")


def test_the_reservation_is_the_kernels(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.make()
    addresses = Addresses.reserve(layout)
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((f"{addresses.prefix}.255", 19999))
    addresses.close()
