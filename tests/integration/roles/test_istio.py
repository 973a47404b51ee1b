# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role istio with real Helm, istiod and Envoy, on a cluster of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.gatehouse.istio.plugins.plugin_utils._variables.specs import variables_of
from cluster import tools
from cluster.layout import REPOSITORY, cache_directory
from cluster.playbooks import PlaybookResult
from cluster.testing import Cluster, eventually

sys.path.insert(0, str(Path(__file__).parent))
from support.chart_servers import chart_repository, oci_registry

PLAY = """
- name: Install Istio
  hosts: localhost
  gather_facts: false
  {keywords}
  roles:
    - gatehouse.istio.istio
"""
ROLE = PLAY.format(keywords="")
DEMO = REPOSITORY / "playbooks" / "demo.yml"
PUBLIC = {"name": "public"}
INTERNAL = {"name": "internal", "visibility": "internal"}
TWO: dict[str, Any] = {"istio_gateways": [PUBLIC, INTERNAL]}
MARKER = "a-value-that-may-be-a-secret"
# istiod has set failurePolicy to Fail by then: Helm 4 without force_conflicts refuses to set it again.
CONFLICT: dict[str, Any] = {"base": {"validationFailurePolicy": "Ignore"}}
UPGRADE: dict[str, Any] = {
    "istio_base_values": CONFLICT,
    "istio_istiod_values": {**CONFLICT, "meshConfig": {"defaultConfig": {"proxyMetadata": {"TOKEN": MARKER}}}},
}


@pytest.fixture(scope="module")
def own(new_cluster: Callable[[], Cluster]) -> Cluster:
    return new_cluster()


@pytest.fixture
def empty(own: Cluster) -> Cluster:
    """The cluster without any Helm release."""
    for line in own.helm("list", "--all-namespaces").splitlines()[1:]:
        name, namespace, *_rest = line.split()
        own.helm("uninstall", name, "--namespace", namespace, "--wait")
    return own


