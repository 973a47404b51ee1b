# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client of the API server: many threads, a busy server, lost connections, and lists of several pages."""

from __future__ import annotations

import base64
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes import client as client_module
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.client import KubernetesClient as Client
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.errors import ClusterError
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.fields import owned_fields, was_created
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest, Ref
from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure
from cluster.credentials import pair
from cluster.lifecycle import load_settings
from cluster.processes import Process
from cluster.testing import Cluster, eventually
from support.client import connect
from support.faulty_proxy import Fault, FaultyProxy, faulty_proxy
from support.run_module import Outcome, run_module

TEST = {"gatehouse.istio/test": "client"}


@pytest.fixture
def proxy(cluster: Cluster) -> Iterator[FaultyProxy]:
    with faulty_proxy(cluster) as running:
        yield running


@pytest.fixture
def client(proxy: FaultyProxy) -> Client:
    """A client that has had its first answer, so it retries requests that fail."""
    result = connect(kubeconfig=proxy.kubeconfig)
    result.get(Ref("Secret", "default", "none"))
    proxy.requests.clear()
    return result


@pytest.fixture
def secret(namespace: str) -> Callable[..., Manifest]:
    def made(name: str = "a", **data: str) -> Manifest:
        metadata = {"name": name, "namespace": namespace, "labels": TEST}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data or {"key": "value"}}

    return made


Secret = Callable[..., Manifest]


def took(call: Callable[[], Any]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


def test_each_thread_keeps_a_connection(proxy: FaultyProxy, namespace: str, secret: Secret) -> None:
    client = connect(connections=4, kubeconfig=proxy.kubeconfig)
    proxy.delay = 0.02
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(client.apply, [secret(f"s{number}") for number in range(40)]))
    assert {live["metadata"]["name"] for live in made} == {f"s{number}" for number in range(40)}
    assert proxy.requests == {("PATCH", "secrets"): 40}
    assert proxy.most_at_once == 4
    assert proxy.connections == 4
    assert len(client.find("Secret", TEST, namespace)) == 40
    assert proxy.connections == 4


def test_one_thread_needs_one_connection(client: Client, proxy: FaultyProxy, secret: Secret) -> None:
    for name in ("a", "b", "c"):
        client.apply(secret(name))
    assert proxy.connections == 1


@pytest.mark.parametrize(
    ("status", "headers", "least"),
    [(429, {"Retry-After": "1"}, 1.0), (429, {}, 0.1), (503, {"Retry-After": "1"}, 1.0)],
    ids=["429", "429 without a time", "503"],
)
def test_requests_to_a_busy_api_server_are_retried(
    client: Client, proxy: FaultyProxy, secret: Secret, status: int, headers: dict[str, str], least: float
) -> None:
    proxy.faults.append(Fault("PATCH", "/secrets/", status, headers=headers))
    assert least <= took(lambda: client.apply(secret())) < least + 10
    assert proxy.requests == {("PATCH", "secrets"): 2}


def test_the_first_request_to_a_busy_api_server_is_retried(proxy: FaultyProxy, namespace: str) -> None:
    proxy.faults.append(Fault("GET", status=429, headers={"Retry-After": "1"}))
    assert connect(kubeconfig=proxy.kubeconfig).find("Secret", TEST, namespace) == []


def test_an_api_server_that_stays_busy(client: Client, proxy: FaultyProxy, secret: Secret) -> None:
    proxy.faults.append(Fault("PATCH", "/secrets/", 429, headers={"Retry-After": "3600"}))
    with pytest.raises(ClusterError, match=r"is too busy: it answers 429 .* and asks to wait 3600 s") as raised:
        client.apply(secret())
    assert raised.value.status == 429


