# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Gateway that many exposures, and many runs at once, add their hosts to: the objects on a real API server."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._apply import shared_gateway
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.client import KubernetesClient as Door
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.errors import ClusterError
from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure
from cluster.testing import Cluster
from support.run_module import Outcome, run_module

Options = Callable[..., dict[str, Any]]
Expose = Callable[..., Outcome]
Live = Callable[[], dict[str, Any] | None]
GATEWAYS = "gateways.networking.istio.io"


@pytest.fixture
def shared(namespace: str) -> dict[str, Any]:
    """Option gateway with a shared one of this test alone."""
    return {"selector": {"istio": "public"}, "shared": f"{namespace}/front"}


@pytest.fixture
def options(istio: Cluster, namespace: str, shared: dict[str, Any]) -> Options:
    """The module's options for an exposure by its name, with a host of the same name."""

    def of(name: str, **changes: Any) -> dict[str, Any]:
        smallest = {
            "name": name,
            "namespace": namespace,
            "hosts": [f"{name}.{namespace}.example.com"],
            "service": "web",
            "port": 80,
            "gateway": shared,
            # The hosts are made up, and some are given twice: these tests are about who is on the Gateway.
            "checks": {"routes-shadowed": "ignore", "host-not-on-gateway": "ignore"},
            "kubeconfig": str(istio.kubeconfig),
        }
        return {**smallest, **changes}

    return of


@pytest.fixture
def expose(options: Options) -> Expose:
    def run(name: str, check: bool = False, **changes: Any) -> Outcome:
        return run_module(istio_exposure.main, options(name, **changes), check)

    return run


@pytest.fixture
def live(istio: Cluster, namespace: str) -> Live:
    """Reads the shared Gateway; None if it is gone."""

    def read() -> dict[str, Any] | None:
        result = istio.kubectl("get", GATEWAYS, "-n", namespace, "--show-managed-fields")["items"]
        return next((item for item in result if item["metadata"]["name"] == "front"), None)

    return read


def done(outcome: Outcome) -> Outcome:
    assert not outcome.failed, outcome.message
    return outcome


def hosts(gateway: dict[str, Any] | None) -> list[str]:
    """The first label of each host; all of them are in one server."""
    assert gateway is not None
    (server,) = gateway["spec"]["servers"]
    return [host.partition(".")[0] for host in server["hosts"]]


def on_it(gateway: dict[str, Any] | None) -> list[str]:
    assert gateway is not None
    return sorted(key.rpartition(".")[2] for key in gateway["metadata"]["annotations"])


def managers(gateway: dict[str, Any] | None) -> set[tuple[str, str]]:
    assert gateway is not None
    return {(entry["manager"], entry["operation"]) for entry in gateway["metadata"]["managedFields"]}


def test_each_adds_and_removes_its_own(expose: Expose, live: Live, namespace: str) -> None:
    assert done(expose("a")).actions == [f"created Gateway {namespace}/front", f"created VirtualService {namespace}/a"]
    assert managers(live()) == {("gatehouse.istio", "Apply")}
    joined = done(expose("b"))
    assert joined.actions == [f"updated Gateway {namespace}/front", f"created VirtualService {namespace}/b"]
    assert joined.result["urls"] == [f"http://b.{namespace}.example.com/"], "only its own"
    assert "shop.a" not in joined.diff
    assert hosts(live()) == ["a", "b"]
    first = live()
    for name in ("a", "b"):
        again = done(expose(name))
        assert not again.changed
        assert again.result["diff"] == []
    assert live() == first

    left = done(expose("a", state="absent"))
    assert left.actions == [f"deleted VirtualService {namespace}/a", f"updated Gateway {namespace}/front"]
    assert hosts(live()) == on_it(live()) == ["b"]
    assert done(expose("b", state="absent")).actions[-1] == f"deleted Gateway {namespace}/front"
    assert live() is None
    assert not done(expose("b", state="absent")).changed


