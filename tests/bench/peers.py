# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The peers to measure, with their commands and files.

Every peer gets its input as JSON, which all of them read faster than YAML, and its cluster by environment variables.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import chart
from bench.exposures import DEFAULTS, NAMESPACES, exposures, objects

Command = tuple[str, ...]
RELEASE_NAMESPACE = "bench-release"
_MODULE = "ansible_collections.gatehouse.istio.plugins.modules.istio_exposures"
_PLAY = """\
- name: Benchmark
  hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
"""
_PING = """\
    - name: Do nothing
      ansible.builtin.ping:
"""
_EXPOSURES = """\
    - name: Expose all applications
      gatehouse.istio.istio_exposures:
        defaults: "{{ defaults }}"
        %s
        prune:
          namespaces: "{{ namespaces }}"
"""
_IN_FILE, _IN_VARIABLE = 'src: "{{ src }}"', 'exposures: "{{ exposures }}"'
_LOOP = """\
    - name: Expose one application
      kubernetes.core.k8s:
        state: "{{ state }}"
        definition: "{{ item }}"
      loop: "{{ definitions }}"
      loop_control:
        label: "{{ item[0].metadata.name }}"
"""
_LIST = """\
    - name: Expose all applications
      kubernetes.core.k8s:
        state: "{{ state }}"
        definition: "{{ definitions }}"
"""
_GIVEN: dict[str, Any] = {"defaults": DEFAULTS, "namespaces": list(NAMESPACES)}


@dataclass(frozen=True)
class Site:
    """The directory of a peer's files, and the programs that it may run."""

    directory: Path
    kubectl: Path
    helm: Path
    collections: Path

    def write(self, name: str, content: str | Mapping[str, Any] | list[Any]) -> Path:
        """Write a file with this text, or with this content as JSON."""
        file = self.directory / name
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return file


@dataclass(frozen=True)
class Peer:
    """commands gives a peer's command for each work, in the order in which they are run, for so many exposures."""

    name: str
    commands: Callable[[Site, int], dict[str, Command]]
    most: int | None = None  # it takes too long for more exposures


def _ansible(site: Site, name: str, tasks: str) -> Callable[..., Command]:
    """The commands that run these tasks, each with a file of variables."""
    playbook = site.write(f"{name}.yml", _PLAY + tasks)

    def command(**variables: Any) -> Command:
        # The numbers distinguish the files of one playbook.
        file = site.write(f"{name}-{next(numbers)}.json", variables)
        return (str(Path(sys.executable).with_name("ansible-playbook")), str(playbook), "-e", f"@{file}")

    numbers = itertools.count(1)
    return command


def _works(as_wanted: Command, one_changed: Command, removal: Command) -> dict[str, Command]:
    return {"first": as_wanted, "nothing": as_wanted, "one": one_changed, "remove": removal}


def _istio_exposures(site: Site, count: int) -> dict[str, Command]:
    """The list is in its own file, like the objects for kubectl."""
    command = _ansible(site, "istio_exposures", _EXPOSURES % _IN_FILE)
    return _works(
        *(
            command(**_GIVEN, src=str(site.write(f"istio_exposures-{name}.list.json", listed)))
            for name, listed in _lists(count).items()
        )
    )


def _istio_exposures_vars(site: Site, count: int) -> dict[str, Command]:
    """The list is in a variable."""
    command = _ansible(site, "istio_exposures_vars", _EXPOSURES % _IN_VARIABLE)
    return _works(*(command(**_GIVEN, exposures=listed) for listed in _lists(count).values()))


def _lists(count: int) -> dict[str, list[dict[str, Any]]]:
    return {"wanted": exposures(count), "changed": exposures(count, one_changed=True), "none": []}


def _k8s_loop(site: Site, count: int) -> dict[str, Command]:
    """One iteration for both objects of an exposure, which is faster than one for each object."""
    command = _ansible(site, "k8s_loop", _LOOP)
    wanted = objects(exposures(count))
    return _works(
        command(state="present", definitions=wanted),
        command(state="present", definitions=objects(exposures(count, one_changed=True))),
        command(state="absent", definitions=wanted),
    )


def _k8s_list(site: Site, count: int) -> dict[str, Command]:
    command = _ansible(site, "k8s_list", _LIST)
    wanted = _flat(count)
    return _works(
        command(state="present", definitions=wanted),
        command(state="present", definitions=_flat(count, one_changed=True)),
        command(state="absent", definitions=wanted),
    )


def _kubectl_ssa(site: Site, count: int) -> dict[str, Command]:
    files = []
    for changed in (False, True):
        content = {"apiVersion": "v1", "kind": "List", "items": _flat(count, one_changed=changed)}
        files.append(str(site.write(f"kubectl-{changed:d}.json", content)))
    apply = (str(site.kubectl), "apply", "--server-side", "-f")
    delete = (str(site.kubectl), "delete", "--wait=false", "-f")
    return _works((*apply, files[0]), (*apply, files[1]), (*delete, files[0]))


def _helm(site: Site, count: int) -> dict[str, Command]:
    where = chart.write(site.directory / "chart")
    files = []
    for changed in (False, True):
        content = {**DEFAULTS, "exposures": exposures(count, one_changed=changed)}
        files.append(str(site.write(f"helm-{changed:d}.json", content)))
    release = ("bench", "--namespace", RELEASE_NAMESPACE)
    upgrade = (str(site.helm), "upgrade", "--install", *release, "--values")
    uninstall = (str(site.helm), "uninstall", *release)
    return _works((*upgrade, files[0], str(where)), (*upgrade, files[1], str(where)), uninstall)


def _flat(count: int, one_changed: bool = False) -> list[dict[str, Any]]:
    return [entry for pair in objects(exposures(count, one_changed)) for entry in pair]


def _ansible_nothing(site: Site, _count: int) -> dict[str, Command]:
    """The overhead of every peer with Ansible: ansible-playbook, and a module process that does nothing."""
    return {"start": _ansible(site, "ansible_nothing", _PING)()}


def _module_import(site: Site, _count: int) -> dict[str, Command]:
    code = f"import sys; sys.path.insert(0, {str(site.collections)!r}); import {_MODULE}"
    return {"start": (sys.executable, "-c", code)}


PEERS = (
    Peer("istio_exposures", _istio_exposures),
    Peer("istio_exposures_vars", _istio_exposures_vars),
    Peer("k8s_loop", _k8s_loop, most=20),
    Peer("k8s_list", _k8s_list, most=500),
    Peer("kubectl_ssa", _kubectl_ssa),
    Peer("helm", _helm),
)
# The time to start, which does not depend on the count, and is measured with 0 exposures.
STARTING = (Peer("ansible_nothing", _ansible_nothing), Peer("module_import", _module_import))