@pytest.fixture(scope="module")
def packages(own: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Istio's charts in two versions, packaged."""
    directory = tmp_path_factory.mktemp("charts")
    for chart in (cache_directory() / "tools" / "charts").glob("*/Chart.yaml"):
        for version in ("1.31.0", "1.31.1"):
            own.helm(
                "package", str(chart.parent), f"--version={version}", f"--app-version={version}", f"-d={directory}"
            )
    own.helm("repo", "index", str(directory))
    return directory


def releases(cluster: Cluster) -> dict[str, str]:
    """Installed charts by release."""
    rows = [line.split("\t") for line in cluster.helm("list", "--all-namespaces").splitlines()[1:]]
    return {f"{row[1].strip()}/{row[0].strip()}": row[5].strip() for row in rows}


def gateways(result: PlaybookResult) -> Any:
    task = result.task("Describe the ingress gateways for the tasks that follow")
    return task.result["ansible_facts"]["istio_ingress_gateways"]


def webhooks_are_right(cluster: Cluster) -> None:
    """As istiod makes them: they trust its certificate and fail closed."""
    for kind in ("validatingwebhookconfigurations", "mutatingwebhookconfigurations"):
        configurations = cluster.kubectl("get", kind)["items"]
        assert configurations
        for configuration in configurations:
            for webhook in configuration["webhooks"]:
                assert webhook["clientConfig"].get("caBundle"), webhook["name"]
                assert webhook["failurePolicy"] == "Fail", webhook["name"]


def is_served(cluster: Cluster, url: str) -> None:
    assert cluster.request(url, ca_file=str(cluster.dir / "demo-ca.crt")).status == 200


def helm3() -> str:
    return str(tools.located(cache_directory()).helm3)


def test_check_mode_on_a_cluster_that_never_saw_istio(own: Cluster) -> None:
    before = own.kubectl("get", "namespaces,customresourcedefinitions")["items"]
    result = own.playbook(ROLE, TWO, check=True, diff=True)
    assert result.changed == 2  # the namespaces and the releases
    fact = gateways(result)
    assert {name: (gateway["selector"], gateway["addresses"]) for name, gateway in fact.items()} == {
        "public": ({"app": "public", "istio": "public"}, []),
        "internal": ({"app": "internal", "istio": "internal"}, []),
    }
    assert [port["port"] for port in fact["public"]["ports"]] == [15021, 80, 443]
    after = own.kubectl("get", "namespaces,customresourcedefinitions")["items"]
    assert [item["metadata"]["name"] for item in after] == [item["metadata"]["name"] for item in before]
    assert releases(own) == {}


@pytest.mark.parametrize("role", ["istio", "cert_manager"])
def test_questions_of_a_survey_without_an_answer(own: Cluster, role: str) -> None:
    """From ansible-core 2.19 on, !unsafe '' is loaded as null, in older ones as empty text."""
    variables = "".join(f"    {name}: !unsafe ''\n" for name in variables_of(role))
    text = f"- hosts: localhost\n  gather_facts: false\n  roles: [gatehouse.istio.{role}]\n  vars:\n{variables}"
    assert own.playbook(text, check=True).changed == 2  # the namespaces and the releases


def test_answers_of_a_survey_mean_the_same_as_data(own: Cluster) -> None:
    answers = {
        "istio_gateways": yaml.safe_dump([{**PUBLIC, "replicas": "2"}, INTERNAL]),
        "istio_istiod_values": "pilot: {autoscaleEnabled: false}",
        "istio_cni_enabled": "no",
        "istio_address_timeout": "0",
        "istio_state": "present",
        "istio_site_name": "ours",
    }
    result = own.playbook(ROLE, answers, check=True)
    assert sorted(gateways(result)) == ["internal", "public"]
    assert "istio_site_name: istio has no such variable (silence this with istio_other_variables)." in result.output


def with_token(cluster: Cluster, token: str, path: Path) -> str:
    """The path of a kubeconfig for this token."""
    content = yaml.safe_load(cluster.kubeconfig.read_text())
    content["users"][0]["user"] = {"token": token}
    path.write_text(yaml.safe_dump(content))
    return str(path)


@pytest.mark.parametrize("role", ["istio", "cert_manager"])
def test_credentials_that_do_not_suffice(own: Cluster, role: str, tmp_path: Path) -> None:
    own.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "poor", "namespace": "default"}})
    play = ROLE.replace("gatehouse.istio.istio", f"gatehouse.istio.{role}")
    token = own.kubectl("create", "token", "poor", "-n", "default").strip()
    poor = own.playbook(play, {"istio_kubeconfig": with_token(own, token, tmp_path / "poor")}, may_fail=True)
    assert poor.message.startswith(f"The credentials lack rights that role {role} needs: namespaces is forbidden: User")
    assert 'cannot list resource "namespaces"' in poor.message
    wrong = own.playbook(play, {"istio_kubeconfig": with_token(own, "wrong", tmp_path / "wrong")}, may_fail=True)
    assert wrong.message.startswith("The cluster does not accept the credentials (401 Unauthorized)")
    for result in (poor, wrong):
        assert "istio_kubeconfig" in result.message
        assert "Traceback" not in result.output
        assert "traceback" not in result.output
        assert "HTTP" not in result.output


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"istio_helm_binary": "/nowhere/helm"}, 'Helm cannot be run on localhost: "/nowhere/helm version" failed'),
        (
            {"istio__kubernetes_core_version": "6.4.0"},
            "needs the collection kubernetes.core 6.5.0 or newer, but Ansible finds 6.4",
        ),
        ({"istio_gateways": [PUBLIC, PUBLIC]}, "istio_gateways names 'public' 2 times"),
        (
            {"istio_gateways": [{"name": "a", "visibility": "secret"}]},
            "istio_gateways[0].visibility: 'secret' is not one of public, internal",
        ),
        ({"istio_gateway": [PUBLIC]}, "istio_gateway: there is no such variable; did you mean istio_gateways?"),
        ({"istio_gateways": "public"}, "istio_gateways: 'public' is not a list"),
        ({"istio_version": 1.3}, "istio_version: 1.3 is a number, and YAML does not keep how it was written"),
        (
            {"istio_base_values_files": ["nowhere.yml"]},
            "The values file nowhere.yml of istio_base_values_files does not exist",
        ),
        (
            {"istio_chart_source": "/nowhere"},
            "The directory /nowhere (istio_chart_source) on localhost lacks the charts base and istiod",
        ),
        ({"istio_gateways": [{"name": "a", "namespace": "meshless"}]}, "has the label istio-injection=disabled"),
    ],
)
def test_mistakes_are_refused_before_the_first_write(own: Cluster, variables: dict[str, Any], message: str) -> None:
    labels = {"istio-injection": "disabled"}
    own.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "meshless", "labels": labels}})
    result = own.playbook(ROLE, variables, may_fail=True)
    assert result.failed == 1
    assert message in result.message
    assert "Traceback" not in result.output
    assert result.changed == 0


