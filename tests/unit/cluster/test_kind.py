# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters of kind: what is written and decided before Docker has a part in it."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from cluster.errors import ClusterError
from cluster.kind import archive, lifecycle
from cluster.kind.archive import File, Image
from cluster.kind.engine import RUNC_WRAPPER, Engine, place_of

OURS = Engine("198.18.0.2", Path("/run/docker.sock"))
USERS = Engine("127.0.0.1")


def layer(directory: Path, name: str = "layer") -> Path:
    source = directory / "program"
    source.write_text("#!/bin/sh\n")
    files = [
        archive.program("/usr/bin/program", source),
        File("/etc/x.conf", content=b"x=1\n"),
        archive.symbolic_link("/usr/bin/alias", "program"),
    ]
    return archive.write_layer(directory / name, files, directories=("/tmp",))  # noqa: S108  (of the image)


def test_a_layer_holds_files_links_and_directories_for_everybody(tmp_path: Path) -> None:
    with tarfile.open(layer(tmp_path)) as tar:
        found = {entry.name: entry for entry in tar}
        content = tar.extractfile("etc/x.conf")
        assert content is not None
        assert content.read() == b"x=1\n"
    assert {name: (entry.mode, entry.uid, entry.mtime) for name, entry in found.items() if not entry.issym()} == {
        "tmp": (0o1777, 0, 0),
        "usr/bin/program": (0o755, 0, 0),
        "etc/x.conf": (0o644, 0, 0),
    }
    assert found["usr/bin/alias"].linkname == "program"


def test_the_same_files_make_the_same_layer(tmp_path: Path) -> None:
    assert layer(tmp_path, "one").read_bytes() == layer(tmp_path, "two").read_bytes()


def test_an_image_names_its_layers_by_their_digests(tmp_path: Path) -> None:
    one = layer(tmp_path)
    image = Image("localhost/x:1", ("/x", "-P"), user="1337", stop_signal="SIGRTMIN+3")
    target = archive.write_image(tmp_path / "x.tar", image, [one])
    digest = hashlib.sha256(one.read_bytes()).hexdigest()
    with tarfile.open(target) as tar:
        manifest = json.load(tar.extractfile("manifest.json") or io.BytesIO())
        config_file = tar.extractfile(manifest[0]["Config"]) or io.BytesIO()
        config_bytes = config_file.read()
        assert (tar.extractfile(f"{digest}/layer.tar") or io.BytesIO()).read() == one.read_bytes()
    assert manifest[0]["RepoTags"] == ["localhost/x:1"]
    assert manifest[0]["Layers"] == [f"{digest}/layer.tar"]
    assert manifest[0]["Config"] == f"{hashlib.sha256(config_bytes).hexdigest()}.json"
    config = json.loads(config_bytes)
    assert config["rootfs"]["diff_ids"] == [f"sha256:{digest}"]
    assert config["config"]["Entrypoint"] == ["/x", "-P"]
    assert config["config"]["User"] == "1337"
    assert config["config"]["StopSignal"] == "SIGRTMIN+3"
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("engine", "built", "networking"),
    [
        pytest.param(USERS, False, {"apiServerAddress": "127.0.0.1"}, id="ordinary"),
        pytest.param(
            USERS,
            True,
            {"apiServerAddress": "127.0.0.1", "disableDefaultCNI": True, "kubeProxyMode": "nftables"},
            id="built",
        ),
        pytest.param(
            OURS,
            True,
            {
                "apiServerAddress": "198.18.0.2",
                "apiServerPort": 6443,
                "disableDefaultCNI": True,
                "kubeProxyMode": "nftables",
            },
            id="built-on-our-docker",
        ),
    ],
)
def test_networking_is_kinds_own_unless_the_image_is_ours(
    engine: Engine, built: bool, networking: dict[str, Any]
) -> None:
    assert lifecycle.configuration(engine, built)["networking"] == networking


def test_every_node_port_is_published_under_its_own_number() -> None:
    configuration = lifecycle.configuration(OURS, built=True)
    patches = [yaml.safe_load(patch) for patch in configuration["kubeadmConfigPatches"]]
    given = patches[0]["apiServer"]["extraArgs"]
    assert given == [{"name": "service-node-port-range", "value": "30000-30015"}]
    mapped = configuration["nodes"][0]["extraPortMappings"]
    assert [item["containerPort"] for item in mapped] == list(range(30000, 30016))
    assert all(item["containerPort"] == item["hostPort"] for item in mapped)
    assert {item["listenAddress"] for item in mapped} == {"198.18.0.2"}


def test_an_ordinary_cluster_takes_ordinary_charts_and_images(tmp_path: Path) -> None:
    kind: Any = SimpleNamespace(engine=USERS, directory=tmp_path)
    variables = lifecycle.variables_of(kind, Path("/helm"), None)
    assert not [name for name in variables if "source" in name or "hub" in name or "values" in name]


def test_a_built_cluster_takes_what_is_in_its_image(tmp_path: Path) -> None:
    kind: Any = SimpleNamespace(engine=OURS, directory=tmp_path)
    variables = lifecycle.variables_of(kind, Path("/helm"), Path("/charts"))
    assert variables["istio_chart_source"] == "/charts"
    assert variables["istio_hub"] == "localhost/istio"
    assert variables["gateway_address"] == "198.18.0.2"
    for name in ("istio_istiod_values_files", "istio_gateway_values_files"):
        assert isinstance(yaml.safe_load(Path(variables[name][0]).read_text()), dict)


def test_a_directory_that_is_no_clusters_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ClusterError, match=r"is not the directory of a cluster \(it has no kind.yml\): nothing done"):
        lifecycle.stop(tmp_path, print)
    assert (tmp_path / "thesis.txt").exists()


def test_each_cache_has_a_docker_of_its_own() -> None:
    one, two = place_of(Path("/one/.cache")), place_of(Path("/two/.cache"))
    assert one.link != two.link
    assert one.address(1) != two.address(1)
    assert len(one.link) <= 15  # IFNAMSIZ, with its closing zero, is 16
    last = [int(one.address(number).rpartition(".")[2]) for number in (1, 2)]
    assert [number % 4 for number in last] == [1, 2]
    assert last[0] // 4 == last[1] // 4


@pytest.mark.parametrize("flag", ["--bundle", "-b", "--process", "-p"])
def test_the_wrapper_takes_the_capability_out_and_hands_over(tmp_path: Path, flag: str) -> None:
    runc = tmp_path / "runc"
    runc.write_text('#!/bin/sh\necho "$@"\n')
    runc.chmod(0o755)
    is_bundle = flag in ("--bundle", "-b")
    file = tmp_path / ("config.json" if is_bundle else "process.json")
    capabilities = ["CAP_SYS_RESOURCE", "CAP_CHOWN"], ["CAP_CHOWN", "CAP_SYS_RESOURCE"], ["CAP_KILL"]
    file.write_text(json.dumps(capabilities, separators=(",", ":")))
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(RUNC_WRAPPER)
    arguments = ["--root", "/r", "create", flag, str(tmp_path if is_bundle else file), "id"]
    done = subprocess.run(
        ["/bin/sh", wrapper, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
    )
    assert done.stdout.split() == arguments
    assert json.loads(file.read_text()) == [["CAP_CHOWN"], ["CAP_CHOWN"], ["CAP_KILL"]]
