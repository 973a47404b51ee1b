# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which programs are used, and when they are built."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster import charts, golang, tools
from cluster.errors import ClusterError


@pytest.mark.parametrize(
    ("name", "answer", "reason"),
    [
        ("kubectl", "Client Version: v1.37.2\nKustomize Version: v5.5.0", ""),
        ("kubectl", "Client Version: v1.36.0", ""),
        ("kubectl", "Client Version: v1.38.1", ""),
        ("kubectl", "Client Version: v1.32.4-dispatcher", "it is 1.32, more than one minor version from 1.37"),
        ("kube-apiserver", "Kubernetes v1.36.9", ""),
        ("kube-apiserver", "Kubernetes v1.33.0", "it is 1.33, more than one minor version from 1.37"),
        ("kube-apiserver", "Kubernetes v2.37.0", "it is 2.37, more than one minor version from 1.37"),
        ("helm", "v4.3.1+g1234567", ""),
        ("helm", "v3.18.0+g1234567", ""),
        ("helm", "v3.17.9+g1234567", "it is 3.17, and at least 3.18 is needed"),
        ("etcd", "etcd Version: 3.6.6", ""),
        ("etcd", "etcd Version: 3.5.1", "with etcd before 3.6 watches lag by seconds"),
        ("etcd", "Segmentation fault", "it does not tell its version (it says 'Segmentation fault')"),
    ],
)
def test_a_program_of_the_users_is_used_if_it_fits(name: str, answer: str, reason: str) -> None:
    assert tools.refusal(name, answer, "1.37.2") == reason


def fake(directory: Path, name: str, answer: str) -> Path:
    directory.mkdir(exist_ok=True)
    program = directory / name
    program.write_text(f"#!/bin/sh\necho '{answer}'\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A cache in which everything is built."""
    cache = tmp_path / "cache"
    for tool in tools.GO_TOOLS:
        tools.bin_directory(cache).mkdir(parents=True, exist_ok=True)
        (tools.bin_directory(cache) / tool.name).touch()
        tools.stamp_file(cache, tool).write_text(tools.sources(tool))
    charts.directory(cache).mkdir()
    (charts.directory(cache) / ".stamp").write_text(f"{tools.ISTIO_VERSION} {tools.sources()}")
    return cache


def test_what_is_built_is_reused_without_go(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    said: list[str] = []
    found = tools.prepare(built, said.append)
    assert (found.kubectl, said) == (built / "tools" / "bin" / "kubectl", [])


def test_binaries_of_envtest_come_first(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = fake(tmp_path / "assets", "etcd", "etcd Version: 3.6.6")
    old = fake(tmp_path / "assets", "kube-apiserver", "Kubernetes v1.30.0")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    said: list[str] = []
    found = tools.prepare(built, said.append)
    assert (found.etcd, found.kube_apiserver) == (own, built / "tools" / "bin" / "kube-apiserver")
    assert f"kube-apiserver: not using {old}: it is 1.30, more than one minor version from 1.37" in said


def test_a_program_on_the_path_saves_its_build(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools.stamp_file(built, next(tool for tool in tools.GO_TOOLS if tool.name == "helm")).unlink()
    own = fake(tmp_path / "path", "helm", "v4.0.0+g1234567")
    monkeypatch.setenv("PATH", f"{tmp_path}/path:/bin")
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    assert tools.prepare(built, print).helm == own


def test_other_sources_or_an_unfinished_build_do_not_count(built: Path) -> None:
    etcd, server, *_rest = tools.GO_TOOLS
    tools.stamp_file(built, etcd).write_text("sources of yesterday")
    (tools.bin_directory(built) / server.name).unlink()
    assert not tools.is_built(built, etcd)
    assert not tools.is_built(built, server)


def test_a_missing_envoy_is_one_sentence(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVOY", "/nonexistent/envoy")
    with pytest.raises(
        ClusterError, match=r"^ENVOY names /nonexistent/envoy, which does not exist: correct or unset it\.$"
    ):
        tools.prepare(built, print)


def test_versions_are_those_of_go_mod() -> None:
    major, minor, patch = tools.pinned("k8s.io/kubernetes").split(".")
    assert f"gitVersion=v{major}.{minor}.{patch}" in tools.linker_flags()
    assert f"gitMinor={minor}" in tools.linker_flags()
    assert tools.ISTIO_VERSION in tools.linker_flags()
    with pytest.raises(ClusterError, match=r"does not require example\.com/none"):
        tools.pinned("example.com/none")


def test_the_packages_are_tools_of_go_mod() -> None:
    """So that `go mod tidy` keeps their requirements."""
    go_mod = (tools.MODULE / "go.mod").read_text()
    others = [tool.package for tool in tools.GO_TOOLS if not tool.package.startswith("./")]
    assert [package for package in others if f"\t{package}\n" not in go_mod] == []


@pytest.mark.parametrize(
    ("text", "version"),
    [("go1.26.8", (1, 26, 8)), ("1.26.0", (1, 26, 0)), ("go1.27", (1, 27, 0)), ("devel", (0,))],
)
def test_versions_of_go(text: str, version: tuple[int, ...]) -> None:
    assert golang.parse_version(text) == version


def test_the_version_that_go_mod_wants() -> None:
    assert golang.wanted_version("module x\n\ngo 1.26.0\n") == (1, 26, 0)
    with pytest.raises(ClusterError):
        golang.wanted_version("module x\n")


def test_charts_of_all_releases_lie_side_by_side(tmp_path: Path) -> None:
    """As writable copies: everything in Go's module cache is read-only."""
    released = [charts.istio(tmp_path / "istio", "1.31.0"), charts.cert_manager(tmp_path / "cm", "v1.21.2")]
    for release in released:
        for name, source in release.directories.items():
            source.mkdir(parents=True)
            for file, text in (("Chart.yaml", f"name: {name}\nversion: v0.0.0\n"), ("values.yaml", "")):
                (source / file).write_text(text)
                (source / file).chmod(0o444)
    charts.copy(released, tmp_path / "cache", "1.31.0", "sources")
    copied = charts.directory(tmp_path / "cache")
    assert charts.are_current(tmp_path / "cache", "1.31.0", "sources")
    versions = {file.parent.name: file.read_text().split("version: ")[1] for file in copied.glob("*/Chart.yaml")}
    istio = dict.fromkeys(("base", "istiod", "cni", "gateway"), "1.31.0\n")
    assert versions == istio | {"cert-manager": "v1.21.2\n"}
    (copied / "cert-manager" / "values.yaml").write_text("mine: 1")


def test_charts_carry_the_release() -> None:
    chart = "name: base\n# a comment\nversion: 1.0.0\nappVersion: 1.0.0\n"
    assert charts.with_version(chart, "1.31.0") == "name: base\n# a comment\nversion: 1.31.0\nappVersion: 1.31.0\n"
    values = 'global:\n    tag: latest\n  tag: ""\n'
    assert charts.with_tag(values, "1.31.0") == 'global:\n    tag: 1.31.0\n  tag: ""\n'
