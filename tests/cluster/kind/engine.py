# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker: the running one, or our own.

Ours runs in its own namespaces. Its bridges and firewall rules are in its network namespace, its containers in its
pid namespace, its mounts in its mount namespace, so all of them end with its one process, also if that is killed. A
pair of virtual interfaces connects it to the host, which gets no firewall rules, routes or forwarding.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cluster.errors import ClusterError
from cluster.kind.commands import install, run, succeeds
from cluster.layout import Layout, private_directory, write_private
from cluster.processes import Process, Program, stop

Say = Callable[[str], None]
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_PACKAGES = {
    "dockerd": "docker.io",
    "docker": "docker.io",
    "iptables": "iptables",
    "ip": "iproute2",
    "nsenter": "util-linux",
}
_CAP_SYS_RESOURCE = 24
RUNC_WRAPPER = """#!/bin/sh
# runc for a machine that lacks a capability which Docker gives to privileged containers.
previous=
for argument in "$@"; do
    case $previous in
        --bundle | -b) file=$argument/config.json ;;
        --process | -p) file=$argument ;;
    esac
    previous=$argument
done
[ -z "${file-}" ] || sed -i 's/"CAP_SYS_RESOURCE",//g; s/,"CAP_SYS_RESOURCE"//g' "$file"
exec runc "$@"
"""


class UnavailableError(ClusterError):
    """kind cannot run here, because Docker is not running and cannot be started."""


@dataclass(frozen=True)
class Engine:
    """A Docker engine. `address` is the address of its published ports."""

    address: str
    socket: Path | None = None

    @property
    def is_ours(self) -> bool:
        return self.socket is not None

    @property
    def environment(self) -> dict[str, str]:
        """The environment of programs that use this engine."""
        return {"DOCKER_HOST": f"unix://{self.socket}"} if self.socket else {}

    def docker(self, *arguments: str, stdin: Path | None = None) -> str:
        return run("docker", *arguments, stdin=stdin, environment=self.environment)

    def succeeds(self, *arguments: str) -> bool:
        return succeeds("docker", *arguments, environment=self.environment)

    def has_image(self, name: str) -> bool:
        return self.succeeds("image", "inspect", name)


@dataclass(frozen=True)
class Place:
    """Paths and names of a cache's own Docker. They depend on the cache's path, so caches do not conflict."""

    layout: Layout

    @property
    def _digest(self) -> bytes:
        return hashlib.sha256(str(self.layout.root).encode()).digest()

    @property
    def runtime(self) -> Path:
        """The directory of sockets, whose paths must be short."""
        return Path("/run") / self.link

    @property
    def socket(self) -> Path:
        return self.runtime / "docker.sock"

    @property
    def link(self) -> str:
        """The host's interface of the pair. A name has at most 15 characters."""
        return f"gatehouse-{self._digest[:2].hex()}"

    def address(self, number: int) -> str:
        """The address of the host (1) or of Docker (2), in a /30 network of the range of RFC 2544 for tests."""
        return f"198.18.{self._digest[2]}.{self._digest[3] & 0xFC | number}"


def place_of(cache: Path) -> Place:
    return Place(Layout((cache / "kind" / "engine").resolve()))


def find(cache: Path, say: Say) -> Engine:
    """The running Docker, or our own, which is started if necessary."""
    if (engine := existing(cache)) is not None:
        return engine
    if os.geteuid() != 0:
        raise UnavailableError(
            "kind needs Docker: none answers this user, and only root could start one here. Start Docker, or be root."
        )
    began = time.monotonic()
    try:
        installed = install(_PACKAGES)
    except ClusterError as error:
        raise UnavailableError(f"kind needs Docker, and it could not be installed here. {error}") from error
    if installed:
        say(f"Installed {', '.join(installed)} ({time.monotonic() - began:.0f} s)")
    stop_own(cache, say)  # what a killed engine has left
    return _start(place_of(cache), say)


def existing(cache: Path) -> Engine | None:
    """The running Docker, our own or the host's."""
    place = place_of(cache)
    ours = Engine(place.address(2), place.socket)
    if Process(place.layout, "dockerd").running() is not None and ours.succeeds("info"):
        return ours
    return Engine("127.0.0.1") if succeeds("docker", "info") else None


