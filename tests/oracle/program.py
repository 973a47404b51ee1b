# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the Go program (tests/cluster/tools/oracle) what istiod would do."""

from __future__ import annotations

import copy
import json
import select
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest

_SECONDS = 60
# istiod's test server leaves 3 MB behind each time: after so many questions the program is started anew.
_QUESTIONS = 150


class OracleError(Exception):
    """The program does not accept a scenario, or ended."""


@dataclass(frozen=True)
class Scenario:
    """A cluster: objects as the API server returns them, and istiod's settings.

    writing is the exposure (namespace/name) whose objects are the newest: a task that is about to write them is asked,
    too.
    """

    objects: tuple[Manifest, ...]
    mesh: dict[str, Any] = field(default_factory=dict)
    scoped: bool = False  # PILOT_SCOPE_GATEWAY_TO_NAMESPACE
    writing: str = ""

    def of_kind(self, *kinds: str) -> list[Manifest]:
        return [entry for entry in self.objects if entry["kind"] in kinds]


@dataclass(frozen=True)
class Judged:
    """What Istio's validation says about an object."""

    kind: str
    name: str
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What istiod's code says about a scenario; pods is what it sends to each gateway pod, by namespace/name."""

    judged: tuple[Judged, ...]
    pods: dict[str, Any]


class Oracle:
    """The running program; it is started when it is first asked, and anew if it ended."""

    def __init__(self, program: Path) -> None:
        self.program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._asked = 0

    def __enter__(self) -> Oracle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def ask(self, scenario: Scenario) -> Answer:
        objects = [_with_names(entry) for entry in scenario.objects]
        return self._ask({"objects": objects, "mesh": scenario.mesh, "scoped": scenario.scoped})

    def judge(self, objects: Iterable[Manifest]) -> tuple[Judged, ...]:
        """Only what Istio's validation says."""
        return self._ask({"objects": list(objects), "only_validate": True}).judged

    def _ask(self, request: dict[str, Any]) -> Answer:
        line = self._answer(json.dumps(request))
        if not line:
            self.close()
            raise OracleError("it ended, or did not answer")
        answer = json.loads(line)
        if answer.get("error"):
            raise OracleError(answer["error"])
        judged = [
            Judged(entry["kind"], entry["name"], tuple(entry.get("errors", ())), tuple(entry.get("warnings", ())))
            for entry in answer["objects"] or []
        ]
        return Answer(tuple(judged), answer.get("pods") or {})

    def _answer(self, line: str) -> bytes:
        self._asked += 1
        if self._asked % _QUESTIONS == 0:
            self.close()
        process = self._process = self._process or self._start()
        if process.stdin is None or process.stdout is None:
            raise OracleError("it has no pipes")
        try:
            process.stdin.write(f"{line}\n".encode())
            process.stdin.flush()
        except BrokenPipeError:
            return b""
        # One answer is under way at a time, so nothing is left in the buffer.
        readable, _writable, _failed = select.select([process.stdout], [], [], _SECONDS)
        return process.stdout.readline() if readable else b""

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )


def _with_names(entry: Manifest) -> Manifest:
    """A VirtualService whose HTTP routes say where they are in it: istiod's routes carry their names."""
    if entry["kind"] != "VirtualService" or not entry["spec"].get("http"):
        return entry
    named = copy.deepcopy(entry)
    for index, route in enumerate(named["spec"]["http"]):
        route["name"] = route_name(index)
        for number, match in enumerate(route.get("match") or []):
            match["name"] = f"{number}"
    return named


def route_names(answer: Answer) -> set[str]:
    """Of all routes that istiod makes."""
    virtual_hosts = [host for pod in answer.pods.values() for hosts in pod["routes"].values() for host in hosts]
    return {route["name"] for host in virtual_hosts for route in host["routes"]}


def route_name(index: int, match: int | None = None) -> str:
    """The name of a route of Envoy, made of that of the VirtualService's route and that of its match."""
    return f"http[{index}]" if match is None else f"http[{index}].{match}"
