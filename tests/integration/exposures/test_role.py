# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role exposures, with variables as a playbook has them and as a survey of AWX gives them: as text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.gatehouse.istio.plugins.plugin_utils._variables.specs import variables_of
from cluster.layout import REPOSITORY
from cluster.testing import Cluster
from support.exposures import PUBLIC, both, exposures, there

ROLE = """
- hosts: localhost
  gather_facts: false
  roles:
    - role: gatehouse.istio.exposures
"""

EXPOSE = REPOSITORY / "playbooks" / "expose.yml"


def play(variables: dict[str, Any]) -> str:
    """A playbook with the role."""
    content = yaml.safe_load(ROLE)
    content[0]["vars"] = json.loads(json.dumps(variables))
    return str(yaml.safe_dump(content))


@pytest.fixture
def variables(namespace: str) -> dict[str, Any]:
    return {
        "exposures_list": exposures(namespace, "a", "b"),
        "exposures_defaults": {"namespace": namespace, "service": "web", "gateway": PUBLIC},
        "exposures_prune_namespaces": [namespace],
    }


def test_lists_and_text_mean_the_same(istio: Cluster, namespace: str, variables: dict[str, Any]) -> None:
    assert "2 changed, 0 unchanged." in istio.playbook(play(variables)).output
    assert there(istio, namespace) == both("a", "b")
    text = {
        "exposures_list": yaml.safe_dump(variables["exposures_list"][:1]),
        "exposures_defaults": yaml.safe_dump(variables["exposures_defaults"]),
        "exposures_prune_namespaces": f"{namespace}, ",
        "exposures_concurrency": "2",
    }
    assert "1 changed, 1 unchanged." in istio.playbook(play(text)).output
    assert there(istio, namespace) == both("a")
    assert "0 changed, 1 unchanged." in istio.playbook(play(text)).output


def test_the_playbook_takes_what_a_survey_gives(istio: Cluster, namespace: str, variables: dict[str, Any]) -> None:
    answers = {
        "exposures_list": yaml.safe_dump(variables["exposures_list"]),
        "exposures_defaults": yaml.safe_dump(variables["exposures_defaults"]),
        "exposures_on_error": "continue",
        "exposures_wait_timeout": "60",
    }
    assert "2 changed, 0 unchanged." in istio.playbook(EXPOSE, answers).output
    assert there(istio, namespace) == both("a", "b")


def test_a_file_is_found_beside_the_playbook(
    istio: Cluster, namespace: str, variables: dict[str, Any], tmp_path: Path
) -> None:
    listed = variables.pop("exposures_list")
    (tmp_path / "list.yml").write_text(yaml.safe_dump(listed), encoding="utf-8")
    playbook = tmp_path / "site.yml"
    playbook.write_text(play({**variables, "exposures_src": "list.yml"}), encoding="utf-8")
    assert "2 changed, 0 unchanged." in istio.playbook(playbook).output
    assert there(istio, namespace) == both("a", "b")
    playbook.write_text(play({**variables, "exposures_src": "gone.yml"}), encoding="utf-8")
    missing = istio.playbook(playbook, may_fail=True)
    assert "gone.yml" in missing.message
    assert "Traceback" not in missing.output


@pytest.mark.parametrize("name", ["exposure_list", "exposures_list"], ids=["misspelled", "unanswered"])
def test_a_list_that_is_not_given_removes_nothing(
    istio: Cluster, namespace: str, variables: dict[str, Any], name: str
) -> None:
    assert "2 changed, 0 unchanged." in istio.playbook(play(variables)).output
    listed = variables.pop("exposures_list")
    lost = {name: listed if name == "exposure_list" else ""}
    result = istio.playbook(play({**variables, **lost}), may_fail=True)
    assert ("did you mean exposures_list?" if name == "exposure_list" else "exposures_list: it is not given") in (
        result.message
    )
    assert there(istio, namespace) == both("a", "b")
    assert "2 changed, 0 unchanged." in istio.playbook(play({**variables, "exposures_list": []})).output
    assert there(istio, namespace) == set()


