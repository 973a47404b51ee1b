# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Molecule scenarios, run as by users, and a test that they can fail."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from cluster.layout import REPOSITORY, cache_directory

SCENARIOS = sorted(file.parent.name for file in REPOSITORY.glob("molecule/*/molecule.yml"))
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def molecule(*arguments: str, project: Path = REPOSITORY, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Molecule in a project, without this process's environment variables for imports, which affect Ansible."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MYPYPATH")}
    home = cache_directory() / "ansible"
    done = subprocess.run(
        ["molecule", *arguments],
        cwd=project,
        env={**kept, "ANSIBLE_HOME": str(home), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, _COLOURS.sub("", done.stdout))


@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name != "default"])
def test_a_scenario_passes(scenario: str) -> None:
    done = molecule("test", "-s", scenario)
    assert done.returncode == 0, what_failed(done.stdout, scenario)


def test_a_role_that_returns_the_wrong_selector_fails_a_scenario(tmp_path: Path) -> None:
    """All objects exist, and every task of the role succeeds. Only a request detects the mistake."""
    project = copy_of_collection(tmp_path / "project")
    describes = project / "plugins/plugin_utils/_istio_role/gateways.py"
    break_file(describes, '"selector": dict(selector),', '"selector": {"app": "nobody"},')
    impatient = {"GATEHOUSE_REQUEST_RETRIES": "3"}
    done = molecule("test", "-s", "expose", project=project, **cache_of_copy(project), **impatient)
    assert done.returncode != 0
    assert "http://office.example.com/ through the gateway internal: wanted is" in " ".join(words(done.stdout))


def what_failed(output: str, scenario: str) -> str:
    """Molecule's output from its first error on. The whole output, which is long, is written to a file."""
    file = cache_directory() / "scenarios" / f"{scenario}.log"
    file.parent.mkdir(exist_ok=True)
    file.write_text(output)
    lines = output.splitlines()
    errors = [number for number, line in enumerate(lines) if "[ERROR]" in line or "fatal: " in line]
    first = errors[0] - 5 if errors else len(lines) - 60
    excerpt = lines[max(first, 0) :][:60]
    return "\n".join([f"The scenario {scenario} failed. All it said is in {file}. In short:", *excerpt])


def words(output: str) -> list[str]:
    """The words of the output. Molecule frames Ansible's output, and both break lines."""
    return output.replace("│", " ").split()


def break_file(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert text.count(before) == 1
    file.write_text(text.replace(before, after))


def copy_of_collection(target: Path) -> Path:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in names:
        if name and (REPOSITORY / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, target / name)
    subprocess.run(["git", "init", "--quiet", target], check=True)  # Molecule searches it for .config
    return target


def cache_of_copy(project: Path) -> Mapping[str, str]:
    """A cache for the copy, with this repository's tools, and with the copy as the collection."""
    ours, cache = cache_directory(), project / ".cache"
    cache.mkdir()
    for name in ("tools", "venv", "kind", "go"):
        if (ours / name).exists():
            (cache / name).symlink_to(ours / name)
    collections = cache / "collections" / "ansible_collections"
    (collections / "gatehouse").mkdir(parents=True)
    (collections / "gatehouse" / "istio").symlink_to(project)
    (collections / "kubernetes").symlink_to(ours / "collections" / "ansible_collections" / "kubernetes")
    return {"GATEHOUSE_CACHE": str(cache), "ANSIBLE_COLLECTIONS_PATH": str(cache / "collections")}
