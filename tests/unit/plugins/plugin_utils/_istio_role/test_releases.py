# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role istio: variables -> releases, their values and what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.gatehouse.istio.plugins.plugin_utils._istio_role.releases import (
    INTERNAL,
    istio_releases,
)
from ansible_collections.gatehouse.istio.plugins.plugin_utils._roles.helm_values import duration_seconds

NO_VALUES: dict[str, Any] = {"values": {}, "files": []}


def wanted(**changes: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "namespace": "istio-system",
        "revision": "",
        "hub": "",
        "tag": "",
        "timeout": "5m",
        "base": NO_VALUES,
        "istiod": NO_VALUES,
        "cni": {"enabled": False, "namespace": "istio-system", **NO_VALUES},
        "gateway": NO_VALUES,
        "gateways": [],
    }
    return by_name({**defaults, **changes})


def by_name(wanted: dict[str, Any]) -> dict[str, Any]:
    """{"base": {"values": {}}} -> {"istio_base_values": {}}, as the role's variables are named."""
    result: dict[str, Any] = {}
    for name, value in wanted.items():
        if name in ("base", "istiod", "cni", "gateway"):
            result |= {f"istio_{name}_{'values_files' if key == 'files' else key}": of for key, of in value.items()}
        else:
            result[f"istio_{name}"] = value
    return result


