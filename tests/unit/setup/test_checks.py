# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which checks run, and that pre-commit has the same ones."""

from __future__ import annotations

import shlex

import pytest
import yaml

from setup import checks


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what was run; 'mypy' fails."""
    names: list[str] = []

    def succeeds(check: checks.Check) -> bool:
        names.append(check.name)
        return check.name != "mypy"

    def pytest_succeeds(directories: list[str]) -> bool:
        names.extend(directories)
        return True

    monkeypatch.setattr(checks, "succeeds", succeeds)
    monkeypatch.setattr(checks, "pytest_succeeds", pytest_succeeds)
    return names


def test_one_check_alone(ran: list[str]) -> None:
    assert checks.main(["ruff check", "yamllint"]) == 0
    assert ran == ["ruff check", "yamllint"]


def test_every_check_runs_whatever_the_ones_before_it_found(ran: list[str]) -> None:
    assert checks.main(["units", "sanity", "lint"]) == 1
    assert ran == [*(check.name for check in checks.LINT), "ansible-test sanity", "tests/unit"]


@pytest.mark.parametrize("names", [[], ["lint", "litn"]])
def test_what_is_not_a_check_is_refused(names: list[str], ran: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert checks.main(names) == 2
    assert "Say which checks to run: lint, ruff check, " in capsys.readouterr().err
    assert ran == []


def test_pre_commit_runs_the_checks_of_lint() -> None:
    configuration = yaml.safe_load((checks.ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (local,) = configuration["repos"]
    assert local["repo"] == "local"
    assert [hook["name"] for hook in local["hooks"]] == [check.name for check in checks.LINT]
    for hook in local["hooks"]:
        assert shlex.split(hook["entry"]) == ["make", "--no-print-directory", "lint", f"ONLY={hook['name']}"]