def test_the_demo_upgraded_and_removed_with_helm_4(empty: Cluster) -> None:
    """Install (the demo does), re-run, upgrade, remove."""
    first = empty.playbook(DEMO)
    assert first.task("Install or upgrade each Helm release in order").changed
    for name, gateway in gateways(first).items():
        assert gateway["addresses"] == [empty.gateway_address(name)]
    answers = first.task("Request each host until it is served").result["results"]
    assert [json.loads(answer["stdout"])["status"] for answer in answers] == [200, 301, 200, None]
    eventually(lambda: webhooks_are_right(empty))

    second = empty.playbook(DEMO)
    assert second.changed == 0
    assert any("Nothing changed" in line for line in second.task("Show what is served").result["msg"])

    upgraded = empty.playbook(ROLE, {**TWO, **UPGRADE}, diff=True)
    assert upgraded.changed == 1
    assert MARKER not in upgraded.output
    assert MARKER in empty.helm("get", "values", "istiod", "--namespace=istio-system")
    eventually(lambda: webhooks_are_right(empty))
    eventually(lambda: is_served(empty, "https://shop.example.com/"))

    absent = {"istio_state": "absent"}
    refused = empty.playbook(ROLE, {"istio_gateways": [PUBLIC], **absent}, may_fail=True)
    assert refused.message.startswith(
        "Istio is not removed, because istio_gateways does not list gateways that need it"
    )
    assert "istio-ingress/internal" in refused.message
    assert len(releases(empty)) == 5
    assert empty.playbook(ROLE, {**TWO, **absent}).changed == 1
    assert list(releases(empty)) == ["cert-manager/cert-manager"]  # the demo's
    again = empty.playbook(ROLE, {**TWO, **absent})
    assert again.changed == 0
    assert again.task("List what is left").result["ansible_facts"]["istio_left"] == {
        "api_groups": [f"{name}.istio.io" for name in ("extensions", "networking", "security", "telemetry")],
        "config_maps": ["istio-ca-crl", "istio-ca-root-cert"],
        "namespaces": ["istio-ingress", "istio-system"],
        "secrets": ["istio-ca-secret"],
    }


@pytest.fixture
def sources(packages: Path) -> Iterator[dict[str, str]]:
    with chart_repository(packages) as repository, oci_registry(packages) as registry:
        yield {"repository": repository, "registry": registry}


