# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""This repository as a project of AWX, and what the collection's archive has of the playbooks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from cluster.layout import REPOSITORY, cache_directory

PLAYBOOKS = ("expose", "install", "remove", "report")
REQUIREMENTS = REPOSITORY / "collections" / "requirements.yml"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """With the collections that the requirements name: installed by ansible-galaxy, as AWX does, or else linked."""
    directory = tmp_path_factory.mktemp("project")
    (directory / "ansible.cfg").touch()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHONPATH"))}
    paths = {"ANSIBLE_CONFIG": directory / "ansible.cfg", "ANSIBLE_HOME": directory / "home"}
    made = {**kept, "ANSIBLE_COLLECTIONS_PATH": str(directory)} | {name: str(path) for name, path in paths.items()}
    own, kubernetes = yaml.safe_load(REQUIREMENTS.read_text())["collections"]
    assert kubernetes["name"] == "kubernetes.core"
    (directory / "own.yml").write_text(yaml.safe_dump({"collections": [own]}))
    run(
        made, "ansible-galaxy", "collection", "install", "--no-deps", "-r", str(directory / "own.yml"), f"-p{directory}"
    )
    linked = cache_directory() / "collections" / "ansible_collections" / "kubernetes"
    (directory / "ansible_collections" / "kubernetes").symlink_to(linked.resolve())
    return made


def run(environment: Mapping[str, str], program: str, *arguments: str) -> str:
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_playbooks_find_the_collection(environment: Mapping[str, str]) -> None:
    output = run(environment, "ansible-playbook", "--list-tasks", *(f"playbooks/{name}.yml" for name in PLAYBOOKS))
    assert "gatehouse.istio.istio : " in output
    assert "gatehouse.istio.exposures : " in output
    assert "Read what is exposed" in output


def test_the_archive_has_the_playbooks_but_not_the_demo(environment: Mapping[str, str]) -> None:
    """The demo needs the embedded cluster, which is not in it."""
    root = Path(environment["ANSIBLE_COLLECTIONS_PATH"]) / "ansible_collections" / "gatehouse" / "istio"
    files = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    assert {path.stem for path in files if path.parent == Path("playbooks")} == set(PLAYBOOKS)
    assert [str(path) for path in files if "demo" in path.name] == []
    assert not (root / "collections").exists()
    assert (root / "playbooks" / "meta" / "argument_specs.yml").is_file()


def test_the_requirements_are_those_of_the_collection() -> None:
    listed = yaml.safe_load(REQUIREMENTS.read_text())["collections"]
    galaxy = yaml.safe_load((REPOSITORY / "galaxy.yml").read_text())
    assert {entry["name"]: entry["version"] for entry in listed if "version" in entry} == galaxy["dependencies"]


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_the_inventory_decides_where_a_playbook_runs(name: str) -> None:
    (play,) = yaml.safe_load((REPOSITORY / "playbooks" / f"{name}.yml").read_text())
    assert play["hosts"] == f"{{{{ {name}_on | default('localhost', true) }}}}"
    documented = yaml.safe_load((REPOSITORY / "playbooks" / "meta" / "argument_specs.yml").read_text())
    assert documented["argument_specs"][name]["options"][f"{name}_on"]["default"] == "localhost"
