# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What istio_exposure does to the objects of a real API server, with Istio's real validating webhook."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure
from cluster.testing import Cluster
from support.run_module import Outcome, run_module

Expose = Callable[..., Outcome]


@pytest.fixture
def expose(istio: Cluster, namespace: str) -> Expose:
    """Runs istio_exposure for the exposure `shop` of a namespace of its own; keywords change the smallest options."""

    def run(check: bool = False, **changes: Any) -> Outcome:
        options = {
            "name": "shop",
            "namespace": namespace,
            "hosts": [f"{namespace}.example.com"],
            "service": "web",
            "port": 80,
            "gateway": {"selector": {"istio": "public"}},
            "kubeconfig": str(istio.kubeconfig),
            **changes,
        }
        return run_module(istio_exposure.main, options, check)

    return run


@pytest.fixture
def live(istio: Cluster, namespace: str) -> Callable[[str], dict[str, Any]]:
    """Reads the object `shop` of a kind."""

    def read(kind: str, name: str = "shop", at: str = "") -> dict[str, Any]:
        found: dict[str, Any] = istio.kubectl("get", f"{kind}.networking.istio.io", name, "-n", at or namespace)
        return found

    return read


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


@pytest.mark.parametrize(
    ("connection", "sentence"),
    [
        ({"kubeconfig": "/does/not/exist"}, "There is no usable connection to a cluster"),
        ({"kubeconfig": None, "host": "https://127.0.0.1:1", "api_key": "x"}, "cannot be reached"),
    ],
    ids=["no kubeconfig", "nobody listens"],
)
def test_no_connection(expose: Expose, connection: dict[str, Any], sentence: str) -> None:
    outcome = expose(**connection)
    assert outcome.failed
    assert sentence in outcome.message
    assert "Traceback" not in outcome.text


@pytest.fixture
def api_server(istio: Cluster, tmp_path: Path) -> dict[str, Any]:
    """The connection of the cluster's kubeconfig without its credentials."""
    cluster = yaml.safe_load(istio.kubeconfig.read_text())["clusters"][0]["cluster"]
    authority = tmp_path / "ca.crt"
    authority.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    return {"kubeconfig": None, "host": cluster["server"], "ca_cert": str(authority)}


def test_wrong_credentials(expose: Expose, api_server: dict[str, Any]) -> None:
    outcome = expose(**api_server, api_key="no-such-token")
    assert "does not accept the credentials" in outcome.message
    assert "no-such-token" not in outcome.text


def test_rights_in_one_namespace_are_enough(
    expose: Expose, istio: Cluster, api_server: dict[str, Any], namespace: str
) -> None:
    """A team that may only touch its own namespace, with a service account's token, as in AWX."""
    rules = [{"apiGroups": ["networking.istio.io"], "resources": ["*"], "verbs": ["*"]}]
    rbac = "rbac.authorization.k8s.io"
    istio.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "team", "namespace": namespace}},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "Role",
            "metadata": {"name": "team", "namespace": namespace},
            "rules": rules,
        },
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "team", "namespace": namespace},
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "team"},
            "subjects": [{"kind": "ServiceAccount", "name": "team", "namespace": namespace}],
        },
    )
    token = istio.kubectl("create", "token", "team", "-n", namespace).strip()
    connection = {**api_server, "api_key": token}
    made = expose(**connection)
    assert made.changed
    assert "so not checked: Gateways of other namespaces (whether they conflict with the exposure);" in str(
        made.result["warnings"]
    )
    assert not expose(**connection).changed
    refused = expose(**connection, gateway={"selector": {"istio": "public"}, "namespace": "istio-ingress"})
    assert refused.failed
    assert "is forbidden" in refused.message
    assert token not in refused.text
    attached = expose(**connection, gateway={"existing": "istio-ingress/not-mine-to-read"})
    assert attached.actions == [f"updated VirtualService {namespace}/shop", f"deleted Gateway {namespace}/shop"]
    assert attached.result["urls"] == []
    assert any("These credentials may not read" in str(warning) for warning in attached.result["warnings"])
    assert expose(**connection, state="absent").changed


def test_a_kubeconfigs_secrets_are_not_printed(expose: Expose, istio: Cluster) -> None:
    kubeconfig = yaml.safe_load(istio.kubeconfig.read_text())
    user = kubeconfig["users"][0]["user"]
    assert user, "the kubeconfig has credentials to hide"
    outcome = expose(kubeconfig=copy.deepcopy(kubeconfig))
    assert outcome.changed
    for secret in user.values():
        assert secret not in outcome.text


def examples(ca: str) -> list[dict[str, Any]]:
    """The module's EXAMPLES, their variables and their file filled in."""
    text = istio_exposure.EXAMPLES
    for expression, value in {
        "istio_ingress_gateways.public.selector": {"istio": "public"},
        "istio_ingress_gateways.public.namespace": "istio-ingress",
        "lookup('ansible.builtin.file', 'partners-ca.pem')": ca,
    }.items():
        text = text.replace(f'"{{{{ {expression} }}}}"', json.dumps(value))
    found: list[dict[str, Any]] = yaml.safe_load(text)
    return found


@pytest.mark.usefixtures("cert_manager")
def test_the_documented_examples_run(istio: Cluster) -> None:
    for name in ("shop", "vault", "blog", "intranet"):
        istio.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}}
    istio.apply({**service, "spec": {"ports": [{"name": "http", "port": 8080}]}})
    istio.apply(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "Gateway",
            "metadata": {"name": "shared", "namespace": "istio-ingress"},
            "spec": {
                "selector": {"istio": "public"},
                "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*.example.com"]}],
            },
        }
    )
    try:
        ca = istio.layout.ca_certificate.read_text()
        tasks = [task["gatehouse.istio.istio_exposure"] for task in examples(ca)]
        assert len(tasks) == 16
        for options in tasks:
            # Their addresses, issuers and back ends are made up, so nothing would be served.
            with_connection = {**options, "wait": False, "kubeconfig": str(istio.kubeconfig)}
            assert run_module(istio_exposure.main, with_connection).changed, options
            assert not run_module(istio_exposure.main, with_connection).changed, options
    finally:
        # The examples of istio_exposures need these namespaces not to be on their way out.
        istio.kubectl("delete", "namespace", "shop", "vault", "blog", "intranet")
        istio.kubectl("delete", "gateways.networking.istio.io", "shared", "-n", "istio-ingress")
        made = (
            "certificates.cert-manager.io,secrets",
            "-n",
            "istio-ingress",
            "-l",
            "gatehouse.istio/exposure-namespace=shop",
        )
        istio.kubectl("delete", *made, "--wait=false")
