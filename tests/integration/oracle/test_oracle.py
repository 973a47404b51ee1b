# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our findings and URLs, and what istiod makes of generated objects. `make oracle` asks about many more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._options.argument_spec import EXPOSURE
from cluster import tools
from cluster.layout import cache_directory
from cluster.pki import KeyPair, ensure_ca
from oracle import compare, truth
from oracle.compare import Disagreement
from oracle.envoy import End
from oracle.gaps import gap_of
from oracle.generate import scenario
from oracle.ours import Said, said_about
from oracle.own import manifests_of, options
from oracle.program import Oracle, Scenario
from oracle.run import run, run_files
from support.every_option import exposures
from support.option_values import every_change

SEED, SCENARIOS, EXPOSURES = 1, 300, 1000
FILE = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec: {hosts: [shop.example.com], gateways: [front], http: [{route: [{destination: {host: web}}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: blog}
spec: {hosts: [blog.example.com], gateways: [front], http: [{route: [{destination: {host: blog}}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
"""


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    with Oracle(tools.prepare_oracle(cache_directory(), print)) as running:
        yield running


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory: Path = tmp_path_factory.mktemp("ca")
    authority = KeyPair(directory / "ca.crt", directory / "ca.key")
    ensure_ca(authority, "clients")
    return authority.certificate.read_text()


def test_findings_and_urls_are_what_istiod_does(oracle: Oracle) -> None:
    said: list[str] = []
    results = run(oracle, SEED, range(SCENARIOS), said.append)
    print("\n".join(results.summary()))
    assert said == [], "\n".join(said)


def test_lost_findings_are_noticed(oracle: Oracle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the test above might pass because it sees nothing."""

    def silent(given: Scenario) -> list[Said]:
        return [replace(said, findings=()) for said in said_about(given)]

    monkeypatch.setattr(compare, "said_about", silent)
    disagreements = [entry for number in range(40) for entry in _unknown(scenario(SEED, number), oracle)]
    assert {entry.about for entry in disagreements} >= {truth.UNLISTED, End.NO_CLUSTER.value}


def test_files_are_clusters(oracle: Oracle, tmp_path: Path) -> None:
    """Someone else's objects: what is right is not blamed, and what we do not know of would be said."""
    (tmp_path / "example.yaml").write_text(FILE)
    said: list[str] = []
    results = run_files(oracle, tmp_path, said.append)
    assert said == []
    assert results.counts["served and silent"] == 1
    assert results.counts["broken and told"] == 1


def _unknown(given: Scenario, oracle: Oracle) -> list[Disagreement]:
    return [entry for entry in compare.compare(given, oracle).disagreements if not gap_of(entry, given)]


def test_istio_accepts_the_objects_of_every_option(oracle: Oracle, ca: str) -> None:
    """With each value that the module accepts."""
    every = exposures("shop", ca)
    every[0]["routes"][0].pop("spec")  # what a raw field needs of others is the user's business
    refused = [
        (place, value, wrong)
        for place, value, options in every_change(EXPOSURE.argument_spec, every)
        if (wrong := _refused(oracle, options))
    ]
    assert refused == []


def test_istio_accepts_the_objects_of_generated_options(oracle: Oracle) -> None:
    random = Random(SEED)  # noqa: S311  (repeatable is what it must be)
    every = [options(random, "e") for _each in range(EXPOSURES)]
    assert sum(bool(manifests_of(entry)) for entry in every) > EXPOSURES / 2
    assert [(entry, wrong) for entry in every if (wrong := _refused(oracle, entry))] == []


def _refused(oracle: Oracle, options: Mapping[str, Any]) -> list[str]:
    """What Istio's validation, and so its webhook, refuses about an exposure's objects."""
    made = manifests_of(options)
    return [f"{entry.kind} {entry.name}: {error}" for entry in oracle.judge(made) for error in entry.errors]