def _start(place: Place, say: Say) -> Engine:
    began = time.monotonic()
    place.layout.make()
    private_directory(place.runtime)
    process = Process(place.layout, "dockerd")
    process.start(Program("dockerd", (*_namespaces(), "dockerd", *_options(place))))
    engine = Engine(place.address(2), place.socket)
    try:
        _connect(place)
        while not engine.succeeds("info"):
            if process.died() or time.monotonic() - began > _START_SECONDS:
                raise UnavailableError(f"kind needs Docker, and dockerd does not start here. {process.death_notice()}")
            time.sleep(0.1)
    except ClusterError:
        stop_own(place.layout.root.parent.parent, lambda _text: None)
        raise
    if left := engine.docker("ps", "--all", "--quiet").split():
        engine.docker("rm", "--force", "--volumes", *left)  # of a killed engine
    say(f"Docker is up, in namespaces of its own ({time.monotonic() - began:.1f} s)")
    return engine


def _namespaces() -> tuple[str, ...]:
    return ("unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "slave")


def _options(place: Place) -> tuple[str, ...]:
    options = (
        f"--data-root={place.layout.root / 'data'}",
        f"--exec-root={place.runtime / 'exec'}",
        f"--pidfile={place.runtime / 'docker.pid'}",
        f"--host=unix://{place.socket}",
        f"--cgroup-parent={place.link}",
    )
    if has_capability(_CAP_SYS_RESOURCE):
        return options
    wrapper = write_private(place.layout.root / "runc", RUNC_WRAPPER)
    wrapper.chmod(0o700)
    return (*options, f"--add-runtime=trimmed={wrapper}", "--default-runtime=trimmed")


def has_capability(number: int) -> bool:
    """Whether this process has a Linux capability, by its number (capabilities(7))."""
    status = Path("/proc/self/status").read_text().splitlines()
    effective = next(line.split()[1] for line in status if line.startswith("CapEff:"))
    return bool(int(effective, 16) >> number & 1)


def _connect(place: Place) -> None:
    """Create the pair of interfaces. The kernel removes it with the network namespace."""
    record = Process(place.layout, "dockerd").record()
    assert record is not None  # just started
    _wait_for_namespace(record.pid)
    inside = ("nsenter", f"--net=/proc/{record.pid}/ns/net", "ip")
    run("ip", "link", "add", place.link, "type", "veth", "peer", "name", "host", "netns", str(record.pid))
    run("ip", "address", "add", f"{place.address(1)}/30", "dev", place.link)
    run("ip", "link", "set", place.link, "up")
    run(*inside, "link", "set", "lo", "up")
    run(*inside, "address", "add", f"{place.address(2)}/30", "dev", "host")
    run(*inside, "link", "set", "host", "up")


def _wait_for_namespace(pid: int) -> None:
    """Wait until unshare has left the host's network."""
    deadline = time.monotonic() + 5
    here = Path("/proc/self/ns/net").readlink()
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/ns/net").readlink() != here:
                return
        except FileNotFoundError:
            break
        time.sleep(0.01)
    raise UnavailableError("kind needs Docker, and this machine gives it no network namespace of its own.")


def stop_own(cache: Path, say: Say) -> None:
    """Stop our own Docker if it is running, and remove what it has outside its namespaces. Its images stay."""
    place = place_of(cache)
    process = Process(place.layout, "dockerd")
    began = time.monotonic()
    ran = process.running() is not None
    stop([process], grace=_STOP_SECONDS)
    if succeeds("ip", "link", "show", place.link):
        succeeds("ip", "link", "delete", place.link)  # the kernel may have removed it already
    shutil.rmtree(place.runtime, ignore_errors=True)
    # Some kinds of groups are below our own group.
    groups = sorted(Path("/sys/fs/cgroup").glob(f"**/{place.link}"))
    for group in groups:
        _thaw(group)
    for group in groups:
        _remove_cgroup(group)
    if ran:
        say(f"Docker ended ({time.monotonic() - began:.1f} s)")


def _thaw(group: Path) -> None:
    """Whoever creates a container freezes it for a moment. A process that is frozen ends only when it is thawed."""
    for state, thawed in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
        for file in group.glob(f"**/{state}"):
            with contextlib.suppress(OSError):  # the group is gone, or is the root, which has no state of its own
                file.write_text(thawed)


def _remove_cgroup(group: Path) -> None:
    """Remove the directories (their files cannot be removed) when the last process has ended."""
    deadline = time.monotonic() + _STOP_SECONDS
    for directory, _directories, _files in os.walk(group, topdown=False):
        while True:
            try:
                Path(directory).rmdir()
            except OSError as error:
                if error.errno != errno.EBUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                break
