# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded cluster's gateways and back ends: real Envoys, real servers, reached from this host."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import probe
from cluster import tools
from cluster.layout import REPOSITORY, cache_directory
from cluster.processes import Process, Record, processes_of, start_time
from cluster.testing import Cluster, eventually

PORTS = {"http": 8080, "http2": 8081, "https": 8443, "grpc": 9090, "tcp": 7000, "tls": 7001}


@pytest.fixture
def host(namespace: str) -> str:
    """A host of this test alone."""
    return f"{namespace}.example.com"


@pytest.fixture
def backend(istio: Cluster, namespace: str, host: str) -> dict[str, tuple[str, int]]:
    """A back end that speaks every protocol; where each of its ports is really served."""
    annotations = {
        "embedded.gatehouse.istio/backend": "true",
        "embedded.gatehouse.istio/hosts": f"{host}, other.{host}",
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "echo", "namespace": namespace, "annotations": annotations},
        "spec": {"ports": [{"name": name, "port": port} for name, port in PORTS.items()]},
    }
    istio.apply(service)

    def served() -> dict[str, tuple[str, int]]:
        slices = istio.kubectl("get", "endpointslices", "-n", namespace)["items"]
        assert len(slices) == 1
        address = slices[0]["endpoints"][0]["addresses"][0]
        return {port["name"]: (address, port["port"]) for port in slices[0]["ports"]}

    return eventually(served)


def route(namespace: str, host: str, port: int, number: int = 80, selector: str = "public") -> list[dict[str, Any]]:
    """A Gateway and a VirtualService, by hand."""
    name = f"{host.partition('.')[0]}-{number}"
    destination = {"host": f"echo.{namespace}.svc.cluster.local", "port": {"number": port}}
    server = {"port": {"number": number, "name": "http", "protocol": "HTTP"}, "hosts": [host]}
    metadata = {"name": name, "namespace": namespace}
    api = "networking.istio.io/v1"
    return [
        {
            "apiVersion": api,
            "kind": "Gateway",
            "metadata": metadata,
            "spec": {"selector": {"istio": selector}, "servers": [server]},
        },
        {
            "apiVersion": api,
            "kind": "VirtualService",
            "metadata": metadata,
            "spec": {"hosts": [host], "gateways": [name], "http": [{"route": [{"destination": destination}]}]},
        },
    ]


def envoy_of(cluster: Cluster, gateway: str) -> tuple[Process, Record]:
    """The one Envoy of a gateway."""
    running = [(process, process.running()) for process in processes_of(cluster.layout)]
    result = [(p, r) for p, r in running if r is not None and p.name.startswith(f"envoy.istio-ingress.{gateway}-")]
    assert len(result) == 1, [process.name for process, _record in result]
    return result[0]


class TestBackends:
    @pytest.mark.parametrize("protocol", ["http", "https"])
    def test_http(self, istio: Cluster, backend: dict[str, tuple[str, int]], host: str, protocol: str) -> None:
        address, port = backend[protocol]
        page = probe(f"{protocol}://{host}/", address, port, ca_file=str(istio.layout.ca_certificate))
        assert page.error is None
        namespace = host.partition(".")[0]
        assert (page.status, page.headers["x-backend"]) == (200, f"{namespace}/echo/{protocol}")
        assert f"<h1>echo in {namespace}</h1>" in page.body

    def test_tcp(self, backend: dict[str, tuple[str, int]], namespace: str) -> None:
        with socket.create_connection(backend["tcp"], timeout=5) as connection:
            self.check_echo(connection, f"{namespace}/echo/tcp")

    def test_tls(self, istio: Cluster, backend: dict[str, tuple[str, int]], namespace: str, host: str) -> None:
        context = ssl.create_default_context(cafile=str(istio.layout.ca_certificate))
        with (
            socket.create_connection(backend["tls"], timeout=5) as plain,
            context.wrap_socket(plain, server_hostname=f"other.{host}") as connection,
        ):
            self.check_echo(connection, f"{namespace}/echo/tls")

    @staticmethod
    def check_echo(connection: socket.socket, identity: str) -> None:
        with connection.makefile("rwb") as stream:
            assert stream.readline().decode().strip() == identity
            stream.write(b"hello\n")
            stream.flush()
            assert stream.readline() == b"hello\n"

    def test_grpc(self, backend: dict[str, tuple[str, int]], namespace: str) -> None:
        address, port = backend["grpc"]
        with grpc.insecure_channel(f"{address}:{port}") as channel:
            method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/any.Service/Method")
            answer, call = method.with_call(b"hello", timeout=5)
        assert answer == b"hello"
        assert ("x-backend", f"{namespace}/echo/grpc") in [tuple(item) for item in call.initial_metadata()]

    def test_it_ends_with_its_service(
        self, istio: Cluster, backend: dict[str, tuple[str, int]], namespace: str
    ) -> None:
        process = Process(istio.layout, f"backend.{namespace}.echo")
        assert process.running() is not None
        istio.kubectl("delete", "service", "echo", "-n", namespace)

        def gone() -> None:
            assert process.record() is None
            assert istio.kubectl("get", "endpointslices", "-n", namespace)["items"] == []

        eventually(gone)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(backend["tcp"], timeout=5)