def test_helm_3_from_a_repository_and_helm_4_from_a_registry(empty: Cluster, sources: dict[str, str]) -> None:
    """Install, re-run and upgrade with Helm 3; Helm 4 takes over; Helm 3 still can upgrade what Helm 4 wrote."""
    one = {"istio_gateways": [PUBLIC]}
    with_helm_3 = {**one, "istio_helm_binary": helm3(), "istio_chart_source": sources["repository"]}
    with_helm_4 = {**one, "istio_chart_source": sources["registry"], "istio_version": "1.31.1"}

    empty.playbook(ROLE, with_helm_3)
    assert set(releases(empty).values()) == {f"{name}-1.31.0" for name in ("base", "istiod", "gateway")}
    eventually(lambda: webhooks_are_right(empty))
    assert empty.playbook(ROLE, with_helm_3).changed == 0

    newer = {**with_helm_3, "istio_version": "1.31.1"}
    assert empty.playbook(ROLE, newer).changed == 1
    assert set(releases(empty).values()) == {f"{name}-1.31.1" for name in ("base", "istiod", "gateway")}
    eventually(lambda: webhooks_are_right(empty))

    plain_http = PLAY.format(keywords="module_defaults: {kubernetes.core.helm: {plain_http: true}}")
    taken_over = empty.playbook(plain_http, {**with_helm_4, **UPGRADE})
    done = taken_over.task("Install or upgrade each Helm release in order").result["results"]
    assert [release["changed"] for release in done] == [True, True, False]  # base, istiod, and the gateway as it was
    eventually(lambda: webhooks_are_right(empty))

    assert empty.playbook(ROLE, newer).changed == 1
    eventually(lambda: webhooks_are_right(empty))


def images(workload: dict[str, Any]) -> set[str]:
    return {container["image"] for container in workload["spec"]["template"]["spec"]["containers"]}


def test_gateways_of_every_kind_with_a_sites_own_images_and_cni(own: Cluster, tmp_path: Path) -> None:
    values = tmp_path / "gateway.yml"
    values.write_text("---\nkind: DaemonSet\nlabels: {from: file}\n")
    edge = {
        "name": "edge",
        "namespace": "edge",
        "type": "NodePort",
        "ports": [{"name": "https", "port": 443, "target_port": 8443, "node_port": 30443}],
        "labels": {"istio": "edge-of-the-world", "team": "a"},
        "annotations": {"mine": "yes"},
        "values_files": [str(values)],
        "values": {"labels": {"from": "dictionary"}},
    }
    inner = {"name": "inner", "type": "ClusterIP", "replicas": 2}
    site = {"istio_hub": "registry.example.com/istio", "istio_tag": "1.31.0-site", "istio_cni_enabled": True}
    fact = gateways(own.playbook(ROLE, {**site, "istio_gateways": [INTERNAL, edge, inner]}))

    cni = own.kubectl("get", "daemonset", "istio-cni-node", "-n", "istio-system")
    assert images(cni) == {"registry.example.com/istio/install-cni:1.31.0-site"}
    istiod = own.kubectl("get", "deployment", "istiod", "-n", "istio-system")
    assert images(istiod) == {"registry.example.com/istio/pilot:1.31.0-site"}
    (proxy,) = own.kubectl("get", "pods", "-n", "istio-ingress", "-l", "istio=internal")["items"]
    assert proxy["spec"]["containers"][0]["image"] == "registry.example.com/istio/proxyv2:1.31.0-site"

    workload = own.kubectl("get", "daemonset", "edge", "-n", "edge")
    assert workload["metadata"]["labels"].items() >= {"team": "a", "from": "dictionary"}.items()
    service = own.kubectl("get", "service", "edge", "-n", "edge")
    assert service["metadata"]["annotations"]["mine"] == "yes"
    nodes = own.kubectl("get", "nodes")["items"]
    assert fact["edge"] == {
        "name": "edge",
        "namespace": "edge",
        "visibility": "public",
        "selector": {"app": "edge", "istio": "edge-of-the-world"},
        "service": "edge",
        "type": "NodePort",
        "addresses": [node["status"]["addresses"][0]["address"] for node in nodes],
        "ports": [{"name": "https", "port": 443, "target_port": 8443, "node_port": 30443, "protocol": "TCP"}],
    }
    assert fact["inner"]["addresses"] == [
        own.kubectl("get", "service", "inner", "-n", "istio-ingress")["spec"]["clusterIP"]
    ]
    assert own.kubectl("get", "deployment", "inner", "-n", "istio-ingress")["spec"]["replicas"] == 2
    annotations = own.kubectl("get", "service", "internal", "-n", "istio-ingress")["metadata"]["annotations"]
    assert annotations["service.beta.kubernetes.io/azure-load-balancer-internal"] == "true"

    gone = {"name": "inner", "state": "absent"}
    renamed = {**edge, "labels": {"istio": "another"}}
    refused = own.playbook(ROLE, {**site, "istio_gateways": [renamed, gone]}, may_fail=True)
    assert "The labels of gateway 'edge' cannot change" in refused.message
    removed = own.playbook(ROLE, {**site, "istio_gateways": [edge, gone]})
    assert removed.changed == 1
    assert set(gateways(removed)) == {"edge"}
    assert {"edge/edge", "istio-ingress/internal"} <= set(releases(own))
    assert "istio-ingress/inner" not in releases(own)


