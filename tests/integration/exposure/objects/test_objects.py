# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What istio_exposure does to the objects of a real API server, with Istio's real validating webhook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cluster.testing import Cluster
from support.run_module import Outcome

Expose = Callable[..., Outcome]


TLS = {"credential_name": "cert", "redirect": True, "min_protocol_version": "TLSV1_3"}


def test_both_objects_are_created_and_returned(expose: Expose, live: Callable[..., Any], namespace: str) -> None:
    outcome = expose()
    assert outcome.actions == [f"created Gateway {namespace}/shop", f"created VirtualService {namespace}/shop"]
    assert outcome.result["urls"] == [f"http://{namespace}.example.com/"]
    for entry in outcome.result["objects"]:
        there = live(entry["kind"])
        there["metadata"].pop("managedFields", None)
        assert entry["definition"] == there


def test_a_second_run_writes_nothing(expose: Expose, live: Callable[..., Any]) -> None:
    expose()
    before = [live(kind)["metadata"]["resourceVersion"] for kind in ("Gateway", "VirtualService")]
    again = expose()
    assert not again.changed
    assert {entry["action"] for entry in again.result["objects"]} == {"unchanged"}
    assert [live(kind)["metadata"]["resourceVersion"] for kind in ("Gateway", "VirtualService")] == before


CHANGES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "host": {"hosts": ["other.example.com"]},
    "tls": {"tls": TLS},
    "routes": {
        "service": None,
        "port": None,
        "routes": [
            {"match": [{"uri": {"prefix": "/api"}}], "destinations": [{"service": "api", "port": 80}]},
            {"destinations": [{"service": "a", "weight": 1}, {"service": "b", "weight": 2}]},
        ],
    },
    "labels": {"labels": {"team": "shop"}, "annotations": {"note": "x"}},
    "gateway's name": {"gateway": {"selector": {"istio": "public"}, "name": "other"}},
    "selector": {"gateway": {"selector": {"app": "internal"}}},
    "removal": {"state": "absent"},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_check_mode_predicts_exactly_what_a_run_does(
    expose: Expose, istio: Cluster, namespace: str, change: dict[str, Any]
) -> None:
    def versions() -> set[str]:
        kinds = "gateways.networking.istio.io,virtualservices.networking.istio.io"
        items = istio.kubectl("get", kinds, "-n", namespace)["items"]
        return {f"{item['kind']} {item['metadata']['name']} {item['metadata']['resourceVersion']}" for item in items}

    expose()
    before = versions()
    predicted = expose(check=True, **change)
    assert versions() == before
    done = expose(**change)
    assert (predicted.changed, predicted.actions, predicted.diff) == (done.changed, done.actions, done.diff)
    assert [o["definition"]["spec"] for o in predicted.result["objects"]] == [
        o["definition"]["spec"] for o in done.result["objects"]
    ]
    assert not expose(**change).changed


def test_what_the_task_no_longer_names_is_removed(expose: Expose, live: Callable[..., Any]) -> None:
    first = expose(tls=TLS, labels={"team": "shop"}, annotations={"note": "x"})
    assert not first.failed, first.message
    outcome = expose(tls={"credential_name": "cert"})
    gateway = live("Gateway")
    assert "team" not in gateway["metadata"]["labels"]
    assert "note" not in gateway["metadata"].get("annotations", {})
    (server,) = gateway["spec"]["servers"]
    assert server["tls"] == {"mode": "SIMPLE", "credentialName": "cert"}
    assert "-     team: shop" in outcome.diff
    assert "+     team: shop" not in outcome.diff


def test_objects_are_changed_in_place(expose: Expose, live: Callable[..., Any]) -> None:
    expose()
    before = {kind: live(kind)["metadata"] for kind in ("Gateway", "VirtualService")}
    assert expose(hosts=["other.example.com"]).changed
    for kind, metadata in before.items():
        assert live(kind)["metadata"]["uid"] == metadata["uid"]
        assert live(kind)["metadata"]["creationTimestamp"] == metadata["creationTimestamp"]


def test_what_others_have_added_stays(expose: Expose, istio: Cluster, live: Callable[..., Any], namespace: str) -> None:
    expose()
    istio.kubectl("label", "virtualservices.networking.istio.io", "shop", "-n", namespace, "argocd=yes")
    patch = '{"spec": {"exportTo": ["*"]}}'
    istio.kubectl("patch", "virtualservices.networking.istio.io", "shop", "-n", namespace, "--type=merge", "-p", patch)
    assert not expose().changed
    assert expose(service="other").changed
    virtual_service = live("VirtualService")
    assert virtual_service["metadata"]["labels"]["argocd"] == "yes"
    assert virtual_service["spec"]["exportTo"] == ["*"]
    assert virtual_service["spec"]["http"][0]["route"][0]["destination"]["host"].startswith("other.")


def test_a_change_by_hand_is_put_back(expose: Expose, istio: Cluster, live: Callable[..., Any], namespace: str) -> None:
    expose()
    patch = '{"spec": {"hosts": ["by-hand.example.com"]}}'
    istio.kubectl("patch", "virtualservices.networking.istio.io", "shop", "-n", namespace, "--type=merge", "-p", patch)
    outcome = expose()
    assert outcome.actions == [f"unchanged Gateway {namespace}/shop", f"updated VirtualService {namespace}/shop"]
    assert "-   - by-hand.example.com" in outcome.diff
    assert live("VirtualService")["spec"]["hosts"] == [f"{namespace}.example.com"]
    assert not expose().changed


