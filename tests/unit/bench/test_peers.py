# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All peers are given the same exposures."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.exposures import NAMESPACES, exposures, objects
from bench.peers import PEERS, Site
from bench.rows import WORKS
from cluster import tools
from cluster.layout import cache_directory

LOCATED = tools.located(cache_directory())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, LOCATED.kubectl, LOCATED.helm, cache_directory() / "collections")


def given(commands: dict[str, tuple[str, ...]], work: str) -> Any:
    """The content of the JSON file that the command of this work reads."""
    file = next(part.removeprefix("@") for part in commands[work] if part.endswith(".json"))
    return json.loads(Path(file).read_text())


def test_exposures_are_spread_over_namespaces() -> None:
    pairs = objects(exposures(25))
    assert [len(pair) for pair in pairs] == [2] * 25
    assert {entry["metadata"]["namespace"] for pair in pairs for entry in pair} == set(NAMESPACES)
    assert len({entry["spec"]["hosts"][0] for _gateway, entry in pairs}) == 25


def test_one_changed_is_one_changed() -> None:
    changes = [new for old, new in zip(exposures(25), exposures(25, one_changed=True), strict=True) if old != new]
    assert [(change["name"], change["routes"][0]["timeout"]) for change in changes] == [("app-00012", "11s")]


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_every_peer_has_a_command_for_each_work(site: Site, peer: Any) -> None:
    commands = peer.commands(site, 3)
    assert tuple(commands) == WORKS
    assert commands["first"] == commands["nothing"]
    assert len({commands["first"], commands["one"], commands["remove"]}) == 3


@pytest.mark.parametrize("name", ["k8s_loop", "k8s_list", "kubectl_ssa"])
def test_the_others_are_given_the_objects_that_istio_exposures_makes(site: Site, name: str) -> None:
    commands = next(peer for peer in PEERS if peer.name == name).commands(site, 3)
    for work in ("first", "one"):
        content = given(commands, work)
        found = content.get("items") or content["definitions"]
        pairs = objects(exposures(3, one_changed=work == "one"))
        assert found == (pairs if name == "k8s_loop" else [entry for pair in pairs for entry in pair])


def test_the_chart_makes_the_same_objects(site: Site) -> None:
    helm = shutil.which(LOCATED.helm)
    if helm is None:
        pytest.skip("Helm is not built yet: `make tools` builds it.")
    commands = next(peer for peer in PEERS if peer.name == "helm").commands(site, 3)
    *_upgrade, values, chart = commands["one"]
    rendered = subprocess.run([helm, "template", chart, "--values", values], capture_output=True, text=True, check=True)
    made = [document for document in yaml.safe_load_all(rendered.stdout) if document]
    wanted = [entry for pair in objects(exposures(3, one_changed=True)) for entry in pair]
    assert sorted(made, key=json.dumps) == sorted(wanted, key=json.dumps)