@pytest.mark.usefixtures("backend")
class TestGateways:
    @pytest.mark.parametrize("protocol", ["http", "http2"])
    def test_requests_at_the_external_address_reach_the_back_end(
        self, istio: Cluster, namespace: str, host: str, protocol: str
    ) -> None:
        istio.apply(*route(namespace, host, PORTS[protocol]))

        def answered() -> None:
            result = istio.request(f"http://{host}/path", gateway="public")
            assert (result.status, result.headers.get("x-backend")) == (200, f"{namespace}/echo/{protocol}")
            assert istio.request(f"http://{host}/path", gateway="internal").status in (404, None)

        eventually(answered)

    def test_grpc(self, istio: Cluster, namespace: str, host: str) -> None:
        istio.apply(*route(namespace, host, PORTS["grpc"]))
        options = [("grpc.default_authority", host)]

        def answered() -> None:
            with grpc.insecure_channel(f"{istio.gateway_address('public')}:80", options) as channel:
                method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/any.Service/Method")
                try:
                    assert method(b"hello", timeout=5) == b"hello"
                except grpc.RpcError as error:
                    raise AssertionError(error) from error

        eventually(answered)

    def test_the_request_command_shows_the_answer(self, istio: Cluster, namespace: str, host: str) -> None:
        istio.apply(*route(namespace, host, PORTS["http"]))
        eventually(lambda: self.answers(istio, host))
        address = istio.gateway_address("public")
        arguments = ["request", f"http://{host}/path", "--address", address, "--dir", str(istio.dir)]
        done = subprocess.run(
            [sys.executable, "tests/cluster", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True
        )
        answer = json.loads(done.stdout)
        assert (answer["url"], answer["address"], answer["status"]) == (f"http://{host}/path", address, 200)
        assert answer["headers"]["x-backend"] == f"{namespace}/echo/http"
        assert (answer["location"], answer["certificate"], answer["error"]) == (None, None, None)

    def test_gateways_have_addresses_of_their_own(self, istio: Cluster) -> None:
        public, internal = istio.gateway_address("public"), istio.gateway_address("internal")
        assert public != internal
        assert {address.rpartition(".")[0] for address in (public, internal)} == {
            (istio.layout.agent / "loopback").read_text()
        }

    def test_the_status_port_answers(self, istio: Cluster) -> None:
        result = istio.request("http://gateway:15021/healthz/ready", gateway="public")
        assert result.status == 200, result

    def test_a_killed_envoy_comes_back(self, istio: Cluster, namespace: str, host: str) -> None:
        istio.apply(*route(namespace, host, PORTS["http"]))
        eventually(lambda: self.answers(istio, host))
        process, record = envoy_of(istio, "public")
        istio.kill(process.name)

        def restarted() -> None:
            again = process.running()
            assert again is not None
            assert again.pid != record.pid

        eventually(restarted)
        eventually(lambda: self.answers(istio, host))
        log = (istio.layout.log / "node-agent.log").read_text()
        assert f"{process.name} died; the end of {process.log_file}" in log

    def test_a_restarted_gateway_gets_an_envoy_for_its_new_pod(self, istio: Cluster, namespace: str, host: str) -> None:
        istio.apply(*route(namespace, host, PORTS["http"], selector="internal"))
        _process, record = envoy_of(istio, "internal")
        address = istio.gateway_address("internal")
        istio.kubectl("rollout", "restart", "deployment/internal", "-n", "istio-ingress")
        istio.kubectl("rollout", "status", "deployment/internal", "-n", "istio-ingress", "--timeout=30s")

        def replaced() -> None:
            assert envoy_of(istio, "internal")[1].pid != record.pid
            assert start_time(record.pid) is None

        eventually(replaced)
        assert istio.gateway_address("internal") == address
        eventually(lambda: self.answers(istio, host, "internal"))

    def test_istiod_restarts_with_its_pod_template(self, istio: Cluster, namespace: str, host: str) -> None:
        before = Process(istio.layout, "istiod").running()
        assert before is not None
        variable = f"GATEHOUSE_TEST={namespace}"
        istio.kubectl("set", "env", "deployment/istiod", variable, "-n", "istio-system")
        istio.kubectl("rollout", "status", "deployment/istiod", "-n", "istio-system", "--timeout=60s")
        after = Process(istio.layout, "istiod").running()
        assert after is not None
        assert after.pid != before.pid
        with open(f"/proc/{after.pid}/environ") as environ:
            assert variable in environ.read().split("\0")
        istio.apply(*route(namespace, host, PORTS["http"]))
        eventually(lambda: self.answers(istio, host))

    @staticmethod
    def answers(istio: Cluster, host: str, gateway: str = "public", port: int | None = None) -> None:
        result = istio.request(f"http://{host}/", gateway=gateway, port=port)
        assert result.status == 200, result


class TestTranslatedPorts:
    """A gateway whose Service has other ports than its pods, as unprivileged gateways have."""

    @pytest.fixture
    def high(self, istio: Cluster, namespace: str, host: str) -> Iterator[str]:
        # Gateways that wait for it: its Envoy must not bind their ports on any address but its own.
        for port in (80, 9000):
            istio.apply(*route(namespace, host, PORTS["http"], number=port, selector="high"))
        ports = "service.ports[0].name=http,service.ports[0].port=80,service.ports[0].targetPort=8080"
        more = "service.ports[1].name=extra,service.ports[1].port=9000,service.ports[1].targetPort=9000"
        chart = str(tools.located(cache_directory()).charts / "gateway")
        istio.helm("install", "high", chart, "-n", namespace, "--set", f"{ports},{more}", "--wait", "--timeout=60s")
        yield "high"
        if istio.helm("list", "-q", "-n", namespace).strip():
            istio.helm("uninstall", "high", "-n", namespace)

    @pytest.mark.usefixtures("backend")
    def test_requests_arrive(self, istio: Cluster, namespace: str, host: str, high: str) -> None:
        def answered() -> None:
            for port in (80, 8080, 9000):
                result = istio.request(f"http://{host}/", gateway=high, namespace=namespace, port=port)
                assert result.status == 200, result

        eventually(answered)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", 9000), timeout=5)

    def test_it_goes_with_its_deployment(self, istio: Cluster, namespace: str, high: str) -> None:
        address = istio.gateway_address(high, namespace)
        istio.kubectl("get", "envoyfilter", f"embedded-{high}", "-n", namespace)
        istio.helm("uninstall", high, "-n", namespace)

        def gone() -> None:
            names = [process.name for process in processes_of(istio.layout)]
            assert not [name for name in names if name.startswith(f"envoy.{namespace}.")]
            assert istio.kubectl("get", "envoyfilters", "-n", namespace)["items"] == []

        eventually(gone)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, 80), timeout=5)


def test_gateways_outlive_the_agent(istio: Cluster) -> None:
    before = {gateway: envoy_of(istio, gateway)[1] for gateway in ("public", "internal")}
    addresses = {gateway: istio.gateway_address(gateway) for gateway in before}
    istio.kill("node-agent")
    istio.start()
    assert {gateway: envoy_of(istio, gateway)[1] for gateway in before} == before
    assert {gateway: istio.gateway_address(gateway) for gateway in before} == addresses


def test_a_dead_api_server_does_not_end_the_agent(istio: Cluster, namespace: str) -> None:
    """The agent follows again once the API server is back."""
    agent = Process(istio.layout, "node-agent").running()
    assert agent is not None
    istio.kill("kube-apiserver")
    time.sleep(1)
    istio.start()
    assert Process(istio.layout, "node-agent").running() == agent
    annotations = {"embedded.gatehouse.istio/backend": "true"}
    istio.apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "late", "namespace": namespace, "annotations": annotations},
            "spec": {"ports": [{"port": 80}]},
        }
    )

    def served() -> None:
        slices = istio.kubectl("get", "endpointslices", "-n", namespace)["items"]
        assert [item["ports"][0]["name"] for item in slices] == [""]

    eventually(served)
