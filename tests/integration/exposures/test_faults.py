# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to 500 exposures when something breaks meanwhile: a clear result, and a second run finishes the work."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.modules import istio_exposures
from cluster.processes import Process
from cluster.testing import Cluster, eventually
from support.exposures import PUBLIC, Listed, Run, both, exposures, there
from support.faulty_proxy import Fault, FaultyProxy, faulty_proxy
from support.killed_run import kill_at_write
from support.run_module import Outcome, run_module

COUNT = 500
NAMES = [f"e{number:03}" for number in range(COUNT)]
GATEWAY = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "Gateway",
    "metadata": {"name": "probe", "namespace": "default"},
    "spec": {
        "selector": {"istio": "nowhere"},
        "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["probe.test"]}],
    },
}


@pytest.fixture
def proxy(istio: Cluster) -> Iterator[FaultyProxy]:
    with faulty_proxy(istio) as running:
        yield running


@pytest.fixture
def converges(expose_all: Run, istio: Cluster, namespace: str) -> Callable[..., None]:
    """A run without faults finishes the work; then nothing is lost, nothing is doubled, and nothing is left to do."""

    def check(wanted: list[dict[str, Any]], **options: Any) -> None:
        expose_all(wanted, **options).done()
        assert there(istio, namespace) == both(*(exposure["name"] for exposure in wanted))
        kinds = "gateways.networking.istio.io,virtualservices.networking.istio.io"
        result = istio.kubectl("get", kinds, "-n", namespace)["items"]
        hosts = [host for live in result for host in live["spec"].get("hosts") or live["spec"]["servers"][0]["hosts"]]
        assert sorted(hosts) == sorted(2 * [host for exposure in wanted for host in exposure["hosts"]])
        assert not expose_all(wanted, **options).done().changed

    return check


@contextmanager
def meanwhile(proxy: FaultyProxy, written: int, act: Callable[[], None]) -> Iterator[None]:
    """Acts when so many VirtualServices were written through the proxy."""
    ended = threading.Event()

    def watch() -> bool:
        while not ended.is_set():
            if proxy.requests["PATCH", "virtualservices"] >= written:
                act()
                return True
            time.sleep(0.01)
        return False

    with ThreadPoolExecutor(1) as pool:
        acted = pool.submit(watch)
        try:
            yield
        finally:
            ended.set()
        assert acted.result(), "the run was over before something broke"


