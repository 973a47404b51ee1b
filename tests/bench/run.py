# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the peers in turns, verifies the result of each, and returns the rows."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.bed import Bed, State, key
from bench.exposures import exposures, objects
from bench.peers import STARTING, Command, Peer, Site
from bench.rows import Measurement, Row

_MEASURE = Path(__file__).with_name("measure.py")
Say = Callable[[str], None]


class PeerError(Exception):
    """A peer did not do its work. The message is one line with the reason."""


def repetitions_of(count: int) -> int:
    """Default number of repetitions. Long runs differ less from each other, so they need fewer."""
    return 5 if count < 100 else 3 if count < 1000 else 2


def turns(peers: Sequence[Peer], repetition: int) -> list[Peer]:
    """The order of peers for each repetition. Each is first in turn, so that none always follows the same one."""
    first = repetition % len(peers) if peers else 0
    return [*peers[first:], *peers[:first]]


def reason(output: str) -> str:
    """The line with the error in a peer's output."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "it said nothing")[:300]


@dataclass(frozen=True)
class Expected:
    """Expected objects in the cluster after each work."""

    wanted: State
    changed: State

    @staticmethod
    def of(count: int) -> Expected:
        return Expected(_state(count, one_changed=False), _state(count, one_changed=True))

    def after(self, work: str) -> State:
        return {"first": self.wanted, "nothing": self.wanted, "one": self.changed}.get(work, {})


def _state(count: int, one_changed: bool) -> State:
    pairs = objects(exposures(count, one_changed))
    return {key(entry): entry["spec"] for entry in itertools.chain.from_iterable(pairs)}


class Runner:
    """Measures in one directory, on one cluster."""

    def __init__(self, bed: Bed, site: Site, say: Say) -> None:
        self._bed = bed
        self._site = site
        self._say = say

    def warm_up(self, peers: Sequence[Peer]) -> None:
        """Run everything once without measuring, to fill the caches of the kernel, of Python and of the tools."""
        self._say("Warming up ...")
        expected = Expected.of(1)
        for peer in peers:
            for work, command in peer.commands(self._site, 1).items():
                try:
                    self._run(work, command, expected)
                except PeerError:
                    break  # it will fail again when it is measured
            self._bed.clear()

    def starting(self, repetitions: int) -> list[Row]:
        """The row of the time to start."""
        return list(self._measured(STARTING, 0, repetitions))[-1]

    def rows(self, peers: Sequence[Peer], count: int, repetitions: int) -> Iterator[list[Row]]:
        """The rows of this count after each repetition, so that results are not lost if a run is interrupted."""
        peers = [peer for peer in peers if peer.most is None or count <= peer.most]
        yield from self._measured(peers, count, repetitions)

    def _measured(self, peers: Sequence[Peer], count: int, repetitions: int) -> Iterator[list[Row]]:
        commands = {peer.name: peer.commands(self._site, count) for peer in peers}
        expected = Expected.of(count)
        runs: dict[tuple[str, str], list[Measurement]] = defaultdict(list)
        errors: dict[tuple[str, str], Row] = {}
        for repetition in range(repetitions):
            for peer in turns(peers, repetition):
                if peer.name in {name for name, _work in errors}:
                    continue
                try:
                    for work, command in commands[peer.name].items():
                        run = self._run(work, command, expected)
                        self._tell(peer.name, work, count, run)
                        runs[peer.name, work].append(run)
                except PeerError as error:
                    runs.pop((peer.name, work), None)
                    errors[peer.name, work] = Row(peer.name, work, count, error=str(error))
                    self._say(f"{count:>6} {peer.name:<20} {work:<8} FAILED: {error}")
                    self._bed.clear()
            yield [*(Row.of(peer, work, count, of) for (peer, work), of in runs.items()), *errors.values()]

    def _tell(self, peer: str, work: str, count: int, run: Measurement) -> None:
        self._say(
            f"{count:>6} {peer:<20} {work:<8} {run.seconds:8.2f} s  (CPU {run.cpu_seconds:.2f} s) "
            f"{run.requests:>7} requests {run.peak_memory_bytes / 1e6:7.0f} MB"
        )

    def _run(self, work: str, command: Command, expected: Expected) -> Measurement:
        if not self._bed.settle():
            self._say(
                "The cluster does not come to rest: somebody else uses this machine, or it has more to do than time."
            )
        self._bed.audit.mark()
        result, log = self._site.directory / "result.json", self._site.directory / "output.log"
        with log.open("w", encoding="utf-8") as output:
            subprocess.run(
                [sys.executable, "-I", "-S", str(_MEASURE), str(result), *command],
                env=environment(self._site, self._bed.kubeconfig),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=True,
            )
        measured = json.loads(result.read_text(encoding="utf-8"))
        if measured["exit_code"] != 0:
            raise PeerError(reason(log.read_text(encoding="utf-8", errors="replace")))
        # Reading the state also gives the API server the time to write the last line of its log.
        if self._bed.state() != expected.after(work):
            raise PeerError("it says that all is well, but the cluster's objects are not as they should be")
        return Measurement(
            seconds=measured["seconds"],
            cpu_seconds=measured["cpu_seconds"],
            peak_memory_bytes=measured["peak_memory_bytes"],
            requests=self._bed.audit.requests(),
        )


def environment(site: Site, kubeconfig: Path) -> Mapping[str, str]:
    """Environment variables of all peers, without the user's own settings."""
    home = site.directory / "home"
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    (home / "ansible.cfg").touch()
    return {
        "ANSIBLE_COLLECTIONS_PATH": str(site.collections),
        "ANSIBLE_CONFIG": str(home / "ansible.cfg"),
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "HOME": str(home),
        "K8S_AUTH_KUBECONFIG": str(kubeconfig),
        "KUBECONFIG": str(kubeconfig),
        "LC_ALL": "C.UTF-8",
        "PATH": os.environ["PATH"],
        "TMPDIR": str(temporary),
    }
