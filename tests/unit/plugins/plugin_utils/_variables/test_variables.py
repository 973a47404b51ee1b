# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every variable of every role and playbook, in each form in which it may come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.gatehouse.istio.plugins.plugin_utils._variables.specs import (
    PLAYBOOKS,
    ROLE_OF,
    ROLES,
    TYPES,
    variables_of,
)
from ansible_collections.gatehouse.istio.plugins.plugin_utils._variables.variables import (
    check,
    connection,
    default,
    read,
)
from cluster.layout import REPOSITORY

EVERY = [(name, variable, spec) for name in (*ROLES, *PLAYBOOKS) for variable, spec in variables_of(name).items()]
A_MAPPING = {"name": "a"}
KUBECONFIGS = ("_kubeconfig",)
NOTHING: dict[str, Any] = {}


def meant(name: str, **given: Any) -> dict[str, Any]:
    return read(name, given.get).values


def problems(name: str, *names: str, **given: Any) -> list[str]:
    return check(name, given.get, [*names, *given])["problems"]


def documented(role: str) -> Any:
    text = (REPOSITORY / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["argument_specs"]["main"]["options"]


def kind(spec: Mapping[str, Any]) -> str:
    return "choice" if spec.get("choices") else f"{spec['type']} {spec.get('elements', '')}".strip()


# By type: what is given, and what it means.
RIGHT: dict[str, list[tuple[Any, Any]]] = {
    "str": [(5, "5"), ("5", "5"), ("a ", "a"), ("true", "true")],
    "bool": [(True, True), ("true", True), ("yes", True), ("no", False), (1, True)],
    "int": [(5, 5), ("5", 5), ("0", 0)],
    "dict": [
        ({"a": 1}, {"a": 1}),
        ("{a: 1}", {"a": 1}),
        ('{"a": 1}', {"a": 1}),
        ("  a: 1\n  b: {c: [2]}\n", {"a": 1, "b": {"c": [2]}}),
        ("{}", {}),
    ],
    "list str": [
        (["a"], ["a"]),
        ("[a, b]", ["a", "b"]),
        ('["a", "b"]', ["a", "b"]),
        ("- a\n- b", ["a", "b"]),
        ("a, b,", ["a", "b"]),
        ("a\nb\r\n\n", ["a", "b"]),
        (5, ["5"]),
        ("5", ["5"]),
        ("[]", []),
    ],
    "list dict": [([], []), ("[]", [])],
    "raw": [("a", "a"), ({"a": 1}, {"a": 1})],
}
# By type: what a sentence says cannot be used.
WRONG: dict[str, list[Any]] = {
    "str": [1.3, True, ["a"], A_MAPPING],
    "choice": [5, True, ["present"], "other"],
    "bool": [5, "a", []],
    "int": [True, "true", "5m", -1, "-1", [5]],
    "dict": [5, "5", True, "true", [1], "[1]", "{a: ["],
    "list str": [True, A_MAPPING, [{}], [""], [None], [["a"]], " , "],
    "list dict": [5, "5", True, "true", A_MAPPING, "name: a", ["a"], "[a]", [None], "[{name: a]"],
    "raw": [5, True, ["a"]],
}


@pytest.mark.parametrize(("name", "variable", "spec"), EVERY, ids=[entry[1] for entry in EVERY])
def test_every_variable_in_every_form(name: str, variable: str, spec: Mapping[str, Any]) -> None:
    for nothing in (None, "", "  \n", "__omit_place_holder__2b1f"):
        assert meant(name, **{variable: nothing})[variable] == default(spec)
        assert problems(name, **{variable: nothing}) == []
    for value, expected in RIGHT.get(kind(spec), [(f"{choice}\n", choice) for choice in spec.get("choices", [])]):
        result = meant(name, **{variable: value})[variable]
        assert problems(name, **{variable: value}) == [], value
        assert result == expected
        assert type(result) is type(expected)
    for value in WRONG[kind(spec)]:
        (said,) = problems(name, **{variable: value})
        assert said.startswith((f"{variable}: ", f"{variable}[")), said
        assert said.endswith(".")
        assert "\n" not in said
        assert meant(name, **{variable: value})[variable] == default(spec)


@pytest.mark.parametrize(
    ("role", "variable", "value", "place"),
    [
        ("istio", "istio_gateways", [{"name": "a", "ports": [{"name": "b", "port": "http"}]}], "[0].ports[0].port"),
        ("istio", "istio_gateways", "[{name: a, ports: [{port: 80}]}]", "[0].ports[0]"),
        ("istio", "istio_gateways", [{"name": "a", "replica": 1}], "[0]"),
        ("istio", "istio_gateways", [{"name": "a", "labels": ["b"]}], "[0].labels"),
        ("istio", "istio_gateways", [{"name": "a", "type": "Node"}], "[0].type"),
        ("istio", "istio_gateways", [{"name": "a"}, None], "[1]"),
        ("cert_manager", "cert_manager_issuers", [{"name": "a", "acme": {"solvers": "x"}}], "[0].acme.solvers"),
        ("cert_manager", "cert_manager_certificates", [{"name": "a"}], "[0]"),
        ("exposures", "exposures_prune_namespaces", ["a", ["b"]], "[1]"),
    ],
)
def test_a_mistake_deep_inside_is_told_with_its_place(role: str, variable: str, value: Any, place: str) -> None:
    (said,) = problems(role, **{variable: value})
    assert said.startswith(f"{variable}{place}: ")


def test_text_and_data_mean_the_same_at_every_depth() -> None:
    ports = [{"name": "https", "port": 443, "target_port": "8443"}]
    data = [{"name": "a", "replicas": 2, "ports": ports, "labels": {"x": "y"}, "values_files": ["a.yml", "b.yml"]}]
    loose = {"name": "a", "replicas": "2", "state": "", "type": None, "labels": "x: y", "values_files": "a.yml, b.yml"}
    for given in (data, yaml.safe_dump(data), [{**loose, "ports": [{**ports[0], "port": "443", "target_port": 8443}]}]):
        assert meant("istio", istio_gateways=given)["istio_gateways"] == data


@pytest.mark.parametrize("self_signed", [None, {}, "{}"])
def test_the_type_of_an_issuer_that_needs_no_more_than_its_name(self_signed: Any) -> None:
    listed = [{"name": "a", "self_signed": self_signed}, {"name": "b", "ca": {"secret_name": "c"}}]
    expected = [{"name": "a", "self_signed": {}}, listed[1]]
    assert meant("cert_manager", cert_manager_issuers=listed)["cert_manager_issuers"] == expected
    assert meant("cert_manager", cert_manager_issuers=yaml.safe_dump(listed))["cert_manager_issuers"] == expected


@pytest.mark.parametrize(
    "value",
    ["hunter2", "hunter2: [", ["hunter2"], [{"name": "a", "data": "hunter2"}], [{"name": "a", "type": ["hunter2"]}]],
)
def test_what_may_be_secret_is_not_shown(value: Any) -> None:
    (said,) = problems("cert_manager", cert_manager_secrets=value)
    assert said.startswith("cert_manager_secrets")
    assert "hunter2" not in said


@pytest.mark.parametrize("role", ROLES)
def test_ansible_leaves_each_value_to_the_role(role: str) -> None:
    """Its own validation runs before the role, and would refuse what a survey gives."""
    for variable, spec in documented(role).items():
        assert spec["type"] in ("raw", "str"), variable
        assert "choices" not in spec, variable
        assert (spec["type"] == "raw") == (variable in TYPES or variable.endswith(KUBECONFIGS)), variable
        for value in (None, "", 5, "a", True, [1], {"a": 1}):
            result = ArgumentSpecValidator({variable: spec}).validate({variable: value})
            assert result.error_messages == []


@pytest.mark.parametrize("role", ROLES)
def test_the_description_says_the_type_that_the_specification_leaves_out(role: str) -> None:
    words = {
        "bool": "A boolean.",
        "int": "A whole number.",
        "dict": "A dictionary.",
        "list str": "A list of texts.",
        "list dict": "A list of dictionaries.",
    }
    for variable, spec in documented(role).items():
        if variable in TYPES:
            for choice in TYPES[variable].get("choices", []):
                assert f"V({choice})" in "".join(spec["description"])
            assert kind(TYPES[variable]) == "choice" or words[kind(TYPES[variable])] in spec["description"], variable


@pytest.mark.parametrize("role", ROLES)
def test_the_defaults_are_those_of_the_documentation(role: str) -> None:
    defaults = yaml.safe_load((REPOSITORY / "roles" / role / "defaults" / "main.yml").read_text(encoding="utf-8"))
    assert defaults == {
        variable: default(spec)
        for variable, spec in variables_of(role).items()
        if not variable.endswith((*KUBECONFIGS, "_context"))
    }


@pytest.mark.parametrize(
    ("name", "misspelled", "near"),
    [
        ("istio", "istio_gateway", "istio_gateways"),
        ("istio", "isito_version", "istio_version"),
        ("istio", "istio_versoin", "istio_version"),
        ("istio", "Istio_hub", "istio_hub"),
        ("cert_manager", "certmanager_issuers", "cert_manager_issuers"),
        ("cert_manager", "cert_manager_certificate", "cert_manager_certificates"),
        ("exposures", "exposure_list", "exposures_list"),
        ("exposures", "exposures_prune_namespace", "exposures_prune_namespaces"),
        ("report", "reports_path", "report_path"),
    ],
)
def test_a_misspelled_name(name: str, misspelled: str, near: str) -> None:
    sentence = (
        f"{misspelled}: there is no such variable; did you mean {near}? If it belongs to something else, list it in "
        f"{name}_other_variables."
    )
    assert problems(name, misspelled) == [sentence]
    # The role's own defaults are among a host's variables, and are no sign that somebody gave them.
    assert check(name, meant(name).get, [*variables_of(name), misspelled])["problems"] == [sentence]
    # Whoever gives the right one, too, means the other to be something else, such as the variable of a loop.
    right = {"str": "v1", "list str": ["a"], "list dict": [{"name": "a", "namespace": "a"}]}[
        kind(variables_of(name)[near])
    ]
    assert problems(name, misspelled, **{near: right}) == []
    assert problems(name, misspelled, **{f"{name}_other_variables": misspelled}) == []


@pytest.mark.parametrize(
    ("playbook", "misspelled", "near"),
    [
        ("expose", "exposes_on", "expose_on"),
        ("install", "instal_on", "install_on"),
        ("install", "install_ons", "install_on"),
        ("remove", "removes_on", "remove_on"),
    ],
)
def test_a_misspelled_name_of_the_hosts(playbook: str, misspelled: str, near: str) -> None:
    others = f"{ROLE_OF[playbook]}_other_variables"
    sentence = f"{misspelled}: there is no such variable; did you mean {near}? If it belongs to something else, list it"
    assert check(playbook, NOTHING.get, [misspelled, f"{playbook}_more"]) == {
        "problems": [f"{sentence} in {others}."],
        "notes": [f"{playbook}_more: {playbook} has no such variable (silence this with {others})."],
    }
    assert check(playbook, {others: misspelled}.get, [misspelled, others])["problems"] == []
    assert check(playbook, {near: "fleet"}.get, [misspelled, near])["problems"] == []


@pytest.mark.parametrize("name", [*ROLES, "report", *ROLE_OF])
def test_names_that_are_no_mistake(name: str) -> None:
    ours = [entry[1] for entry in EVERY]
    facts = ["istio_ingress_gateways", "istio_changed", "istio_left", "istio_preflight", "istio_preflight_role"]
    others = ["exposures", "ansible_host", "inventory_hostname", "groups", "__istio_gateway", "istio__plan"]
    result = check(name, NOTHING.get, [*ours, *facts, *others, "cert_manager_left", "exposures_result", "playbook_dir"])
    assert result == {"problems": [], "notes": []}


def test_a_name_that_nobody_knows_is_a_note() -> None:
    result = check("istio", NOTHING.get, ["istio_prometheus_host", "prometheus_host"])
    assert result == {
        "problems": [],
        "notes": ["istio_prometheus_host: istio has no such variable (silence this with istio_other_variables)."],
    }


def test_all_problems_at_once() -> None:
    said = problems("istio", istio_cni_enabled="maybe", istio_gateways="public", istio_versoin="1.30")
    assert [sentence.partition(":")[0] for sentence in said] == ["istio_cni_enabled", "istio_gateways", "istio_versoin"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"exposures_kubeconfig": "", "exposures_context": None, "istio_kubeconfig": " "}, {}),
        (
            {"exposures_kubeconfig": "a", "exposures_context": "b", "istio_kubeconfig": "c"},
            {"kubeconfig": "a", "context": "b"},
        ),
        ({"exposures_context": "b", "istio_kubeconfig": "c", "istio_context": "d"}, {"context": "b"}),
        ({"exposures_context": "", "istio_kubeconfig": {"clusters": []}}, {"kubeconfig": {"clusters": []}}),
    ],
)
def test_the_connection_is_that_of_one_role(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert connection(["exposures", "istio"], given.get) == expected