def test_a_hand_made_object_is_an_error_until_it_is_adopted(
    expose: Expose, istio: Cluster, live: Callable[..., Any], namespace: str
) -> None:
    hand_made = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "shop", "namespace": namespace, "labels": {"team": "shop"}},
        "spec": {"hosts": ["old.example.com"], "http": [{"route": [{"destination": {"host": "old"}}]}]},
    }
    istio.apply(hand_made)
    refused = expose()
    assert refused.failed
    assert refused.message.startswith(f"VirtualService {namespace}/shop exists and is not managed by this collection;")
    assert istio.kubectl("get", "gateways.networking.istio.io", "-n", namespace)["items"] == []
    absent = expose(state="absent")
    assert not absent.changed
    assert any("it is left as it is" in str(warning) for warning in absent.result["warnings"])

    adopted = expose(adopt=True)
    assert adopted.actions == [f"created Gateway {namespace}/shop", f"updated VirtualService {namespace}/shop"]
    virtual_service = live("VirtualService")
    assert virtual_service["spec"]["hosts"] == [f"{namespace}.example.com"]
    assert virtual_service["metadata"]["labels"]["team"] == "shop"
    assert not expose().changed


def test_a_move_to_another_gateway_object_leaves_nothing_behind(expose: Expose, namespace: str) -> None:
    expose()
    elsewhere = {"selector": {"istio": "internal"}, "name": f"{namespace}-moved", "namespace": "istio-ingress"}
    moved = expose(gateway=elsewhere)
    assert moved.actions == [
        f"created Gateway istio-ingress/{namespace}-moved",
        f"updated VirtualService {namespace}/shop",
        f"deleted Gateway {namespace}/shop",
    ]
    assert not expose(gateway=elsewhere).changed
    removed = expose(state="absent")
    assert removed.actions == [
        f"deleted VirtualService {namespace}/shop",
        f"deleted Gateway istio-ingress/{namespace}-moved",
    ]
    assert not expose(state="absent").changed


def test_two_exposures_do_not_take_each_others_gateway(expose: Expose, namespace: str) -> None:
    expose()
    other = expose(name="blog", gateway={"selector": {"istio": "public"}, "name": "shop"}, adopt=True)
    assert other.message == (
        f"Gateway {namespace}/shop belongs to the exposure {namespace}/shop; choose another name, or attach to it with "
        "gateway.existing."
    )
    attached = expose(name="blog", gateway={"existing": "shop"})
    assert attached.actions == [f"created VirtualService {namespace}/blog"]
    assert attached.result["urls"] == [f"http://{namespace}.example.com/"]


def test_a_copy_is_left_as_it_is(expose: Expose, istio: Cluster, live: Callable[..., Any], namespace: str) -> None:
    """As with `kubectl get -o yaml`, an edit of the name, and `kubectl apply`: it has our labels, too."""
    expose()
    original = live("Gateway")
    metadata = {"name": "copy", "namespace": namespace, "labels": original["metadata"]["labels"]}
    istio.apply(
        {"apiVersion": original["apiVersion"], "kind": "Gateway", "metadata": metadata, "spec": original["spec"]}
    )
    again = expose(checks={"port-taken": "ignore"})
    assert not again.changed
    assert f"Gateway {namespace}/copy has the labels of exposure {namespace}/shop, but was never written" in str(
        again.result["warnings"]
    )
    removed = expose(state="absent")
    assert removed.actions == [f"deleted VirtualService {namespace}/shop", f"deleted Gateway {namespace}/shop"]
    assert live("Gateway", "copy")["spec"] == original["spec"]


def test_an_existing_gateway_must_exist(expose: Expose, namespace: str) -> None:
    outcome = expose(gateway={"existing": "infra/none"})
    assert outcome.message.startswith("gateway.existing: Gateway infra/none does not exist;")
    # An earlier task of the same playbook may make it, which in check mode it does not.
    predicted = expose(check=True, gateway={"existing": "infra/none"})
    assert predicted.actions == [f"created VirtualService {namespace}/shop"]
    assert any("Gateway infra/none does not exist" in str(warning) for warning in predicted.result["warnings"])


def test_an_exposure_does_not_attach_to_the_gateway_that_it_would_remove(
    expose: Expose, live: Callable[..., Any], namespace: str
) -> None:
    expose()
    outcome = expose(gateway={"existing": "shop"})
    assert outcome.message.startswith(f"gateway.existing: Gateway {namespace}/shop is this exposure's own Gateway;")
    assert live("Gateway")


def test_istios_refusal_is_one_sentence_and_nothing_is_written(expose: Expose, istio: Cluster, namespace: str) -> None:
    route = {"match": [{"uri": {"regex": "["}}], "destinations": [{"service": "web"}]}
    for check in (True, False):
        outcome = expose(check=check, service=None, port=None, routes=[route])
        assert outcome.failed
        assert outcome.message.startswith(f"VirtualService {namespace}/shop: Istio refuses it: ")
        assert outcome.message.endswith("Nothing was changed.")
        assert "\n" not in outcome.message
        assert "Traceback" not in outcome.text
    assert istio.kubectl("get", "gateways.networking.istio.io", "-n", namespace)["items"] == []


def test_a_missing_namespace(expose: Expose) -> None:
    assert expose(check=True, namespace="not-yet").actions == [
        "created Gateway not-yet/shop",
        "created VirtualService not-yet/shop",
    ]
    outcome = expose(namespace="not-yet")
    assert (
        outcome.message == 'Gateway not-yet/shop: namespace "not-yet" not found; create it first. Nothing was changed.'
    )
    assert not expose(namespace="not-yet", state="absent").changed


def test_a_mistake_in_the_options_does_not_reach_the_cluster(expose: Expose) -> None:
    outcome = expose(hosts=["https://shop.example.com"], kubeconfig="/does/not/exist")
    assert outcome.message.startswith("hosts[0]: 'https://shop.example.com' is a URL;")
