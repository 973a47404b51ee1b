# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A shared Gateway, and exposures that move, as clients meet them: requests through the real Envoys all the while."""

from __future__ import annotations

import base64
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import probe
from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure
from cluster.testing import Cluster, eventually
from support import http2_client
from support.run_module import Outcome, run_module

Expose = Callable[..., Outcome]
# After the task: by then istiod and Envoy have put into effect whatever could break.
_SETTLE_SECONDS = 1.5


@pytest.fixture
def domain(namespace: str) -> str:
    """A domain of this test alone."""
    return f"{namespace}.example.com"


@pytest.fixture(autouse=True)
def backend(istio: Cluster, namespace: str, domain: str) -> None:
    annotations = {"embedded.gatehouse.istio/backend": "true", "embedded.gatehouse.istio/hosts": domain}
    istio.apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web", "namespace": namespace, "annotations": annotations},
            "spec": {"ports": [{"name": "http", "port": 80}]},
        }
    )


@pytest.fixture
def credential(istio: Cluster, namespace: str, domain: str) -> str:
    """The name of a Secret with a certificate for all hosts of the domain, where the gateways' pods are."""
    paths = istio.certificate(f"*.{domain}")

    def encoded(path: Path) -> str:
        return base64.b64encode(path.read_bytes()).decode()

    istio.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {"name": namespace, "namespace": "istio-ingress"},
            "data": {"tls.crt": encoded(paths.crt), "tls.key": encoded(paths.key)},
        }
    )
    return namespace


@pytest.fixture
def expose(istio: Cluster, namespace: str, domain: str, credential: str) -> Expose:
    """Runs istio_exposure for a name, with a host of that name. A failure ends the test."""

    def run(name: str, **changes: Any) -> Outcome:
        options = {
            "name": name,
            "namespace": namespace,
            "hosts": [f"{name}.{domain}"],
            "service": "web",
            "port": 80,
            "gateway": {"selector": {"istio": "public"}, "shared": "front"},
            "tls": {"credential_name": credential},
            "checks": {"certificate-on-two-servers": "ignore"},
            "kubeconfig": str(istio.kubeconfig),
            **changes,
        }
        outcome = run_module(istio_exposure.main, options)
        assert not outcome.failed, outcome.message
        return outcome

    return run


@pytest.fixture
def statuses(istio: Cluster) -> Callable[..., list[int]]:
    """The answers to several hosts over one HTTP/2 connection; none if there is no connection."""

    def ask(*hosts: str) -> list[int]:
        try:
            return http2_client.statuses(istio.gateway_address("public"), list(hosts), istio.layout.ca_certificate)
        except OSError:
            return []

    return ask


class Clients:
    """Asks for hosts without a pause, each time over a new connection, and keeps what is not answered with 200."""

    def __init__(self, address: str, ca: Path) -> None:
        self.address, self.ca = address, ca
        self.asked: dict[str, int] = {}
        self.failures: dict[str, list[str]] = {}
        self.outages: dict[str, float] = {}
        self._stop = threading.Event()

    def _ask_until_stopped(self, host: str) -> None:
        served_until = time.monotonic()
        while not self._stop.is_set():
            begin = time.monotonic()
            result = probe(f"https://{host}/", self.address, ca_file=str(self.ca), timeout=5)
            self.asked[host] = self.asked.get(host, 0) + 1
            if result.status != 200:
                self.failures.setdefault(host, []).append(str(result.status or result.error))
                self.outages[host] = max(self.outages.get(host, 0), time.monotonic() - served_until)
            else:
                served_until = begin

    @contextlib.contextmanager
    def asking(self, *hosts: str) -> Iterator[None]:
        threads = [threading.Thread(target=self._ask_until_stopped, args=(host,)) for host in hosts]
        for thread in threads:
            thread.start()
        try:
            time.sleep(0.5)
            yield
            time.sleep(_SETTLE_SECONDS)
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
        assert min(self.asked[host] for host in hosts) > 20


@pytest.fixture
def clients(istio: Cluster) -> Clients:
    return Clients(istio.gateway_address("public"), istio.layout.ca_certificate)


def test_hosts_of_one_certificate_share_a_connection(
    expose: Expose, statuses: Callable[..., list[int]], domain: str
) -> None:
    """With a Gateway each, the second host's answer over the first one's connection is 404."""
    one, two = f"one.{domain}", f"two.{domain}"

    def are(expected: list[int]) -> None:
        assert statuses(one, two) == statuses(two, one)[::-1] == expected

    for name in ("one", "two"):
        expose(name)
    eventually(lambda: are([200, 200]), seconds=15)
    for name in ("one", "two"):
        expose(name, gateway={"selector": {"istio": "public"}})
    eventually(lambda: are_apart(statuses, one, two), seconds=15)