def test_an_api_server_that_is_busy_changed_by_others_and_restarted(
    expose_all: Run, istio: Cluster, proxy: FaultyProxy, namespace: str, converges: Callable[..., None]
) -> None:
    """All that can be waited out is waited out: the run succeeds."""

    def each(kind: str, first: int) -> list[str]:
        return [rf"/{kind}/{name}\?" for name in NAMES[first::50]]

    proxy.faults += [
        *(Fault("PATCH", target, 429, headers={"Retry-After": "1"}) for target in each("virtualservices", 0)),
        *(Fault("PATCH", target, 409) for target in each("gateways", 5)),
        *(Fault("PATCH", target, None) for target in each("virtualservices", 7)),
        *(Fault("PATCH", target, None, too_late=True) for target in each("gateways", 13)),
    ]

    def restart() -> None:
        record = Process(istio.layout, "kube-apiserver").running()
        assert record is not None
        os.kill(record.pid, signal.SIGTERM)
        time.sleep(1)
        istio.kill("kube-apiserver")  # a kubelet has more patience, but not for ever
        istio.start()

    wanted = exposures(namespace, *NAMES)
    with meanwhile(proxy, COUNT // 3, restart):
        result = expose_all(wanted, kubeconfig=proxy.kubeconfig).done()
    assert result.outcome.result["summary"]["exposures"]["changed"] == COUNT
    assert all(fault.met for fault in proxy.faults)
    converges(wanted)


def test_writes_that_are_refused(
    expose_all: Run, proxy: FaultyProxy, namespace: str, converges: Callable[..., None]
) -> None:
    """Refusals are reported one by one, and others go on if that is wanted."""
    refused = {f"e{number:03}" for number in range(7, COUNT, 100)}
    proxy.faults.append(
        Fault("PATCH", r"/virtualservices/e\d07\?(?!.*dryRun)", 403, times=None, message="e is not allowed here")
    )
    wanted = exposures(namespace, *NAMES)
    result = expose_all(wanted, kubeconfig=proxy.kubeconfig, on_error="continue")
    assert result.failed
    assert result.message.startswith(f"5 of {COUNT} exposures failed; of the others {COUNT - 5} done and changed. ")
    assert {name for name, outcome in result.outcomes.items() if outcome == "failed"} == refused
    for name in refused:
        entry = result.exposures[name]
        assert [f"{one['action']} {one['kind']}" for one in entry["objects"]] == ["created Gateway"]
        assert f"VirtualService {namespace}/{name} was not created: e is not allowed here." in entry["msg"]
        assert f"Already done: Gateway {namespace}/{name} created." in entry["msg"]
    converges(wanted)


def test_a_webhook_that_goes_down(
    expose_all: Run, istio: Cluster, proxy: FaultyProxy, namespace: str, converges: Callable[..., None]
) -> None:
    def down() -> None:
        istio.kubectl("scale", "deployment", "istiod", "-n", "istio-system", "--replicas=0")

    wanted = exposures(namespace, *NAMES)
    try:
        with meanwhile(proxy, COUNT // 5, down):
            result = expose_all(wanted, kubeconfig=proxy.kubeconfig)
    finally:
        istio.kubectl("scale", "deployment", "istiod", "-n", "istio-system", "--replicas=1")
        eventually(
            lambda: istio.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(GATEWAY)), seconds=60
        )
    assert result.failed
    assert "cannot ask an admission webhook, so it refuses changes (is istiod running?)" in result.message
    summary = result.outcome.result["summary"]
    assert 1 <= summary["exposures"]["failed"] <= 8
    assert summary["exposures"]["changed"] >= COUNT // 5 - 8
    assert summary["exposures"]["not_tried"] > 0
    assert sum(summary["exposures"].values()) == COUNT
    names = {f"{live['kind']} {live['name']}" for entry in result.exposures.values() for live in entry["objects"]}
    assert names == there(istio, namespace), "what is reported as done is what is there"
    assert result.message.count("is istiod running?") <= 8
    converges(wanted)


@pytest.mark.parametrize("shared", [False, True], ids=["own Gateways", "a shared Gateway"])
def test_a_run_that_is_killed(
    expose_all: Run,
    settings: dict[str, Any],
    istio: Cluster,
    namespace: str,
    converges: Callable[..., None],
    shared: bool,
) -> None:
    wanted = exposures(namespace, *NAMES, **({"gateway": {**PUBLIC, "shared": "front"}} if shared else {}))
    kill_at_write(COUNT // 2, istio_exposures.main, {**settings, "exposures": wanted})
    left = there(istio, namespace)
    assert len(left) > COUNT // 4
    if not shared:
        assert len(left) < 2 * COUNT
        converges(wanted)
        return
    expose_all(wanted).done()
    gateway = istio.kubectl("get", "gateways.networking.istio.io", "front", "-n", namespace)
    assert gateway["spec"]["servers"][0]["hosts"] == [f"{name}.{namespace}.test" for name in NAMES]
    assert not expose_all(wanted).done().changed


@pytest.fixture(scope="module")
def two() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as started:
        yield started


def at_once(two: ProcessPoolExecutor, *options: dict[str, Any]) -> list[Listed]:
    running = [two.submit(run_module, istio_exposures.main, given) for given in options]
    outcomes: list[Outcome] = [one.result() for one in running]
    return [Listed(outcome) for outcome in outcomes]


def test_two_runs_at_once_over_the_same_list(
    two: ProcessPoolExecutor,
    settings: dict[str, Any],
    istio: Cluster,
    namespace: str,
    converges: Callable[..., None],
) -> None:
    wanted = {**settings, "exposures": exposures(namespace, *NAMES)}
    for result in at_once(two, wanted, wanted):
        result.done()
    converges(wanted["exposures"])
    gone = {**settings, "exposures": [], "prune": {"namespaces": [namespace]}}
    for result in at_once(two, gone, gone):
        result.done()
    assert there(istio, namespace) == set()


def test_two_runs_at_once_over_a_shared_gateway(
    two: ProcessPoolExecutor, settings: dict[str, Any], expose_all: Run, istio: Cluster, namespace: str
) -> None:
    shared = {**PUBLIC, "shared": "front"}
    halves = [exposures(namespace, *NAMES[start::2], gateway=shared) for start in (0, 1)]
    for result in at_once(two, *[{**settings, "exposures": half} for half in halves]):
        result.done()
    gateway = istio.kubectl("get", "gateways.networking.istio.io", "front", "-n", namespace)
    assert gateway["spec"]["servers"][0]["hosts"] == [f"{name}.{namespace}.test" for name in NAMES]
    assert not expose_all(halves[0] + halves[1]).done().changed
    odd = re.compile(r"e\d\d[13579]")
    kept = [exposure for exposure in halves[0] if not odd.fullmatch(exposure["name"])]
    absent = [[{"name": one["name"], "state": "absent"} for one in half] for half in halves]
    for result in at_once(two, *[{**settings, "exposures": part} for part in absent]):
        result.done()
    assert kept
    assert there(istio, namespace) == set()
