# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading back with few rights and few requests, and as playbooks do it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes import client
from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure_info
from cluster.testing import Cluster, eventually
from support.info import PUBLIC, Run, named
from support.run_module import Outcome, run_module


def test_what_may_not_be_read_is_null_and_said_once(
    istio: Cluster, info: Run, expose: Run, namespace: str, tmp_path: Path, secret: str
) -> None:
    """A team that may only read Istio's objects of its own namespace."""
    expose("own", tls={"credential_name": secret})
    rbac = "rbac.authorization.k8s.io"
    where = {"name": "team", "namespace": namespace}
    rules = [{"apiGroups": ["networking.istio.io"], "resources": ["*"], "verbs": ["get", "list"]}]
    subject = {"kind": "ServiceAccount", **where}
    reference = {"apiGroup": rbac, "kind": "Role", "name": "team"}
    istio.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": where},
        {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": where, "rules": rules},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": where,
            "roleRef": reference,
            "subjects": [subject],
        },
    )
    server = yaml.safe_load(istio.kubeconfig.read_text())["clusters"][0]["cluster"]
    authority = tmp_path / "ca.crt"
    authority.write_bytes(base64.b64decode(server["certificate-authority-data"]))
    token = istio.kubectl("create", "token", "team", "-n", namespace).strip()
    connection = {"kubeconfig": None, "host": server["server"], "ca_cert": str(authority), "api_key": token}

    def read() -> Outcome:
        return info(**connection, label_selectors=[])

    outcome = eventually(read)
    (warning,) = outcome.result["warnings"]
    assert str(warning).count("Pods of all namespaces") == 1
    assert "Services of namespace" in str(warning)
    own = named(outcome)["own"]
    assert own["gateways"][0]["selector"] == PUBLIC["selector"]
    assert own["gateways"][0]["pods_namespaces"] is None
    assert own["gateways"][0]["addresses"] is None
    assert own["tls"][0]["certificate"] is None
    assert own["urls"] == [f"https://own.{namespace}.test/"]
    followed = info(**connection, trace=[f"https://own.{namespace}.test/"], trace_hosts=True, probe=False)
    assert "Traceback" not in followed.text
    for trace in followed.result["traces"]:
        steps = {step["step"]: (step["ok"], step["message"]) for step in trace["steps"]}
        assert steps["gateway_pods"] == (None, "The pods with istio=public may not be read.")
        assert steps["certificate"] == (None, f"Secret {secret} is not known.")
        assert steps["destination"][0] is None
        assert steps["destination"][1].endswith(", port 80: it may not be read whether it exists.")
        assert trace["expected"]["message"].endswith(" answers. Something that may not be read may change that.")
        assert (trace["breaks_at"], trace["findings"]) == (None, [])
    elsewhere = info(**connection, trace=["https://nowhere.test/"], probe=False)
    (nowhere,) = elsewhere.result["traces"]
    assert (nowhere["breaks_at"], nowhere["expected"]["message"]) == (None, "It depends on what is not known here.")
    everywhere = info(fails=True, **{**connection, "namespace": None})
    assert everywhere.message.startswith("namespace: these credentials may not list VirtualServices in all namespaces")
    assert token not in outcome.text + everywhere.text


def test_the_number_of_requests_does_not_grow(
    info: Run, expose: Run, options: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    request = client.KubernetesClient._request  # noqa: SLF001  (the one door to the API server)

    def counted(self: client.KubernetesClient, method: str, path: str, *more: Any, **named: Any) -> Any:
        asked.append(f"{method} {path}")
        return request(self, method, path, *more, **named)

    def count(*names: str) -> int:
        asked.clear()
        result = info(desired=[options(name) for name in names])
        assert list(named(result)) == list(names)
        assert all(entry.startswith("get ") for entry in asked)
        return len(asked)

    expose("a")
    monkeypatch.setattr(client.KubernetesClient, "_request", counted)
    alone = count("a")
    for name in ("b", "c", "d"):
        expose(name, service=name)
    assert count("a", "b", "c", "d") == alone
    assert alone <= 10, asked


def test_the_documented_examples_run(istio: Cluster) -> None:
    module = "gatehouse.istio.istio_exposure_info"
    tasks = [task for task in yaml.safe_load(istio_exposure_info.EXAMPLES) if module in task]
    assert len(tasks) == 7
    for task in tasks:
        given = {**task[module], "kubeconfig": str(istio.kubeconfig)}
        outcome = run_module(istio_exposure_info.main, given)
        assert not outcome.failed, outcome.message
        assert outcome.result.keys() >= {"exposures"} | ({"answer"} if "query" in given else set())


def test_module_defaults_of_the_action_group(istio: Cluster, namespace: str) -> None:
    playbook = f"""
- name: Test
  hosts: localhost
  gather_facts: false
  module_defaults:
    group/gatehouse.istio.istio:
      kubeconfig: {istio.kubeconfig}
  tasks:
    - name: Read back
      gatehouse.istio.istio_exposure_info:
        namespace: {namespace}
      register: exposed
    - name: Look at it
      ansible.builtin.assert:
        that: exposed.exposures == []
"""
    assert istio.playbook(playbook, check=True).changed == 0