def desired(files: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return istio_releases(wanted(**changes), {path: yaml.safe_dump(content) for path, content in (files or {}).items()})


def gateway_values(files: dict[str, Any] | None = None, revision: str = "", **gateway: Any) -> Any:
    result = desired(files, gateways=[{"name": "public", **gateway}], revision=revision)
    return result["release_values"]["istio-ingress/public"]


def described(**gateway: Any) -> dict[str, Any]:
    return desired(gateways=[{"name": "public", **gateway}])["gateways"][0]


def names(result: dict[str, Any]) -> list[str]:
    return [f"{release['namespace']}/{release['name']}={release['chart']}" for release in result["releases"]]


def test_the_order_is_base_cni_istiod_gateways() -> None:
    result = desired(
        cni={"enabled": True, "namespace": "kube-system", **NO_VALUES},
        gateways=[{"name": "public"}, {"name": "internal", "namespace": "inside"}],
    )
    assert names(result) == [
        "istio-system/istio-base=base",
        "kube-system/istio-cni=cni",
        "istio-system/istiod=istiod",
        "istio-ingress/public=gateway",
        "inside/internal=gateway",
    ]
    assert result["problems"] == []


def test_without_wishes_only_the_namespace_is_set() -> None:
    assert desired()["release_values"] == {
        "istio-system/istio-base": {"global": {"istioNamespace": "istio-system"}},
        "istio-system/istiod": {"global": {"istioNamespace": "istio-system"}},
    }


def test_images_go_to_istiod_and_cni() -> None:
    cni = {"enabled": True, "namespace": "istio-system", **NO_VALUES}
    values = desired(hub="registry.example.com/istio", tag="1.31.0-distroless", cni=cni)["release_values"]
    images = {"hub": "registry.example.com/istio", "tag": "1.31.0-distroless"}
    assert values["istio-system/istiod"]["global"] == {"istioNamespace": "istio-system", **images}
    assert values["istio-system/istio-cni"] == {"global": images}
    assert values["istio-system/istio-base"] == {"global": {"istioNamespace": "istio-system"}}


def test_a_revision_names_istiod_and_reaches_every_chart() -> None:
    result = desired(revision="1-31", gateways=[{"name": "public"}])
    assert names(result)[1] == "istio-system/istiod-1-31=istiod"
    values = result["release_values"]
    assert values["istio-system/istio-base"]["defaultRevision"] == "1-31"
    assert values["istio-system/istiod-1-31"]["revision"] == "1-31"
    assert values["istio-ingress/public"]["revision"] == "1-31"


def test_values_merge_own_then_files_in_order_then_dictionary() -> None:
    files = {
        "one.yml": {"pilot": {"cpu": {"a": 1}, "env": {"A": "one", "B": "one", "C": "one"}}, "list": [1, 2]},
        "two.yml": {"pilot": {"env": {"B": "two", "C": "two"}}, "list": [3], "global": {"hub": "from-file"}},
        "empty.yml": None,
    }
    istiod = {"values": {"pilot": {"env": {"C": "dict"}}}, "files": ["one.yml", "empty.yml", "two.yml"]}
    values = desired(files, hub="own", tag="own", istiod=istiod)["release_values"]["istio-system/istiod"]
    assert values == {
        "global": {"istioNamespace": "istio-system", "hub": "from-file", "tag": "own"},
        "pilot": {"cpu": {"a": 1}, "env": {"A": "one", "B": "two", "C": "dict"}},
        "list": [3],
    }


def test_a_gateways_values_merge_in_the_same_order() -> None:
    files = {"gateway.yml": {"replicaCount": 3, "service": {"type": "NodePort"}}}
    values = gateway_values(files, replicas=2, values_files=["gateway.yml"], values={"replicaCount": 4})
    assert values == {"service": {"type": "NodePort"}, "autoscaling": {"enabled": False}, "replicaCount": 4}


def test_values_of_all_gateways_come_before_those_of_one() -> None:
    files = {
        "all.yml": {"imagePullPolicy": "Always", "tolerations": ["file"], "replicaCount": 1},
        "one.yml": {"replicaCount": 3, "labels": {"a": "one.yml"}},
    }
    common = {"values": {"imagePullPolicy": "IfNotPresent", "labels": {"a": "all", "b": "all"}}, "files": ["all.yml"]}
    gateways = [
        {"name": "public", "values_files": ["one.yml"], "values": {"labels": {"b": "one"}}},
        {"name": "internal"},
    ]
    values = desired(files, gateway=common, gateways=gateways)["release_values"]
    assert values["istio-ingress/public"] == {
        "service": {"type": "LoadBalancer"},
        "imagePullPolicy": "IfNotPresent",
        "tolerations": ["file"],
        "replicaCount": 3,
        "labels": {"a": "one.yml", "b": "one"},
    }
    assert values["istio-ingress/internal"] == {
        "service": {"type": "LoadBalancer"},
        "imagePullPolicy": "IfNotPresent",
        "tolerations": ["file"],
        "replicaCount": 1,
        "labels": {"a": "all", "b": "all"},
    }


@pytest.mark.parametrize(
    ("gateway", "values"),
    [
        pytest.param({}, {"service": {"type": "LoadBalancer"}}, id="default"),
        pytest.param({"type": "ClusterIP"}, {"service": {"type": "ClusterIP"}}, id="type"),
        pytest.param(
            {"labels": {"istio": "edge"}},
            {"service": {"type": "LoadBalancer"}, "labels": {"istio": "edge"}},
            id="labels",
        ),
        pytest.param(
            {"visibility": "internal"}, {"service": {"type": "LoadBalancer", "annotations": INTERNAL}}, id="internal"
        ),
        pytest.param(
            {"visibility": "internal", "type": "NodePort", "annotations": {"a": "b"}},
            {"service": {"type": "NodePort", "annotations": {"a": "b"}}},
            id="internal needs a load balancer",
        ),
        pytest.param(
            {
                "ports": [
                    {"name": "https", "port": 443, "target_port": 8443},
                    {"name": "dns", "port": "53", "protocol": "UDP", "node_port": 30053, "target_port": "dns"},
                ]
            },
            {
                "service": {
                    "type": "LoadBalancer",
                    "ports": [
                        {"name": "https", "port": 443, "protocol": "TCP", "targetPort": 8443},
                        {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": "dns", "nodePort": 30053},
                    ],
                }
            },
            id="ports",
        ),
    ],
)
def test_gateway_values(gateway: dict[str, Any], values: dict[str, Any]) -> None:
    assert gateway_values(**gateway) == values


def test_the_users_annotations_win_over_those_of_visibility() -> None:
    mine = {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing", "mine": "yes"}
    annotations = gateway_values(visibility="internal", annotations=mine)["service"]["annotations"]
    assert annotations == {**INTERNAL, **mine}


@pytest.mark.parametrize(
    ("gateway", "selector", "workload"),
    [
        ({}, {"app": "public", "istio": "public"}, "public"),
        ({"name": "istio-ingress"}, {"app": "istio-ingress", "istio": "ingress"}, "istio-ingress"),
        ({"labels": {"istio": "edge", "team": "a"}}, {"app": "public", "istio": "edge"}, "public"),
        ({"labels": {"app": "x"}, "values": {"labels": {"app": "y"}}}, {"app": "y", "istio": "public"}, "public"),
        ({"values": {"name": "other"}}, {"app": "other", "istio": "other"}, "other"),
    ],
)
def test_the_selector_is_the_charts(gateway: dict[str, Any], selector: dict[str, str], workload: str) -> None:
    result = described(**gateway)
    assert (result["selector"], result["workload"]) == (selector, workload)


def test_kind_and_type_come_from_the_merged_values() -> None:
    result = described(values={"kind": "DaemonSet", "service": {"type": "None"}})
    assert (result["kind"], result["type"]) == ("DaemonSet", "None")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"gateways": [{"name": "a"}, {"name": "a", "namespace": "other"}]},
            "istio_gateways names 'a' 2 times; give each gateway a name of its own.",
        ),
        (
            {"gateways": [{"name": "istiod", "namespace": "istio-system"}]},
            (
                "The gateway 'istiod' has the name of a Helm release of the control plane in namespace 'istio-system'; "
                "give the gateway another name or namespace."
            ),
        ),
        (
            {"gateways": [{"name": "a"}, {"name": "b", "labels": {"app": "a", "istio": "a"}}]},
            (
                "The selector app=a,istio=a of gateway 'a' also matches gateway 'b', which would serve the "
                "other's hosts, too; give them different labels 'istio' or 'app'."
            ),
        ),
        ({"timeout": "5 minutes"}, "istio_timeout must be a duration such as 5m or 90s, but it is '5 minutes'."),
    ],
)
def test_problems_are_sentences(changes: dict[str, Any], sentence: str) -> None:
    assert sentence in desired(**changes)["problems"]


def test_a_values_file_must_hold_a_mapping() -> None:
    problems = desired({"list.yml": [1]}, base={"values": {}, "files": ["list.yml"]})["problems"]
    assert problems == ["The values file list.yml must hold a YAML mapping of chart values, but it holds a list."]


def test_a_gateway_that_goes_away_may_share_a_selector() -> None:
    labels = {"istio": "edge", "app": "edge"}
    gateways = [{"name": "old", "labels": labels, "state": "absent"}, {"name": "new", "labels": labels}]
    assert desired(gateways=gateways)["problems"] == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5m", 300), ("5m0s", 300), ("1h30m", 5400), ("90s", 90), ("1.5m", 90), ("300ms", 0.3), ("5", None), ("", None)],
)
def test_durations_are_gos(text: str, seconds: float | None) -> None:
    assert duration_seconds(text) == (pytest.approx(seconds) if seconds is not None else None)