@pytest.mark.parametrize("too_late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("status", [None, 502, 503], ids=["connection lost", "502", "503"])
def test_requests_whose_connection_is_lost_are_retried(
    client: Client, proxy: FaultyProxy, namespace: str, secret: Secret, status: int | None, too_late: bool
) -> None:
    """Whether or not the API server has already handled the request."""
    for method in ("GET", "PATCH", "DELETE"):
        proxy.faults.append(Fault(method, status=status, too_late=too_late))
    live = client.apply(secret())
    assert client.find("Secret", TEST, namespace)[0]["metadata"]["uid"] == live["metadata"]["uid"]
    client.delete(live)
    assert client.get(Ref("Secret", namespace, "a")) is None
    assert proxy.requests == {("GET", "secrets"): 3, ("PATCH", "secrets"): 2, ("DELETE", "secrets"): 2}


def test_a_create_whose_answer_is_lost(client: Client, proxy: FaultyProxy, secret: Secret) -> None:
    """The retry reports a conflict, because another client may have created the object. A read shows who did."""
    proxy.faults.append(Fault("POST", too_late=True))
    with pytest.raises(ClusterError, match="already exists") as raised:
        client.create(secret())
    assert raised.value.status == 409
    live = client.get(Ref("Secret", secret()["metadata"]["namespace"], "a"))
    assert live is not None
    assert was_created(live)


def test_a_lost_connection_before_the_first_answer(proxy: FaultyProxy, namespace: str) -> None:
    proxy.faults.append(Fault(times=None))
    with pytest.raises(ClusterError, match="cannot be reached") as raised:
        connect(kubeconfig=proxy.kubeconfig).find("Secret", TEST, namespace)
    assert raised.value.status is None
    assert proxy.requests.total() == 1


def test_an_api_server_that_stays_unreachable(
    client: Client, proxy: FaultyProxy, secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{client_module.__package__}.retry.RETRY_SECONDS", 2.0)
    proxy.faults.append(Fault(times=None))
    with pytest.raises(ClusterError, match=r"cannot be reached.*tried again for"):
        client.apply(secret())
    assert proxy.requests.total() > 2
    proxy.requests.clear()
    with pytest.raises(ClusterError, match="cannot be reached"):
        client.apply(secret())
    assert proxy.requests.total() == 1, "later requests are not retried"


def test_an_api_server_that_hangs(
    client: Client, proxy: FaultyProxy, secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that has timed out is not retried."""
    monkeypatch.setattr(client_module, "_TIMEOUT_SECONDS", 0.5)
    proxy.delay = 2
    with pytest.raises(ClusterError, match=r"cannot be reached.*timed out"):
        client.apply(secret())
    assert proxy.connections == 1


def test_another_client_writes_at_the_same_time(client: Client, proxy: FaultyProxy, secret: Secret) -> None:
    proxy.faults.append(Fault("PATCH", status=409, times=3))
    live = client.apply(secret())
    assert proxy.requests == {("PATCH", "secrets"): 4}
    proxy.faults.append(Fault("PATCH", status=409))
    with pytest.raises(ClusterError) as raised:
        client.apply({**secret(), "metadata": {**secret()["metadata"], "uid": live["metadata"]["uid"]}})
    assert raised.value.status == 409, "a write that names the object that it read must not be retried"
    assert proxy.requests == {("PATCH", "secrets"): 5}
    proxy.faults.append(Fault("PATCH", status=409, times=None))
    with pytest.raises(ClusterError, match="a fault of the tests"):
        client.apply(secret())


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (500, 'Internal error occurred: failed calling webhook "validation.istio.io": connection refused'),
        (429, 'admission webhook "policy.example.com" denied the request: only ten of them'),
        (403, "secrets is forbidden"),
        (422, "Invalid value"),
    ],
)
def test_refused_writes_are_not_retried(
    client: Client, proxy: FaultyProxy, secret: Secret, status: int, message: str
) -> None:
    proxy.faults.append(Fault("PATCH", status=status, message=message, times=None))
    with pytest.raises(ClusterError):
        client.apply(secret())
    assert proxy.requests == {("PATCH", "secrets"): 1}


def test_a_list_of_many_pages(
    client: Client, proxy: FaultyProxy, namespace: str, secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        client.apply(secret(f"s{number}"))
    monkeypatch.setattr(client_module, "_PAGE", 3)
    proxy.requests.clear()
    result = client.find("Secret", TEST, namespace)
    assert [live["metadata"]["name"] for live in result] == [f"s{number}" for number in range(7)]
    assert proxy.requests == {("GET", "secrets"): 3}
    assert {(live["kind"], live["apiVersion"]) for live in result} == {("Secret", "v1")}
    single = client.get(Ref("Secret", namespace, "s0"))
    assert single is not None
    assert owned_fields(result[0]) == owned_fields(single) != set()
    proxy.faults.append(Fault("GET", "continue=", status=410))
    assert client.find("Secret", TEST, namespace) == result, "the list starts again"
    assert proxy.requests == {("GET", "secrets"): 3 + 1 + 2 + 3}
    proxy.faults.append(Fault("GET", "continue=", status=410, times=None))
    with pytest.raises(ClusterError, match="a fault of the tests"):
        client.find("Secret", TEST, namespace)


def test_any_text_arrives_as_it_was(client: Client, secret: Secret) -> None:
    text = 'é € 😀 "quoted" \\ \n \t \x7f \x85 \x9f \u2028 \u2029 \ufeff \uffff end'
    manifest = secret()
    manifest["metadata"]["annotations"] = {"example.com/text": text}
    assert client.apply(manifest)["metadata"]["annotations"]["example.com/text"] == text


def test_a_server_that_is_not_an_api_server(proxy: FaultyProxy, namespace: str) -> None:
    """For example the login page of a proxy."""
    proxy.faults.append(Fault(status=200, raw=b"<html>"))
    with pytest.raises(ClusterError, match="is not a Kubernetes API server"):
        connect(kubeconfig=proxy.kubeconfig).find("Secret", TEST, namespace)


def test_a_shared_gateway_whose_answers_are_lost(istio: Cluster, proxy: FaultyProxy, namespace: str) -> None:
    """The retry gets a conflict with the object that the module itself has written."""

    def expose(name: str) -> Outcome:
        options = {
            "name": name,
            "namespace": namespace,
            "hosts": [f"{name}.{namespace}.example.com"],
            "service": "web",
            "port": 80,
            "gateway": {"selector": {"istio": "public"}, "shared": f"{namespace}/front"},
            "kubeconfig": proxy.kubeconfig,
        }
        outcome = run_module(istio_exposure.main, options)
        assert not outcome.failed, outcome.message
        return outcome

    for name, method in (("first", "POST"), ("second", "PATCH")):
        fault = Fault(method, r"/gateways(?!.*dryRun)", too_late=True)
        proxy.faults.append(fault)
        assert expose(name).actions == [
            f"updated Gateway {namespace}/front",
            f"created VirtualService {namespace}/{name}",
        ]
        assert fault.met > 1
        assert not expose(name).changed
    result = istio.kubectl("get", "gateways.networking.istio.io", "front", "-n", namespace)
    hosts = {host.rpartition("/")[2] for server in result["spec"]["servers"] for host in server["hosts"]}
    assert hosts == {f"{name}.{namespace}.example.com" for name in ("first", "second")}


@pytest.fixture
def team(istio: Cluster, namespace: str) -> Iterator[dict[str, Any]]:
    """The connection of a service account that may write Gateways, by a right of its group."""
    rbac = "rbac.authorization.k8s.io"
    manifests: list[Manifest] = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "team", "namespace": namespace}},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": namespace},
            "rules": [{"apiGroups": ["networking.istio.io"], "resources": ["gateways"], "verbs": ["*"]}],
        },
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": namespace},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": namespace},
            "subjects": [{"kind": "Group", "name": f"system:serviceaccounts:{namespace}"}],
        },
    ]
    istio.apply(*manifests)
    token = istio.kubectl("create", "token", "team", "-n", namespace).strip()
    server = yaml.safe_load(istio.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
    yield {"host": server, "api_key": token, "ca_cert": str(pair(istio.layout, "ca").certificate)}
    istio.delete(*manifests)


def test_an_api_server_that_is_restarted(istio: Cluster, team: dict[str, Any], namespace: str) -> None:
    """No write from four threads is refused, though the restarted API server must load the user's rights again."""
    client = connect(connections=4, **team)
    ended = threading.Event()
    rounds = [0] * 4

    def write(thread: int) -> None:
        while not ended.is_set():
            at = Ref("Gateway", namespace, f"{thread}-{rounds[thread]}")
            live = client.apply(gateway(at))
            assert client.get(at) is not None
            if rounds[thread] % 2:
                client.delete(live)
            rounds[thread] += 1

    def all_have_done(before: list[int]) -> None:
        for writer in writers:
            if writer.done():
                writer.result()  # raises the writer's error
        assert all(now >= then + 3 for now, then in zip(rounds, before, strict=True))

    with ThreadPoolExecutor(4) as threads:
        writers = [threads.submit(write, thread) for thread in range(4)]
        try:
            eventually(lambda: all_have_done([0] * 4))
            record = Process(istio.layout, "kube-apiserver").running()
            assert record is not None
            os.kill(record.pid, signal.SIGTERM)
            time.sleep(1)
            istio.kill("kube-apiserver")  # as a kubelet does after a longer grace period
            before = list(rounds)
            istio.start()
            eventually(lambda: all_have_done(before))
        finally:
            ended.set()
    all_have_done(before)
    result = {live["metadata"]["name"] for live in client.find("Gateway", TEST, namespace)}
    assert result == {f"{thread}-{n}" for thread in range(4) for n in range(0, rounds[thread], 2)}


def gateway(at: Ref) -> Manifest:
    server = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": [f"{at.name}.example.com"]}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": at.name, "namespace": at.namespace, "labels": TEST},
        "spec": {"selector": {"istio": "nowhere"}, "servers": [server]},
    }


class TestConnections:
    """The ways to configure the API server and the credentials."""

    @pytest.fixture
    def certificate(self, cluster: Cluster) -> dict[str, Any]:
        admin, server = pair(cluster.layout, "admin"), load_settings(cluster.layout).api
        files = {"client_cert": str(admin.certificate), "client_key": str(admin.key)}
        return {"host": server, "ca_cert": str(pair(cluster.layout, "ca").certificate), **files}

    def test_a_kubeconfig(self, cluster: Cluster, namespace: str) -> None:
        for kubeconfig in (str(cluster.kubeconfig), yaml.safe_load(cluster.kubeconfig.read_text())):
            assert connect(kubeconfig=kubeconfig).find("Secret", TEST, namespace) == []

    def test_a_client_certificate(self, certificate: dict[str, Any], namespace: str) -> None:
        assert connect(**certificate).find("Secret", TEST, namespace) == []

    def test_the_environment(
        self, certificate: dict[str, Any], namespace: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names = {"client_cert": "cert_file", "client_key": "key_file", "ca_cert": "ssl_ca_cert"}
        for option, value in certificate.items():
            monkeypatch.setenv(f"K8S_AUTH_{names.get(option, option).upper()}", value)
        assert connect().find("Secret", TEST, namespace) == []

    def test_an_impersonated_member_of_several_groups(
        self, team: dict[str, Any], cluster: Cluster, namespace: str
    ) -> None:
        assert connect(**team).find("Gateway", TEST, namespace) == []
        groups = ["first", f"system:serviceaccounts:{namespace}"]
        for given in (groups, groups[::-1]):
            client = connect(kubeconfig=str(cluster.kubeconfig), impersonate_user="jane", impersonate_groups=given)
            assert client.find("Gateway", TEST, namespace) == []
        client = connect(kubeconfig=str(cluster.kubeconfig), impersonate_user="jane", impersonate_groups=["first"])
        with pytest.raises(ClusterError, match='User "jane" cannot list'):
            client.find("Gateway", TEST, namespace)

    def test_a_proxy_that_wants_a_password(self, proxy: FaultyProxy, team: dict[str, Any], namespace: str) -> None:
        there: dict[str, Any] = {
            "host": "http://nowhere.invalid",
            "proxy": proxy.url,
            "proxy_headers": {"proxy_basic_auth": "me:secret"},
        }
        assert connect(**there, api_key=team["api_key"]).find("Gateway", TEST, namespace) == []
        assert proxy.last_headers["Proxy-Authorization"] == f"Basic {base64.b64encode(b'me:secret').decode()}"
        assert proxy.last_headers["User-Agent"] == "gatehouse.istio"