def test_what_istioctl_has_installed_is_refused_or_taken_over(empty: Cluster) -> None:
    crds = [item["metadata"]["name"] for item in empty.kubectl("get", "customresourcedefinitions")["items"]]
    theirs = [name for name in crds if name.endswith(".istio.io")]  # they stay after a removal, with annotations
    empty.kubectl("delete", "--ignore-not-found", "customresourcedefinitions", "none.istio.io", *theirs)
    empty.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "istio-system"}})
    for chart in ("base", "istiod"):  # istioctl's manifests come from them, too
        arguments = ["--namespace=istio-system", f"--values={empty.layout.values / chart}.yml"]
        text = empty.helm("template", "istio", str(cache_directory() / "tools" / "charts" / chart), *arguments)
        empty.apply(*filter(None, yaml.safe_load_all(text)))
    for check in (True, False):
        result = empty.playbook(ROLE, {"istio_gateways": [PUBLIC]}, check=check, may_fail=True)
        assert result.message.startswith(
            "Istio was installed here without Helm (by istioctl or kubectl): CustomResourceDefinition "
            "gateways.networking.istio.io, Deployment istio-system/istiod, "
        )
        assert (result.changed, releases(empty)) == (0, {})
    assert empty.playbook(ROLE, {"istio_gateways": [PUBLIC], "istio_adopt": True}).changed > 0
    assert len(releases(empty)) == 3
    eventually(lambda: webhooks_are_right(empty))
    assert empty.playbook(ROLE, {"istio_gateways": [PUBLIC]}).changed == 0


def test_a_gateway_that_does_not_come_up_is_named(own: Cluster) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": "full"}}
    own.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "full"}})
    own.apply({**quota, "spec": {"hard": {"pods": "0"}}})
    late = {"name": "late", "namespace": "full"}
    result = own.playbook(ROLE, {"istio_gateways": [late], "istio_timeout": "6s"}, may_fail=True)
    assert "The gateway 'late' is not ready: the Deployment full/late is not rolled out" in result.message
    assert "exceeded quota" in result.message

    # Without pods nothing gives the Service an address here; a real cluster without a load balancer is the same.
    without_pods = {**late, "replicas": 0}
    result = own.playbook(ROLE, {"istio_gateways": [without_pods], "istio_address_timeout": 3}, may_fail=True)
    assert (
        "The gateway 'late' has no address: nothing gave one to the LoadBalancer Service full/late." in result.message
    )
    assert "MetalLB" in result.message
    result = own.playbook(ROLE, {"istio_gateways": [without_pods], "istio_address_timeout": 0})
    assert gateways(result)["late"]["addresses"] == []


def test_the_connection_comes_from_where_kubernetes_core_takes_it(own: Cluster) -> None:
    without = {"istio_kubeconfig": ""}
    defaults = {f"group/kubernetes.core.{group}": {"kubeconfig": str(own.kubeconfig)} for group in ("k8s", "helm")}
    plays = [
        f"environment: {json.dumps({'K8S_AUTH_KUBECONFIG': str(own.kubeconfig)})}",
        f"module_defaults: {json.dumps(defaults)}",
    ]
    result = own.playbook("".join(PLAY.format(keywords=keywords) for keywords in plays), without, check=True)
    described = [task for task in result.tasks if task.name.endswith("Read the cluster's namespaces")]
    assert len(described) == 2
    assert all(len(task.result["resources"]) >= 4 for task in described)
    assert "cannot be read" in own.playbook(ROLE, without, check=True, may_fail=True).message
