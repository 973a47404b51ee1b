# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What istio_exposures does to the objects of a real API server, with Istio's real validating webhook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure, istio_exposures
from cluster.testing import Cluster
from support.exposures import PUBLIC, Listed, Run, both, exposures, there
from support.run_module import run_module


def test_a_list_becomes_objects_and_a_second_run_changes_nothing(
    expose_all: Run, istio: Cluster, namespace: str
) -> None:
    wanted = exposures(namespace, "a", "b", "c")
    first = expose_all(wanted).done()
    assert first.changed
    assert first.actions == [f"created {kind} {name}" for name in "abc" for kind in ("Gateway", "VirtualService")]
    assert first.exposures["a"]["urls"] == [f"http://a.{namespace}.test/"]
    assert there(istio, namespace) == both("a", "b", "c")
    again = expose_all(wanted).done()
    assert not again.changed
    assert again.outcomes == dict.fromkeys("abc", "unchanged")
    assert again.diff == ""
    assert again.outcome.result["summary"]["objects"] == {"created": 0, "updated": 0, "deleted": 0, "unchanged": 6}


def test_it_makes_what_istio_exposure_makes(
    expose_all: Run, settings: dict[str, Any], namespace: str, requests: list[str]
) -> None:
    wanted = exposures(
        namespace,
        "a",
        tls={"credential_name": "cert", "redirect": True},
        service=None,
        port=None,
        routes=[{"match": [{"uri": {"prefix": "/"}}], "destinations": [{"service": "web", "port": 80}]}],
        labels={"team": "shop"},
        checks={"secret-missing": "ignore"},
    )
    expose_all(wanted).done()
    given = {**settings["defaults"], **wanted[0], "kubeconfig": settings["kubeconfig"]}
    one = run_module(istio_exposure.main, {key: value for key, value in given.items() if value is not None})
    assert not one.failed, one.message
    assert not one.changed
    assert any(request.startswith("patch ") for request in requests)


def test_only_what_differs_is_written(expose_all: Run, namespace: str, requests: list[str]) -> None:
    expose_all(exposures(namespace, "a", "b", "c")).done()
    requests.clear()
    changed = exposures(namespace, "a", "b", "c")
    changed[1]["port"] = 81
    result = expose_all(changed).done()
    assert result.outcomes == {"a": "unchanged", "b": "changed", "c": "unchanged"}
    assert result.actions == ["updated VirtualService b"]
    written = [request for request in requests if not request.startswith("get ")]
    assert set(written) == {f"patch /apis/networking.istio.io/v1/namespaces/{namespace}/virtualservices/b"}


def test_requests_do_not_grow_with_the_list(expose_all: Run, namespace: str, requests: list[str]) -> None:
    several = exposures(namespace, *(f"e{number}" for number in range(30)))
    expose_all(several).done()

    def sent(wanted: list[dict[str, Any]]) -> list[str]:
        requests.clear()
        assert not expose_all(wanted).done().changed
        return sorted(requests)

    assert sent(several[:2]) == sent(several)
    # ServiceEntries are read only because nothing is behind the Service here.
    assert len([request for request in requests if "serviceentries" not in request]) <= 10


BeforeAndAfter = tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, Any]]


@pytest.fixture(params=["first", "change", "remove", "shared", "prune"])
def before_and_after(request: pytest.FixtureRequest, namespace: str) -> BeforeAndAfter:
    """A list that is there, the list to go over to, and further options."""
    here = exposures(namespace, "a", "b", "c")
    shared = {**PUBLIC, "shared": "front"}
    changed = exposures(namespace, "a", "b", port=81)
    scope = {"prune": {"namespaces": [namespace]}}
    of: dict[str, BeforeAndAfter] = {
        "first": ([], here, {}),
        "change": (here, changed, {}),
        "remove": (here, [{"name": "b", "state": "absent"}, here[2]], {}),
        "shared": (
            exposures(namespace, "a", "b", gateway=shared),
            exposures(namespace, "b", "c", gateway=shared),
            scope,
        ),
        "prune": (here, [*changed, *exposures(namespace, "d", gateway=shared)], scope),
    }
    return of[request.param]