def test_what_the_task_no_longer_names_is_removed(expose: Expose, live: Live) -> None:
    expose("a", hosts=["one.example.com", "two.example.com"], tls={"credential_name": "cert", "redirect": True})
    expose("b", hosts=["three.example.com"], tls={"credential_name": "cert"})
    gateway = live()
    assert gateway is not None
    assert [(server["port"]["number"], server["hosts"]) for server in gateway["spec"]["servers"]] == [
        (80, ["one.example.com", "two.example.com"]),
        (443, ["one.example.com", "three.example.com", "two.example.com"]),
    ]
    changed = done(expose("a", hosts=["one.example.com"], tls={"credential_name": "cert"}))
    assert "two.example.com" in changed.diff
    gateway = live()
    assert gateway is not None
    (server,) = gateway["spec"]["servers"]
    assert server["hosts"] == ["one.example.com", "three.example.com"]
    assert server["tls"] == {"mode": "SIMPLE", "credentialName": "cert"}


def test_what_others_have_added_stays(expose: Expose, istio: Cluster, live: Live, namespace: str) -> None:
    expose("a")
    istio.kubectl("annotate", GATEWAYS, "front", "-n", namespace, "note=theirs")
    assert not done(expose("a")).changed
    assert done(expose("b")).changed
    gateway = live()
    assert gateway is not None
    assert gateway["metadata"]["annotations"]["note"] == "theirs"


def test_servers_changed_by_hand_are_put_back(expose: Expose, istio: Cluster, live: Live, namespace: str) -> None:
    expose("a")
    server = '{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["by-hand.example.com"]}'
    patch = f'{{"spec": {{"servers": [{server}]}}}}'
    istio.kubectl("patch", GATEWAYS, "front", "-n", namespace, "--type=merge", "-p", patch)
    outcome = done(expose("a"))
    assert "by-hand.example.com" in outcome.diff
    assert hosts(live()) == ["a"]
    assert not done(expose("a")).changed


MOVES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "first": ({"state": "absent"}, {}),
    "hosts": ({}, {"hosts": ["other.example.com"]}),
    "leave": ({}, {"state": "absent"}),
    "own to shared": ({"gateway": {"selector": {"istio": "public"}}}, {}),
    "shared to own": ({}, {"gateway": {"selector": {"istio": "public"}}}),
    "shared to shared": ({}, {"gateway": {"selector": {"istio": "public"}, "shared": "other"}}),
}


@pytest.mark.parametrize("others", [False, True], ids=["alone", "with others"])
@pytest.mark.parametrize(("before", "after"), MOVES.values(), ids=MOVES)
def test_check_mode_predicts_exactly_what_a_run_does(
    expose: Expose, istio: Cluster, namespace: str, before: dict[str, Any], after: dict[str, Any], others: bool
) -> None:
    def versions() -> set[str]:
        items = istio.kubectl("get", f"{GATEWAYS},virtualservices.networking.istio.io", "-n", namespace)["items"]
        return {f"{item['kind']} {item['metadata']['name']} {item['metadata']['resourceVersion']}" for item in items}

    if others:
        done(expose("b"))
    done(expose("a", **before))
    there = versions()
    predicted = done(expose("a", check=True, **after))
    assert versions() == there
    real = done(expose("a", **after))
    assert real.changed
    assert (predicted.changed, predicted.actions, predicted.diff) == (real.changed, real.actions, real.diff)
    assert [o["definition"]["spec"] for o in predicted.result["objects"]] == [
        o["definition"]["spec"] for o in real.result["objects"]
    ]
    assert not done(expose("a", **after)).changed


def test_two_exposures_may_serve_one_host(expose: Expose, live: Live) -> None:
    """Their paths are split; the host stays until the last one leaves."""
    both = {"hosts": ["both.example.com"]}
    expose("a", **both)
    done(expose("b", **both))
    expose("a", state="absent")
    assert hosts(live()) == ["both"]
    expose("b", state="absent")
    assert live() is None


