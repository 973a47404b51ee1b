# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a task's module may run, as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.plugin_utils._direct.place import Place, is_switched_off

HERE: dict[str, Any] = {
    "transport": "local",
    "is_async": False,
    "user": "ci",
    "become_user": None,
    "interpreter": None,
    "running": "/venv/bin/python3",
    "environment": {},
}


@pytest.mark.parametrize(
    ("given", "is_here"),
    [
        ({}, True),
        ({"transport": "ssh"}, False),
        ({"transport": "community.docker.docker"}, False),
        ({"is_async": True}, False),
        ({"become_user": "ci"}, True),
        ({"become_user": "root"}, False),
        ({"environment": {"HTTPS_PROXY": "http://proxy:3128"}}, False),
        ({"interpreter": "auto"}, True),
        ({"interpreter": "auto_silent"}, True),
        ({"interpreter": "/venv/bin/python3"}, True),
        ({"interpreter": "/usr/bin/python3"}, False),
        ({"interpreter": "python3"}, False),
    ],
)
def test_where_a_module_runs(given: dict[str, Any], is_here: bool) -> None:
    assert Place(**{**HERE, **given}).is_here is is_here


def test_names_of_the_running_python(tmp_path: Path) -> None:
    """A virtual environment has several names for one Python; that of the system is another one."""
    system, venv = tmp_path / "usr", tmp_path / "venv"
    for directory in (system, venv):
        directory.mkdir()
    (system / "python3.13").touch()
    (venv / "python3.13").symlink_to(system / "python3.13")
    (venv / "python").symlink_to("python3.13")
    running = {"running": str(venv / "python3.13")}
    assert Place(**{**HERE, **running, "interpreter": str(venv / "python")}).is_here
    assert not Place(**{**HERE, **running, "interpreter": str(system / "python3.13")}).is_here


@pytest.mark.parametrize(
    ("value", "is_off"), [(None, False), ("", False), ("true", False), ("false", True), (" No ", True), ("0", True)]
)
def test_switched_off_by_a_variable(value: str | None, is_off: bool) -> None:
    assert is_switched_off({} if value is None else {"GATEHOUSE_DIRECT": value}) is is_off
