# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks run in Ansible's own worker, or as ordinary modules: the results are the same, field by field."""

from __future__ import annotations

import getpass
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.testing import Cluster

Task = dict[str, Any]
SHOP = {"hosts": ["shop.example.com"], "service": "web", "gateway": {"selector": {"istio": "public"}}}
# What the API server gives to each object.
VOLATILE = ("resourceVersion", "uid", "generation", "creationTimestamp", "created")
# Ansible lists the values of a boolean in any order.
BOOLEANS = re.compile("Valid booleans include: .*")


def exposure(**options: Any) -> Task:
    return {"gatehouse.istio.istio_exposure": {"name": "shop", **SHOP, **options}}


def info(**options: Any) -> Task:
    return {"gatehouse.istio.istio_exposure_info": {"probe": False, **options}}


def listed(*exposures: Task, **options: Any) -> Task:
    return {"gatehouse.istio.istio_exposures": {"exposures": list(exposures), **options}}


TASKS: dict[str, Task] = {
    "would be created": {**exposure(), "check_mode": True, "diff": True},
    "created": {**exposure(), "diff": True},
    "unchanged": exposure(),
    "changed, with a diff": {**exposure(hosts=["shop.example.com", "www.example.com"]), "diff": True},
    "types as text": exposure(hosts="shop.example.com, www.example.com", port="80", wait="no"),
    "a finding is a warning": exposure(service="nowhere"),
    "a finding that stops it": exposure(hosts=["a.example.com"], gateway={"existing": "nowhere/front"}),
    "an unknown option": exposure(hots=["shop.example.com"]),
    "an unknown option of the connection's kind": exposure(kubeconfg="x"),
    "a wrong type": exposure(hosts={"a": 1}),
    "a wrong value": exposure(state="gone"),
    "a wrong type of a connection's option": exposure(validate_certs="perhaps"),
    "two options that exclude each other": exposure(routes=[{"destinations": [{"service": "web", "port": 80}]}]),
    "an alias": exposure(verify_ssl=False),
    "an option and its alias": exposure(verify_ssl=False, validate_certs=False),
    "a private key": exposure(
        tls={"client_ca": {"pem": "-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----"}}
    ),
    "nothing is given": {"gatehouse.istio.istio_exposure": {}},
    "empty answers": exposure(tls="", routes="", export_to=None),
    "a kubeconfig that is not there": exposure(kubeconfig="/nowhere/kubeconfig"),
    "read back": info(),
    "read back with a query": info(query="[].hosts"),
    "a query that is none": info(query="[["),
    "a list": {**listed({"name": "docs", **SHOP, "hosts": ["docs.example.com"]}), "diff": True},
    "a list with a mistake": listed({"name": "docs", **SHOP, "hosts": 5}),
    "an empty list": listed(),
    "a loop": {
        **exposure(name="{{ item }}", hosts=["{{ item }}.example.com"]),
        "loop": ["one", "two", "one"],
    },
    "a loop with failures": {**exposure(name="{{ item }}"), "loop": ["One", "two", {"a": 1}, "three"]},
    "removed": exposure(state="absent"),
}


def _results(istio: Cluster, namespace: str, path: Path, direct: bool) -> dict[str, Any]:
    """The registered result of each task, in a namespace without exposures."""
    istio.kubectl("delete", "gateways,virtualservices,destinationrules", "--all", "--namespace", namespace)
    tasks: list[Task] = []
    for number, (name, task) in enumerate(TASKS.items()):
        (module, options), *keywords = task.items()
        given = {"namespace": namespace, **options} if module.endswith("exposure") else dict(options)
        if "exposures" in given:
            given["exposures"] = [{"namespace": namespace, **entry} for entry in given["exposures"]]
        tasks.append(
            {
                "name": name.capitalize(),
                module: given,
                **dict(keywords),
                "register": f"result_{number}",
                "ignore_errors": True,
            }
        )
    copied = ", ".join(f"{name!r}: result_{number}" for number, name in enumerate(TASKS))
    play = {
        "name": "Test",
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/gatehouse.istio.istio": {"kubeconfig": str(istio.kubeconfig)}},
        "vars": {"all_results": "{{ {" + copied + "} }}"},
        "tasks": [
            *tasks,
            {
                "name": "Keep them",
                "ansible.builtin.copy": {"content": "{{ all_results | to_json }}", "dest": str(path), "mode": "0600"},
            },
        ],
    }
    environment = {"GATEHOUSE_DIRECT": str(direct).lower(), "ANSIBLE_INJECT_INVOCATION": "true"}
    istio.playbook(yaml.safe_dump([play], sort_keys=False), environment=environment, may_fail=True)
    results: dict[str, Any] = json.loads(path.read_text())
    return results


