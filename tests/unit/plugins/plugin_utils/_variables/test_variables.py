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
    ROLES,
    TYPES,
    variables_of,
)
from ansible_collections.gatehouse.istio.plugins.plugin_utils._variables.values import empty
from ansible_collections.gatehouse.istio.plugins.plugin_utils._variables.variables import role_problems, role_variables
from cluster.layout import REPOSITORY

EVERY = [(name, variable, spec) for name in (*ROLES, *PLAYBOOKS) for variable, spec in variables_of(name).items()]
WRONG = "wrong"
A_MAPPING = {"name": "a"}


def meant(name: str, **given: Any) -> dict[str, Any]:
    return role_variables(name, given.get)


def problems(name: str, names: list[str] | None = None, **given: Any) -> list[str]:
    return role_problems(name, given.get, [*(names or []), *given])["problems"]


def documented(role: str) -> Any:
    text = (REPOSITORY / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["argument_specs"]["main"]["options"]


def outcomes(spec: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """What is given, and what it means; WRONG for a sentence."""
    kind = spec.get("choices") and "choice" or f"{spec['type']} {spec.get('elements', '')}".strip()
    one = (spec.get("choices") or [""])[-1]
    return {
        "str": [(5, "5"), ("5", "5"), ("a ", "a"), ("true", "true"), (True, WRONG), (["a"], WRONG), (A_MAPPING, WRONG)],
        "choice": [(one, one), (f"{one}\n", one), (5, WRONG), (True, WRONG), ([one], WRONG), ("other", WRONG)],
        "bool": [(True, True), ("true", True), ("yes", True), ("no", False), (5, WRONG), ("a", WRONG), ([], WRONG)],
        "int": [(5, 5), ("5", 5), ("0", 0), (True, WRONG), ("true", WRONG), ("5m", WRONG), ([5], WRONG)],
        "dict": [
            ({"a": 1}, {"a": 1}),
            ("{a: 1}", {"a": 1}),
            ("a: 1", {"a": 1}),
            (5, WRONG),
            ("5", WRONG),
            (True, WRONG),
            ("true", WRONG),
            ([1], WRONG),
            ("[1]", WRONG),
        ],
        "list str": [
            (["a"], ["a"]),
            ("[a, b]", ["a", "b"]),
            ("- a\n- b", ["a", "b"]),
            ("a, b", ["a", "b"]),
            ("a\nb", ["a", "b"]),
            (5, ["5"]),
            ("5", ["5"]),
            (True, WRONG),
            (A_MAPPING, WRONG),
            ("a: 1", WRONG),
            ([{}], WRONG),
            ([""], WRONG),
        ],
        "list dict": [
            ([], []),
            ("[]", []),
            (5, WRONG),
            ("5", WRONG),
            (True, WRONG),
            ("true", WRONG),
            (A_MAPPING, WRONG),
            ("name: a", WRONG),
            (["a"], WRONG),
            ("[a]", WRONG),
        ],
        "raw": [("a", "a"), ({"a": 1}, {"a": 1})],
    }[kind]


@pytest.mark.parametrize(("name", "variable", "spec"), EVERY, ids=[variable for _, variable, _ in EVERY])
def test_every_variable_in_every_form(name: str, variable: str, spec: Mapping[str, Any]) -> None:
    for nothing in (None, "", "  \n"):
        assert meant(name, **{variable: nothing})[variable] == empty(spec)
        assert problems(name, **{variable: nothing}) == []
    for value, expected in outcomes(spec):
        said = problems(name, **{variable: value})
        result = meant(name, **{variable: value})[variable]
        if expected == WRONG:
            assert len(said) == 1, value
            assert said[0].startswith((f"{variable}: ", f"{variable}[")), said
            assert result == empty(spec)
        else:
            assert said == [], value
            assert result == expected
            assert type(result) is type(expected)


@pytest.mark.parametrize("role", ROLES)
def test_ansible_leaves_each_value_to_the_role(role: str) -> None:
    """Its own validation runs before the role, and would refuse what a survey gives."""
    for variable, spec in documented(role).items():
        assert spec["type"] in ("raw", "str"), variable
        assert "choices" not in spec, variable
        assert (spec["type"] == "raw") == (variable in TYPES or variable.endswith("_kubeconfig")), variable
        for value in (None, "", 5, "a", True, [1], {"a": 1}):
            result = ArgumentSpecValidator({variable: spec}).validate({variable: value})
            assert result.error_messages == []


@pytest.mark.parametrize("role", ROLES)
def test_the_defaults_are_those_of_the_documentation(role: str) -> None:
    defaults = yaml.safe_load((REPOSITORY / "roles" / role / "defaults" / "main.yml").read_text(encoding="utf-8"))
    assert defaults == {
        variable: empty(spec)
        for variable, spec in variables_of(role).items()
        if not variable.endswith(("_kubeconfig", "_context"))
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
    assert problems(name, [misspelled]) == [sentence]
    # Whoever gives the right one, too, means the other to be something else, such as the variable of a loop.
    right = {near: "v1" if near.endswith(("hub", "version", "path", "namespaces")) else "[]"}
    assert problems(name, [misspelled], **right) == []
    assert problems(name, [misspelled], **{f"{name}_other_variables": misspelled}) == []


@pytest.mark.parametrize("name", [*ROLES, "report"])
def test_names_that_are_no_mistake(name: str) -> None:
    ours = [variable for _, variable, _ in EVERY]
    facts = ["istio_ingress_gateways", "istio_changed", "istio_left", "istio_preflight", "istio_preflight_role"]
    others = ["exposures", "ansible_host", "inventory_hostname", "groups", "__istio_gateway", "istio__plan", "playbook_dir"]
    result = role_problems(name, {}.get, [*ours, *facts, *others, "cert_manager_left", "exposures_result"])
    assert result == {"problems": [], "notes": []}


def test_a_name_that_nobody_knows_is_a_note() -> None:
    result = role_problems("istio", {}.get, ["istio_prometheus_host", "prometheus_host"])
    assert result["problems"] == []
    assert result["notes"] == [
        "istio_prometheus_host: role istio has no such variable (silence this with istio_other_variables)."
    ]


def test_all_problems_at_once() -> None:
    said = problems("istio", istio_cni_enabled="maybe", istio_gateways="public", istio_versoin="1.30")
    assert [sentence.partition(":")[0] for sentence in said] == ["istio_cni_enabled", "istio_gateways", "istio_versoin"]
