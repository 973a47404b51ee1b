# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Levels of checks: the defaults, the task's, and what check mode makes of them; and the page about the codes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._analysis.finding import FINDINGS_URL, Finding, refusal
from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import LEVELS, with_levels
from ansible_collections.gatehouse.istio.plugins.module_utils._options.check_levels import parse_levels
from ansible_collections.gatehouse.istio.plugins.module_utils._options.values import OptionError

ROOT = Path(__file__).resolve().parents[5]
TWICE = Finding(("Gateway a/a",), "hosts[0]", "it is served twice.", "Serve it once.", code="host-served-twice")
TAKEN = replace(TWICE, code="port-taken", where="gateway.https_port", message="it is taken.", fix="Take another.")
SOON = replace(TWICE, code="certificate-expires-soon")
NOT_ON_GATEWAY = replace(TWICE, code="host-not-on-gateway")


def levels_of(result: list[Finding]) -> dict[str, str]:
    return {finding.code: finding.level for finding in result}


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ("error", "error"),
        ("Warning", "warning"),
        ("ignore", "ignore"),
        (False, "ignore"),
        ("False", "ignore"),
        ("off", "ignore"),
    ],
)
def test_a_task_sets_the_level_of_a_check(given: object, level: str) -> None:
    result = parse_levels({"port-taken": given})
    assert result == {**LEVELS, "port-taken": level}


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        (
            {"port-takn": "error"},
            f"checks: 'port-takn' is not a check; the checks are {', '.join(sorted(LEVELS))}.",
        ),
        ({"port-taken": True}, "checks.port-taken: 'True' is not a level; write error, warning or ignore."),
        ({"port-taken": "fatal"}, "checks.port-taken: 'fatal' is not a level; write error, warning or ignore."),
        ({"port-taken": None}, "checks.port-taken: 'None' is not a level; write error, warning or ignore."),
    ],
)
def test_what_is_no_check_or_no_level_is_refused(option: dict[str, object], sentence: str) -> None:
    with pytest.raises(OptionError) as refused:
        parse_levels(option)
    assert str(refused.value) == sentence


def test_findings_get_their_levels_and_errors_come_first() -> None:
    result = with_levels([SOON, TWICE, TAKEN], {**LEVELS, "port-taken": "ignore"})
    assert [(finding.code, finding.level) for finding in result] == [
        ("host-served-twice", "error"),
        ("certificate-expires-soon", "warning"),
    ]


def test_what_is_preexisting_is_a_warning_at_most() -> None:
    preexisting = replace(TWICE, preexisting=True)
    assert levels_of(with_levels([preexisting], LEVELS)) == {"host-served-twice": "warning"}
    assert with_levels([preexisting], {**LEVELS, "host-served-twice": "ignore"}) == []


def test_what_is_about_a_part_of_a_route_is_a_warning_at_most() -> None:
    partial = replace(TWICE, code="route-behind-wider", partial=True)
    assert levels_of(with_levels([partial], LEVELS)) == {"route-behind-wider": "warning"}
    assert with_levels([partial], {**LEVELS, "route-behind-wider": "ignore"}) == []


def test_in_check_mode_what_may_come_is_a_warning_and_what_is_there_an_error() -> None:
    result = with_levels([TWICE, NOT_ON_GATEWAY], LEVELS, check_mode=True)
    assert levels_of(result) == {"host-served-twice": "error", "host-not-on-gateway": "warning"}
    raised = replace(TWICE, code="destination-missing")
    assert levels_of(with_levels([raised], {**LEVELS, raised.code: "error"}, True)) == {raised.code: "warning"}


def test_a_refusal_is_one_sentence_after_the_other() -> None:
    end = f"This would break what is served; {FINDINGS_URL} says how to switch a check off."
    assert refusal([TWICE]) == f"hosts[0]: it is served twice. Serve it once. [host-served-twice] {end}"
    assert refusal([TWICE, TAKEN]) == (
        "(1) hosts[0]: it is served twice. Serve it once. [host-served-twice] "
        f"(2) gateway.https_port: it is taken. Take another. [port-taken] {end}"
    )