def test_check_mode_predicts_exactly_what_a_run_does(
    expose_all: Run, before_and_after: BeforeAndAfter, istio: Cluster, namespace: str
) -> None:
    before, after, options = before_and_after
    expose_all(before).done()
    is_there = there(istio, namespace)
    predicted = expose_all(after, check=True, **options).done()
    assert there(istio, namespace) == is_there
    done = expose_all(after, **options).done()
    for part in ("changed", "exposures", "summary", "diff"):
        assert predicted.outcome.result[part] == done.outcome.result[part]
    assert not expose_all(after, **options).done().changed


def test_prune_removes_only_what_is_ours_and_within_its_scope(
    expose_all: Run, istio: Cluster, namespace: str, another_namespace: str
) -> None:
    expose_all(exposures(namespace, "a", "b", labels={"team": "shop"}) + exposures(namespace, "c")).done()
    expose_all(exposures(another_namespace, "far", namespace=another_namespace)).done()
    by_hand = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "by-hand", "namespace": namespace, "labels": {"team": "shop"}},
        "spec": {"hosts": ["by-hand.test"], "http": [{"route": [{"destination": {"host": "web"}}]}]},
    }
    istio.apply(by_hand)
    shop = exposures(namespace, "a", labels={"team": "shop"})
    result = expose_all(shop, prune={"namespaces": [namespace], "label_selectors": ["team=shop"]}).done()
    assert result.outcomes == {"a": "unchanged", "b": "changed"}
    assert result.actions == ["deleted VirtualService b", "deleted Gateway b"]
    assert there(istio, namespace) == {*both("a", "c"), "VirtualService by-hand"}
    expose_all([], prune={"namespaces": [namespace]}).done()
    assert there(istio, namespace) == {"VirtualService by-hand"}
    assert there(istio, another_namespace) == both("far")
    assert not expose_all([], prune={"namespaces": [namespace]}).done().changed


def test_prune_removes_what_an_interrupted_removal_has_left(expose_all: Run, istio: Cluster, namespace: str) -> None:
    expose_all(exposures(namespace, "a")).done()
    istio.kubectl("delete", "virtualservices.networking.istio.io", "a", "-n", namespace)
    assert expose_all([], prune={"namespaces": [namespace]}).done().actions == ["deleted Gateway a"]
    assert there(istio, namespace) == set()


@pytest.mark.parametrize(
    ("prune", "says"),
    [
        ({"namespaces": []}, "prune.namespaces: the list is empty"),
        ({"namespaces": ["Shop"]}, "prune.namespaces[0]: 'Shop' is not a valid name"),
        ({"namespaces": ["*"], "label_selectors": ["team in shop"]}, "prune.label_selectors: "),
    ],
)
def test_a_scope_that_is_none_is_refused(expose_all: Run, prune: dict[str, Any], says: str) -> None:
    result = expose_all([], prune=prune)
    assert result.failed
    assert says in result.message


@pytest.fixture
def mixed(namespace: str, istio: Cluster) -> list[dict[str, Any]]:
    """Two that are right; one of a namespace that is not there; one whose Gateway is somebody else's."""
    gateway = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "taken", "namespace": namespace},
        "spec": {
            "selector": {"istio": "internal"},
            "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["taken.test"]}],
        },
    }
    istio.apply(gateway)
    good = exposures(namespace, "a", "b")
    return [good[0], *exposures("nowhere", "lost", namespace="nowhere"), *exposures(namespace, "taken"), good[1]]


def test_nothing_is_written_if_something_is_wrong(
    expose_all: Run, mixed: list[dict[str, Any]], istio: Cluster, namespace: str
) -> None:
    result = expose_all(mixed)
    assert result.failed
    assert result.message.startswith("1 of 4 exposures failed; of the others 3 not tried. Nothing was changed. ")
    assert f"exposures[2] ({namespace}/taken): Gateway {namespace}/taken exists and is not managed by" in result.message
    assert result.outcomes == {"a": "not_tried", "lost": "not_tried", "taken": "failed", "b": "not_tried"}
    assert there(istio, namespace) == {"Gateway taken"}
    without = expose_all([mixed[0], mixed[1], mixed[3]])
    assert "exposures[1] (nowhere/lost): " in without.message
    assert "namespace" in without.message
    assert there(istio, namespace) == {"Gateway taken"}