def are_apart(statuses: Callable[..., list[int]], one: str, two: str) -> None:
    assert statuses(one, two) == [200, 404]
    assert statuses(two) == [200]


def test_who_joins_and_leaves_disturbs_nobody(
    expose: Expose, clients: Clients, statuses: Callable[..., list[int]], domain: str
) -> None:
    expose("stays")
    eventually(lambda: served(statuses, f"stays.{domain}"), seconds=15)
    with clients.asking(f"stays.{domain}"):
        expose("guest")
        eventually(lambda: served(statuses, f"guest.{domain}"), seconds=15)
        expose("guest", state="absent")
    assert clients.failures == {}


def served(statuses: Callable[..., list[int]], *hosts: str) -> None:
    for host in hosts:
        assert statuses(host) == [200]


@pytest.mark.parametrize("first", ["a wildcard", "one of its names"])
def test_a_wildcard_and_one_of_its_names_are_both_served(
    istio: Cluster, expose: Expose, namespace: str, domain: str, first: str
) -> None:
    """Whoever came first; istiod puts the older one's routes first for each host of a server."""
    istio.apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": "other",
                "namespace": namespace,
                "annotations": {"embedded.gatehouse.istio/backend": "true"},
            },
            "spec": {"ports": [{"name": "http", "port": 80}]},
        }
    )
    wanted = [("all", f"*.{domain}", "web"), ("one", f"one.{domain}", "other")]
    for name, host, service in wanted if first == "a wildcard" else wanted[::-1]:
        expose(name, hosts=[host], service=service, checks={})
        time.sleep(1)  # so that one of them is older, and it is not the names that decide

    def goes_to(host: str, service: str) -> None:
        result = istio.request(f"https://{host}.{domain}/")
        assert result.headers.get("x-backend") == f"{namespace}/{service}/http", result

    for host, service in (("one", "other"), ("two", "web")):
        eventually(partial(goes_to, host, service), seconds=15)
    expose("all", state="absent")
    eventually(lambda: goes_to("one", "other"), seconds=15)


OWN, OTHER_OWN = {"selector": {"istio": "public"}}, {"selector": {"istio": "public"}, "name": "other"}
SHARED, OTHER_SHARED = {**OWN, "shared": "front"}, {**OWN, "shared": "back"}
EXISTING = {"existing": "theirs"}
MOVES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "own to own": (OWN, OTHER_OWN),
    "own to shared": (OWN, SHARED),
    "shared to own": (SHARED, OWN),
    "shared to shared": (SHARED, OTHER_SHARED),
    "own to existing": (OWN, EXISTING),
    "existing to own": (EXISTING, OWN),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_move_keeps_it_served(
    istio: Cluster,
    expose: Expose,
    clients: Clients,
    statuses: Callable[..., list[int]],
    credential: str,
    domain: str,
    name: str,
) -> None:
    """And never touches the hosts of others on the shared Gateways."""
    before, after = MOVES[name]
    hosts = [one, two, moving] = [f"{host}.{domain}" for host in ("one", "two", "moving")]
    expose("one", gateway=SHARED)
    expose("two", gateway=OTHER_SHARED)
    if EXISTING in (before, after):
        istio.apply(theirs(credential, f"*.{domain}"))
    _move(expose, before)
    eventually(lambda: served(statuses, *hosts), seconds=15)
    with clients.asking(*hosts):
        _move(expose, after)
    assert one not in clients.failures, clients.failures
    assert two not in clients.failures, clients.failures
    # Envoy empties the old server's routes a moment before it goes over to the new one, see _move.py.
    assert set(clients.failures.get(moving, [])) <= {"404"}
    assert clients.outages.get(moving, 0) < 2, "a few tenths of a second, and more only on a busy machine"
    served(statuses, *hosts)


def _move(expose: Expose, gateway: dict[str, Any]) -> None:
    changes = {"tls": None} if gateway == EXISTING else {}
    assert expose("moving", gateway=gateway, wait=True, **changes).changed


def theirs(namespace: str, host: str) -> dict[str, Any]:
    """A Gateway of somebody else's."""
    server = {
        "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
        "hosts": [host],
        "tls": {"mode": "SIMPLE", "credentialName": namespace},
    }
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "theirs", "namespace": namespace},
        "spec": {"selector": {"istio": "public"}, "servers": [server]},
    }