def _comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _comparable(entry) for key, entry in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        return [_comparable(entry) for entry in value]
    return BOOLEANS.sub("", value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def both(istio: Cluster, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """The results of all tasks, in the worker and as modules, one after the other in the same namespace."""
    directory = tmp_path_factory.mktemp("direct")
    namespace = "direct"
    istio.kubectl("create", "namespace", namespace)
    direct = _results(istio, namespace, directory / "direct.json", direct=True)
    modules = _results(istio, namespace, directory / "modules.json", direct=False)
    return direct, modules


@pytest.mark.parametrize("name", TASKS)
def test_results_are_the_same(both: tuple[dict[str, Any], dict[str, Any]], name: str) -> None:
    direct, modules = both
    assert yaml.safe_dump(_comparable(direct[name])) == yaml.safe_dump(_comparable(modules[name]))


def _play(istio: Cluster, task: Task) -> str:
    options = next(iter(task.values()))
    options.setdefault("kubeconfig", str(istio.kubeconfig))
    tasks = [{"name": "Do it", **task}]
    play = {"name": "Test", "hosts": "localhost", "gather_facts": False, "tasks": tasks}
    return yaml.safe_dump([play], sort_keys=False)


@pytest.mark.parametrize(
    ("keywords", "environment", "is_direct"),
    [
        ({}, {}, True),
        ({"become": True, "become_user": getpass.getuser()}, {}, True),
        ({"vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}}, {}, True),
        ({}, {"GATEHOUSE_DIRECT": "false"}, False),
        ({"environment": {"SOME": "thing"}}, {}, False),
        ({"vars": {"ansible_python_interpreter": "/usr/bin/env python3"}}, {}, False),
        ({"async": 60, "poll": 1}, {}, False),
    ],
)
def test_where_it_runs(
    istio: Cluster, keywords: Task, environment: dict[str, str], is_direct: bool, tmp_path: Path
) -> None:
    """Only an ordinary module is packed and put into a file."""
    verbose = {"ANSIBLE_VERBOSITY": "3", "TMPDIR": str(tmp_path), **environment}
    playbook = _play(istio, {**info(), **keywords})
    result = istio.playbook(playbook, environment=verbose, may_fail=True)
    assert ("AnsiballZ_istio_exposure_info" not in result.output) is is_direct
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and b"PRIVATE KEY" in file.read_bytes()]


def test_items_of_a_loop_are_for_their_own_cluster(istio: Cluster, namespace: str) -> None:
    """Each item of a fleet's loop has its own credentials, also after one that failed."""
    kubeconfig = yaml.safe_load(istio.kubeconfig.read_text())
    server = kubeconfig["clusters"][0]["cluster"]["server"]
    nobody = {"host": server, "api_key": "of-nobody", "validate_certs": False, "kubeconfig": None}
    given = [{"kubeconfig": str(istio.kubeconfig)}, nobody, {"kubeconfig": str(istio.kubeconfig)}]
    options = {
        "name": "shop",
        "namespace": namespace,
        **SHOP,
        "hosts": [f"{namespace}.example.com"],
        **{name: f"{{{{ item.{name} | default(omit, true) }}}}" for name in ("kubeconfig", "host", "api_key")},
        "validate_certs": "{{ item.validate_certs | default(omit) }}",
    }
    task = {"gatehouse.istio.istio_exposure": options, "loop": given, "ignore_errors": True, "no_log": False}
    (done,) = istio.playbook(_play(istio, task)).tasks
    first, second, third = done.result["results"]
    assert (first["changed"], third["changed"]) == (True, False)
    assert second["msg"].startswith("The API server does not accept the credentials")