def test_others_go_on_if_that_is_wanted(
    expose_all: Run, mixed: list[dict[str, Any]], istio: Cluster, namespace: str
) -> None:
    expose_all(exposures(namespace, "old")).done()
    options = {"on_error": "continue", "prune": {"namespaces": [namespace]}}
    result = expose_all(mixed, **options)
    assert result.failed
    assert result.changed
    assert result.outcomes == {"a": "changed", "lost": "failed", "taken": "failed", "b": "changed", "old": "not_tried"}
    assert result.message.startswith("2 of 5 exposures failed; of the others 2 done and changed, 1 not tried. ")
    assert "adopt" in result.exposures["taken"]["msg"]
    assert there(istio, namespace) == {*both("a", "b", "old"), "Gateway taken"}
    again = expose_all([mixed[0], mixed[3]], **options).done()
    assert again.outcomes == {"a": "unchanged", "b": "unchanged", "old": "changed"}


def test_what_the_webhook_refuses_is_known_before_the_first_write(
    expose_all: Run, istio: Cluster, namespace: str
) -> None:
    wrong = exposures(
        namespace,
        "w",
        service=None,
        port=None,
        routes=[{"match": [{"uri": {"regex": "("}}], "destinations": [{"service": "web"}]}],
    )
    result = expose_all(exposures(namespace, "a") + wrong)
    assert result.outcomes == {"a": "not_tried", "w": "failed"}
    assert "Istio refuses it" in result.message
    assert there(istio, namespace) == set()


def test_mistakes_in_the_options_are_told_together(expose_all: Run, namespace: str) -> None:
    good = exposures(namespace, "a")[0]
    given = [{**good, "hosts": ["A.test"]}, {**good, "color": 1}, good, good, {**good, "name": "d", "wait_timeout": 3}]
    message = expose_all(given).message
    for part in (
        "exposures[0].hosts[0]: 'A.test' has capital letters, and Istio and Envoy compare hosts as they are written;",
        "exposures[1]: istio_exposure has no option color; correct or remove it.",
        f"exposures[3]: the exposure {namespace}/a is already exposures[2]; remove one.",
        "exposures[4]: wait_timeout applies to the whole task; set it as an option of the task.",
    ):
        assert part in message


def test_defaults_are_put_together_key_by_key(expose_all: Run, istio: Cluster, namespace: str) -> None:
    given = exposures(namespace, "a", gateway={"http_port": 8080}) + exposures(
        namespace, "b", service=None, port=None, routes=[{"destinations": [{"service": "web", "port": 80}]}]
    )
    expose_all(given).done()
    live = istio.kubectl("get", "gateways.networking.istio.io", "a", "-n", namespace)
    assert live["spec"]["selector"] == PUBLIC["selector"]
    assert live["spec"]["servers"][0]["port"]["number"] == 8080


def test_a_host_in_two_exposures_of_the_list_is_found(expose_all: Run, istio: Cluster, namespace: str) -> None:
    tls = {"mode": "passthrough"}
    given = exposures(namespace, "a", tls=tls) + exposures(namespace, "b", hosts=[f"a.{namespace}.test"], tls=tls)
    result = expose_all(given)
    assert result.failed
    assert "host-served-twice" in result.message
    assert there(istio, namespace) == set()


def test_two_of_the_list_cannot_own_one_object(expose_all: Run, istio: Cluster, namespace: str) -> None:
    one_gateway = {**PUBLIC, "name": "front"}
    result = expose_all(exposures(namespace, "a", "b", gateway=one_gateway))
    assert result.outcomes == {"a": "not_tried", "b": "failed"}
    says = f"Gateway {namespace}/front belongs to exposures[0] ({namespace}/a), too; choose another name."
    assert result.exposures["b"]["msg"] == says
    tls = {"certificate": {"issuer": {"name": "ca"}}, "credential_name": "cert"}
    pods = {**PUBLIC, "pods_namespace": namespace}
    result = expose_all(exposures(namespace, "a", "b", gateway=pods, tls=tls), check=True)
    assert "Certificate" in result.exposures["b"]["msg"]
    assert "choose another tls.credential_name" in result.exposures["b"]["msg"]
    assert there(istio, namespace) == set()


def test_a_host_may_be_handed_over_within_the_list(expose_all: Run, namespace: str) -> None:
    tls = {"mode": "passthrough"}
    expose_all(exposures(namespace, "a", tls=tls) + exposures(namespace, "b", tls=tls)).done()
    swapped = exposures(namespace, "a", tls=tls, hosts=[f"b.{namespace}.test"])
    swapped += exposures(namespace, "b", tls=tls, hosts=[f"a.{namespace}.test"])
    result = expose_all(swapped).done()
    assert result.outcomes == {"a": "changed", "b": "changed"}
    assert not result.warnings