def test_questions_of_a_survey_without_an_answer(istio: Cluster, namespace: str, variables: dict[str, Any]) -> None:
    """From ansible-core 2.19 on, !unsafe '' is loaded as null, in older ones as empty text."""
    answered = ("exposures_list", "exposures_defaults")
    questions = [name for name in variables_of("exposures") if name not in answered]
    answers = yaml.safe_dump({name: variables[name] for name in answered}).splitlines()
    lines = [*answers, *(f"{name}: !unsafe ''" for name in questions)]
    text = ROLE + "  vars:\n" + "".join(f"    {line}\n" for line in lines)
    assert "2 changed, 0 unchanged." in istio.playbook(text, check=True).output
    assert there(istio, namespace) == set()
    assert "2 changed, 0 unchanged." in istio.playbook(text).output
    assert there(istio, namespace) == both("a", "b")
    nothing = ROLE + "  vars:\n" + "".join(f"    {name}: !unsafe ''\n" for name in variables_of("exposures"))
    assert "0 changed, 0 unchanged." in istio.playbook(nothing).output
    assert there(istio, namespace) == both("a", "b")


@pytest.mark.parametrize("content", [None, "", "null\n", "---\n"], ids=["missing", "empty", "null", "only a line"])
def test_a_file_without_a_list_removes_nothing(
    istio: Cluster, namespace: str, variables: dict[str, Any], tmp_path: Path, content: str | None
) -> None:
    assert "2 changed, 0 unchanged." in istio.playbook(play(variables)).output
    file = tmp_path / "list.yml"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    wrong = {**variables, "exposures_list": "", "exposures_src": str(file)}
    result = istio.playbook(play(wrong), may_fail=True)
    assert result.exit_code != 0
    assert str(file) in result.message
    assert there(istio, namespace) == both("a", "b")


def test_a_file_is_found_where_the_user_is(
    istio: Cluster, namespace: str, variables: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.json").write_text(json.dumps(variables.pop("exposures_list")), encoding="utf-8")
    given = {**variables, "exposures_src": "./list.json"}
    assert "2 changed, 0 unchanged." in istio.playbook(EXPOSE, given).output
    assert there(istio, namespace) == both("a", "b")


def test_each_host_of_an_inventory_stands_for_a_cluster(
    istio: Cluster, namespace: str, variables: dict[str, Any]
) -> None:
    host = {"name": "east", "groups": "fleet", "ansible_connection": "local"}
    add = {"name": "Add a host", "hosts": "localhost", "gather_facts": False}
    plays = [
        {**add, "tasks": [{"name": "Add it", "ansible.builtin.add_host": host}]},
        {"name": "Expose", "ansible.builtin.import_playbook": "gatehouse.istio.expose"},
    ]
    result = istio.playbook(json.dumps(plays), {**variables, "expose_on": "fleet"})
    assert "2 changed, 0 unchanged." in result.output
    assert "[east]" in result.output
    assert there(istio, namespace) == both("a", "b")


def test_a_misspelled_pattern_of_hosts_is_refused(istio: Cluster, namespace: str, variables: dict[str, Any]) -> None:
    result = istio.playbook(EXPOSE, {**variables, "exposes_on": "fleet"}, may_fail=True)
    assert result.message.startswith("exposes_on: there is no such variable; did you mean expose_on?")
    assert there(istio, namespace) == set()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"exposures_src": "list.yml"}, "exposures_src: exposures_list has exposures, too; give only one of them."),
        ({"exposures_list": "shop"}, "exposures_list: 'shop' is not a list"),
        ({"exposures_list": [1]}, "exposures_list[0]: 1 is not a dictionary"),
        ({"exposures_defaults": "[web]"}, "exposures_defaults: a list is not a dictionary"),
        ({"exposures_prune_label_selectors": ","}, "exposures_prune_label_selectors: ',' has no entry"),
        (
            {"exposures_on_eror": "continue"},
            "exposures_on_eror: there is no such variable; did you mean exposures_on_error?",
        ),
        (
            {"exposures_prune_namespaces": "", "exposures_prune_label_selectors": "team=shop"},
            "exposures_prune_label_selectors: they only narrow exposures_prune_namespaces",
        ),
    ],
)
def test_what_is_no_list_is_refused(
    istio: Cluster, namespace: str, variables: dict[str, Any], changes: dict[str, Any], says: str
) -> None:
    result = istio.playbook(play({**variables, **changes}), may_fail=True)
    assert result.exit_code != 0
    assert says in " ".join(result.output.split())
    assert there(istio, namespace) == set()