def test_what_does_not_go_together_is_refused(expose: Expose, live: Live, namespace: str) -> None:
    expose("a", hosts=["a.example.com"], tls={"credential_name": "cert"})
    before = live()
    host = expose("b", hosts=["a.example.com"], tls={"credential_name": "other"})
    assert host.message == (
        f"hosts: Gateway {namespace}/front serves 'a.example.com' on port 443 with other TLS settings, for the "
        f"exposure {namespace}/a; give both the same tls, or remove the host from one of them."
    )
    selector = expose("b", gateway={"selector": {"istio": "internal"}, "shared": "front"})
    assert selector.message.startswith(
        f"gateway.selector: Gateway {namespace}/front is shared with the exposure {namespace}/a and selects pods with"
    )
    own = expose("front", gateway={"selector": {"istio": "public"}}, adopt=True)
    assert own.message.startswith(f"Gateway {namespace}/front is shared by {namespace}/a; choose another name")
    attached = expose("a", gateway={"existing": "front"})
    assert attached.message.startswith(
        f"gateway.existing: this exposure is the only one on the shared Gateway {namespace}/"
    )
    assert live() == before
    expose("c", gateway={"selector": {"istio": "public"}, "name": "not-shared"})
    refused = expose("b", gateway={"selector": {"istio": "public"}, "shared": "not-shared"}, adopt=True)
    assert refused.message.startswith(
        f"gateway.shared: Gateway {namespace}/not-shared belongs to the exposure {namespace}/c; choose another name"
    )
    both = expose("b", gateway={"shared": "front", "selector": {"a": "b"}, "existing": "front"})
    assert "mutually exclusive" in both.message
    assert "selector" in expose("b", gateway={"shared": "front"}).message


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    """Eight processes, each with connections of its own, as eight machines would have."""
    with ProcessPoolExecutor(8, multiprocessing.get_context("spawn")) as started:
        yield started


Together = Callable[..., list[Outcome]]


@pytest.fixture
def together(pool: ProcessPoolExecutor) -> Together:
    """Runs the module with each of the options at once."""

    def run(*several: dict[str, Any]) -> list[Outcome]:
        running = [pool.submit(run_module, istio_exposure.main, options) for options in several]
        return [done(outcome.result()) for outcome in running]

    return run


def test_many_runs_at_once(
    together: Together, options: Options, expose: Expose, live: Live, istio: Cluster, namespace: str
) -> None:
    def what(outcomes: list[Outcome], action: str) -> int:
        return sum(f"{action} Gateway {namespace}/front" in outcome.actions for outcome in outcomes)

    old = [f"old-{number:02}" for number in range(12)]
    new = [f"new-{number:02}" for number in range(12)]
    created = together(*[options(name) for name in old])
    assert (what(created, "created"), what(created, "updated")) == (1, 11)
    assert hosts(live()) == on_it(live()) == old
    assert managers(live()) == {("gatehouse.istio", "Apply")}

    gone = old[:6]
    mixed = [options(name) for name in new] + [options(name, state="absent") for name in gone]
    together(*mixed[::2], *mixed[1::2])
    assert hosts(live()) == on_it(live()) == sorted(old[6:] + new)
    assert not any(expose(name).changed for name in (old[6], new[0]))

    removed = together(*[options(name, state="absent") for name in old[6:] + new])
    assert (what(removed, "deleted"), what(removed, "updated")) == (1, 17)
    assert live() is None
    assert istio.kubectl("get", "virtualservices.networking.istio.io", "-n", namespace)["items"] == []


@dataclass(frozen=True)
class Race:
    """Before this step of a's run, another process puts b there. Then the run's action, and who is on the Gateway."""

    step: str
    action: str
    left: list[str]
    there: list[str] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)


RACES = {
    "two create it": Race("create", "updated", ["a", "b"]),
    "one changes what another has just created": Race("own", "created", ["a", "b"]),
    "two join": Race("apply", "updated", ["a", "b", "c"], there=["c"]),
    "one joins when the last leaves": Race("delete", "updated", ["b"], there=["a"], changes={"state": "absent"}),
}