def test_one_replaces_another(expose_all: Run, namespace: str) -> None:
    tls = {"mode": "passthrough"}
    expose_all(exposures(namespace, "a", tls=tls)).done()
    scope = {"prune": {"namespaces": [namespace]}}
    result = expose_all(exposures(namespace, "b", tls=tls, hosts=[f"a.{namespace}.test"]), **scope).done()
    assert result.outcomes == {"b": "changed", "a": "changed"}
    assert not result.warnings


def test_many_share_a_gateway(expose_all: Run, istio: Cluster, namespace: str) -> None:
    names = [f"e{number:02}" for number in range(40)]
    shared = {**PUBLIC, "shared": "front"}
    first = expose_all(exposures(namespace, *names, gateway=shared)).done()
    assert [action for action in first.actions if "Gateway" in action] == ["created Gateway front"] + 39 * [
        "updated Gateway front"
    ]
    gateway = istio.kubectl("get", "gateways.networking.istio.io", "front", "-n", namespace)
    assert gateway["spec"]["servers"][0]["hosts"] == [f"{name}.{namespace}.test" for name in names]
    scope = {"prune": {"namespaces": [namespace]}}
    fewer = expose_all(exposures(namespace, *names[:20], gateway=shared), **scope).done()
    assert fewer.outcome.result["summary"]["exposures"]["changed"] == 20
    gateway = istio.kubectl("get", "gateways.networking.istio.io", "front", "-n", namespace)
    assert gateway["spec"]["servers"][0]["hosts"] == [f"{name}.{namespace}.test" for name in names[:20]]
    expose_all([], **scope).done()
    assert there(istio, namespace) == set()


def test_a_file_means_what_a_list_means(
    settings: dict[str, Any], tmp_path: Path, istio: Cluster, namespace: str
) -> None:
    wanted = exposures(namespace, "a", "b")
    options = {**settings, "prune": {"namespaces": [namespace]}}

    def run(text: str) -> Listed:
        file = tmp_path / "list"
        file.write_text(text, encoding="utf-8")
        return Listed(run_module(istio_exposures.main, {**options, "src": str(file)}))

    assert run(json.dumps(wanted)).done().outcomes == dict.fromkeys("ab", "changed")
    assert not run(yaml.safe_dump(wanted)).done().changed
    for text, says in {
        "": " is empty; write [] for a list without exposures",
        "[1]": "src[0]: it must be a dictionary with options of istio_exposure.",
        json.dumps(exposures(namespace, "c", hosts=[])): "src[0].hosts: the list is empty",
    }.items():
        refused = run(text)
        assert refused.failed
        assert says in refused.message
    assert there(istio, namespace) == both("a", "b")
    assert run("[]").done().outcomes == dict.fromkeys("ab", "changed")
    assert there(istio, namespace) == set()


def test_what_fails_in_the_cluster_is_said_of_the_file(
    settings: dict[str, Any], tmp_path: Path, namespace: str
) -> None:
    file = tmp_path / "list.json"
    file.write_text(json.dumps(exposures(namespace, "a", namespace="nowhere-to-be-found")), encoding="utf-8")
    refused = Listed(run_module(istio_exposures.main, {**settings, "src": str(file)}))
    assert "src[0] (nowhere-to-be-found/a)" in refused.message


def test_the_documented_examples_run(settings: dict[str, Any], tmp_path: Path) -> None:
    for task in yaml.safe_load(istio_exposures.EXAMPLES):
        options = task["gatehouse.istio.istio_exposures"]
        if "src" in options:
            file = tmp_path / options["src"]
            file.write_text(json.dumps(exposures("example", "a", namespace="shop", service="web")), encoding="utf-8")
            options = {**options, "src": str(file)}
        elif isinstance(options["exposures"], str):
            variables = task["vars"]
            options = {**options, "exposures": variables["shop_exposures"] + variables["blog_exposures"]}
        checked = Listed(
            run_module(istio_exposures.main, {**options, "kubeconfig": settings["kubeconfig"]}, check=True)
        )
        assert not checked.failed, checked.message
