# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stays between the items of a loop: the connection, and what was read within a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes import session as session_file
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.errors import ClusterError
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest, Ref
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.session import RecentReads, Session

SHOP = Ref("Gateway", "shop", "shop")


def gateway(name: str, namespace: str = "shop", **metadata: Any) -> Manifest:
    return {"kind": "Gateway", "metadata": {"name": name, "namespace": namespace, **metadata}}


class Api:
    """Answers with its objects, and counts the questions."""

    def __init__(self, *objects: Manifest) -> None:
        self.objects = list(objects)
        self.questions = 0
        self.error: ClusterError | None = None

    def find(self, kind: str, *_conditions: object) -> list[Manifest]:
        self.questions += 1
        if self.error:
            raise self.error
        return [entry for entry in self.objects if entry["kind"] == kind]

    def get(self, at: Ref) -> Manifest | None:
        self.questions += 1
        return next((entry for entry in self.objects if entry["metadata"]["name"] == at.name), None)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(name="clock")
def clock_fixture() -> Clock:
    return Clock()


def names(objects: list[Manifest]) -> list[str]:
    return [entry["metadata"]["name"] for entry in objects]


def test_a_question_is_asked_once_in_a_second(clock: Clock) -> None:
    api = Api(gateway("shop"))
    reads = RecentReads(api, clock)
    reads.find("Gateway", {})
    api.objects.append(gateway("of-others"))
    clock.now = 0.9
    assert names(reads.find("Gateway", {})) == ["shop"]
    clock.now = 1.0
    assert names(reads.find("Gateway", {})) == ["shop", "of-others"]
    assert api.questions == 2


def test_own_writes_are_seen_at_once(clock: Clock) -> None:
    api = Api(gateway("shop"))
    reads = RecentReads(api, clock)
    reads.find("Gateway", {})
    reads.find("Gateway", {}, "shop")
    reads.find("Gateway", {}, "docs")
    reads.get(SHOP)
    changed = gateway("shop", labels={"new": "true"})
    reads.written(SHOP, changed)
    reads.written(Ref("Gateway", "shop", "more"), gateway("more"))
    assert names(reads.find("Gateway", {})) == ["shop", "more"]
    assert names(reads.find("Gateway", {}, "shop")) == ["shop", "more"]
    assert reads.find("Gateway", {}, "shop")[0]["metadata"]["labels"] == {"new": "true"}
    assert reads.get(SHOP) == changed
    reads.written(SHOP, None)
    assert names(reads.find("Gateway", {})) == ["more"]
    assert reads.get(SHOP) is None
    assert api.questions == 4


def test_a_selection_is_asked_for_again_after_a_write_of_the_kind(clock: Clock) -> None:
    api = Api(gateway("shop"))
    reads = RecentReads(api, clock)
    reads.find("Gateway", {"app": "shop"})
    reads.written(
        Ref("Service", "shop", "shop"), {"kind": "Service", "metadata": {"name": "shop", "namespace": "shop"}}
    )
    reads.find("Gateway", {"app": "shop"})
    assert api.questions == 1
    reads.written(SHOP, gateway("shop"))
    reads.find("Gateway", {"app": "shop"})
    assert api.questions == 2


def test_a_caller_may_change_its_list(clock: Clock) -> None:
    reads = RecentReads(Api(gateway("shop")), clock)
    reads.find("Gateway", {}).clear()
    assert names(reads.find("Gateway", {})) == ["shop"]


def test_a_failure_is_the_same_for_a_second(clock: Clock) -> None:
    api = Api()
    api.error = ClusterError("no")
    reads = RecentReads(api, clock)
    for _time in range(2):
        with pytest.raises(ClusterError):
            reads.find("Gateway", {})
    assert api.questions == 1


class Task:
    def __init__(self, **params: Any) -> None:
        self.params = params


class Client(Api):
    def __init__(self, _task: Any) -> None:
        super().__init__()
        self.warnings: dict[tuple[str, str], None] = {}
        self.on_write: Any = None


@pytest.fixture(name="session")
def session_fixture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Session:
    monkeypatch.setattr(session_file, "KubernetesClient", Client)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    return Session()


def client_for(session: Session, **params: Any) -> Any:
    task: Any = Task(**params)
    return session.connect(task).client


def test_the_next_item_has_the_same_connection(session: Session) -> None:
    first = client_for(session, host="https://a", api_key="one", hosts=["a.example.com"])
    first.warnings["", "old"] = None
    second = client_for(session, host="https://a", api_key="one", hosts=["b.example.com"])
    assert second is first
    assert not second.warnings


@pytest.mark.parametrize(
    "other",
    [
        {"host": "https://b", "api_key": "one"},
        {"host": "https://a", "api_key": "two"},
        {"host": "https://a", "api_key": "one", "impersonate_user": "eve"},
        {"kubeconfig": {"clusters": []}},
        {},
    ],
)
def test_another_cluster_or_user_has_its_own(session: Session, other: dict[str, Any]) -> None:
    assert client_for(session, **other) is not client_for(session, host="https://a", api_key="one")


def test_a_kubeconfig_is_known_by_its_content(session: Session, tmp_path: Path) -> None:
    one, copy = tmp_path / "one", tmp_path / "copy"
    one.write_text("a")
    copy.write_text("a")
    first = client_for(session, kubeconfig=str(one))
    assert client_for(session, kubeconfig=str(copy)) is first
    one.write_text("b")
    assert client_for(session, kubeconfig=str(one)) is not first


def test_variables_of_the_environment_count(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    first = client_for(session)
    monkeypatch.setenv("K8S_AUTH_HOST", "https://b")
    assert client_for(session) is not first


def test_nothing_stays_after_a_failure(session: Session) -> None:
    first = client_for(session)
    session.forget()
    assert client_for(session) is not first