@pytest.fixture(params=list(RACES.values()), ids=list(RACES))
def race(request: pytest.FixtureRequest, expose: Expose) -> Race:
    result: Race = request.param
    for name in result.there:
        done(expose(name))
    return result


def test_a_change_between_reading_and_writing_is_not_lost(
    race: Race, expose: Expose, options: Options, together: Together, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = getattr(Door, race.step)
    met: list[str] = []

    def late(self: Door, manifest: dict[str, Any], *arguments: Any, **options_: Any) -> Any:
        judged_only = "dry_run" in options_
        if manifest["kind"] == "Gateway" and not judged_only and not met:
            met.append(race.step)
            together(options("b"))
        return real(self, manifest, *arguments, **options_)

    monkeypatch.setattr(Door, race.step, late)
    outcome = done(expose("a", **race.changes))
    assert met == [race.step]
    assert any(action.startswith(f"{race.action} Gateway ") for action in outcome.actions)
    assert hosts(live()) == on_it(live()) == race.left
    assert managers(live()) == {("gatehouse.istio", "Apply")}
    assert not any(expose(name).changed for name in race.left)


def test_a_run_that_was_killed_while_it_created_leaves_nothing_that_stays(
    expose: Expose, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise ClusterError("gone")

    with monkeypatch.context() as context:
        context.setattr(Door, "own", killed)
        assert expose("a").failed
    assert managers(live()) == {("gatehouse.istio", "Update")}
    done(expose("b"))
    assert managers(live()) == {("gatehouse.istio", "Apply")}
    assert hosts(live()) == ["a", "b"]
    expose("a", state="absent")
    assert hosts(live()) == on_it(live()) == ["b"]


def test_whoever_never_gets_through_says_so(
    expose: Expose, istio: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(expose("a"))
    real = Door.get

    def outdated(self: Door, *arguments: Any) -> Any:
        result = real(self, *arguments)
        istio.kubectl("annotate", "--overwrite", GATEWAYS, "front", "-n", namespace, f"t={len(calls)}")
        calls.append(1)
        return result

    calls: list[int] = []
    monkeypatch.setattr(shared_gateway, "_CONFLICT_SECONDS", 0.5)
    monkeypatch.setattr(Door, "get", outdated)
    outcome = expose("b")
    assert outcome.message == (
        f"Gateway {namespace}/front was not updated: other runs kept changing it for 0.5 s while this one tried to. "
        f"Nothing was changed before it. Not tried: VirtualService {namespace}/b. Run the task again to finish it."
    )


EXPORTS: list[tuple[list[str] | None, str | None]] = [
    (["."], "which would not see the VirtualService, and the answer would be 404; add istio-ingress."),
    (["default"], "export_to: the gateway's pods are in namespace istio-ingress"),
    (["istio-ingress", "."], None),
    (["*"], None),
    (None, None),
]


@pytest.mark.parametrize("kind", ["own", "shared", "existing"])
def test_who_sees_the_virtual_service(expose: Expose, namespace: str, kind: str) -> None:
    done(expose("a"))
    gateways = {"own": {"selector": {"istio": "public"}}, "shared": None, "existing": {"existing": "front"}}
    gateway = {"gateway": gateways[kind]} if gateways[kind] else {}
    for export_to, sentence in EXPORTS:
        outcome = expose("b", export_to=export_to, **gateway)
        if sentence:
            assert sentence in outcome.message
            continue
        done(outcome)
        (result,) = [o for o in outcome.result["objects"] if o["kind"] == "VirtualService"]
        assert result["definition"]["spec"].get("exportTo") == export_to
        assert not expose("b", export_to=export_to, **gateway).changed
    elsewhere = expose("b", export_to=["."], gateway={"selector": {"istio": "public"}, "pods_namespace": namespace})
    assert not elsewhere.failed, "who says where the pods are is believed"
