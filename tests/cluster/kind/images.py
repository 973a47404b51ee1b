# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images that run in a node: Kubernetes' components, Istio, and the back ends of the scenarios."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cluster.kind import archive, rootfs
from cluster.kind.archive import File, Image, program
from cluster.kind.commands import run

REGISTRY = "localhost"
HUB = f"{REGISTRY}/istio"
BACKEND = f"{REGISTRY}/backend:1"
_ISTIO_USER = "1337"
_CERT_MANAGER_USER = "1000"


@dataclass(frozen=True)
class Sources:
    """Sources of images: built programs, Debian's files, Envoy, and Istio's module."""

    programs: Path
    rootfs: Path
    envoy: Path
    istio: Path
    istio_version: str
    cert_manager_version: str


def component_names(programs: Path, kubernetes: str) -> dict[str, str]:
    """The images that kubeadm needs, by the last part of their names (such as `etcd`)."""
    listed = run(programs / "kubeadm", "config", "images", "list", f"--kubernetes-version=v{kubernetes}").split()
    return {name.rpartition("/")[2].partition(":")[0]: name for name in listed}


def write_all(sources: Sources, kubernetes: str, directory: Path) -> list[Path]:
    """Write every image as an archive to `directory`."""
    return [
        _write(directory, image, files)
        for image, files in [
            *_components(sources, kubernetes),
            *_istio(sources),
            *_cert_manager(sources),
            backend(sources.programs),
        ]
    ]


def write_backend(programs: Path, directory: Path) -> Path:
    """Write the image of the scenarios' back ends, also for a cluster with the other images from a registry."""
    return _write(directory, *backend(programs))


def _write(directory: Path, image: Image, files: Iterable[File]) -> Path:
    name = image.name.rpartition("/")[2].replace(":", "-")
    layer = archive.write_layer(directory / f"{name}.layer", files, directories=("/tmp",))  # noqa: S108  (of the image)
    archive.write_image(directory / f"{name}.tar", image, [layer])
    layer.unlink()
    return directory / f"{name}.tar"


def _components(sources: Sources, kubernetes: str) -> list[tuple[Image, list[File]]]:
    names = component_names(sources.programs, kubernetes)
    found = []
    for name, image in names.items():
        if name == "pause":
            found.append((Image(image, ("/pause", "-P")), [program("/pause", sources.rootfs / "usr/bin/catatonit")]))
        elif name == "coredns":
            found.append((Image(image, ("/coredns",)), [program("/coredns", sources.programs / name)]))
        else:
            own = program(f"/usr/local/bin/{name}", sources.programs / name)
            found.append((Image(image), [own, *(_firewall(sources.rootfs) if name == "kube-proxy" else ())]))
    return found


def _firewall(root: Path) -> list[File]:
    """nft, which kube-proxy uses to write its rules."""
    return [program(path, _resolved(root, path)) for path in rootfs.with_libraries(root, "/usr/sbin/nft")]


def _resolved(root: Path, path: str) -> Path:
    """The file of a path in the root file system, to whose root absolute links refer."""
    directory = (root / path.lstrip("/")).parent.resolve()
    return (directory / Path(path).name).resolve()


def _istio(sources: Sources) -> list[tuple[Image, list[File]]]:
    certificates = File("/etc/ssl/certs/ca-certificates.crt", sources.rootfs / "etc/ssl/certs/ca-certificates.crt")
    pilot = Image(f"{HUB}/pilot:{sources.istio_version}", ("/usr/local/bin/pilot-discovery",), user=_ISTIO_USER)
    proxy = Image(f"{HUB}/proxyv2:{sources.istio_version}", ("/usr/local/bin/pilot-agent",), user=_ISTIO_USER)
    bootstrap = "tools/packaging/common/envoy_bootstrap.json"
    agent = [
        program("/usr/local/bin/pilot-agent", sources.programs / "pilot-agent"),
        program("/usr/local/bin/envoy", sources.envoy),
        File("/var/lib/istio/envoy/envoy_bootstrap_tmpl.json", sources.istio / bootstrap),
        certificates,
        *_libraries_of_host(sources.envoy),
    ]
    return [
        (pilot, [program("/usr/local/bin/pilot-discovery", sources.programs / "pilot-discovery"), certificates]),
        (proxy, agent),
    ]


def _cert_manager(sources: Sources) -> list[tuple[Image, list[File]]]:
    """One program for all four images, selected by its first argument."""
    certificates = File("/etc/ssl/certs/ca-certificates.crt", sources.rootfs / "etc/ssl/certs/ca-certificates.crt")
    files = [program("/cert-manager", sources.programs / "cert-manager"), certificates]
    names = ("controller", "webhook", "cainjector", "acmesolver")
    return [
        (
            Image(
                f"{REGISTRY}/jetstack/cert-manager-{name}:v{sources.cert_manager_version}",
                ("/cert-manager", name),
                user=_CERT_MANAGER_USER,
            ),
            files,
        )
        for name in names
    ]


def _libraries_of_host(executable: Path) -> list[File]:
    """The shared libraries that the program uses on this host."""
    paths = []
    for line in run("ldd", executable).splitlines():
        words = line.split()
        path = words[2] if "=>" in words else words[0]
        if path.startswith("/"):
            paths.append(path)
    return [program(path, Path(path).resolve()) for path in paths]


def backend(programs: Path) -> tuple[Image, list[File]]:
    return Image(BACKEND, ("/backend",)), [program("/backend", programs / "backend")]
