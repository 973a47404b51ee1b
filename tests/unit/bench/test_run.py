# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns, repetitions and failures, with peers that need no cluster."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from bench.bed import Bed, State
from bench.peers import PEERS, Command, Peer, Site
from bench.run import Expected, Runner, reason, repetitions_of, turns

SLOW = ("sleep", "0.1")


class Audit:
    def mark(self) -> None:
        pass

    def requests(self) -> int:
        return 7


class Empty:
    """A cluster with nothing in it, at rest; it counts how often it was cleared."""

    audit = Audit()
    kubeconfig = Path("/kubeconfig")
    cleared = 0

    def settle(self) -> bool:
        return True

    def state(self) -> State:
        return {}

    def clear(self) -> None:
        self.cleared += 1


def peer(name: str, **commands: Command) -> Peer:
    return Peer(name, lambda _site, _count: commands)


@pytest.fixture
def bed() -> Empty:
    return Empty()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def runner(bed: Empty, said: list[str], tmp_path: Path) -> Runner:
    site = Site(tmp_path, Path("kubectl"), Path("helm"), tmp_path)
    return Runner(cast(Bed, bed), site, said.append)


def test_every_work_of_every_peer_is_a_row(runner: Runner, said: list[str]) -> None:
    peers = [peer("one", start=SLOW, remove=SLOW), peer("two", start=SLOW)]
    progress = list(runner.rows(peers, 0, 2))
    assert [row.repetitions for rows in progress for row in rows] == [1, 1, 1, 2, 2, 2]
    assert {(row.peer, row.work) for row in progress[-1]} == {("one", "start"), ("one", "remove"), ("two", "start")}
    assert all(row.seconds_min and row.seconds_min >= 0.1 and row.requests == 7 for row in progress[-1])
    # The second repetition begins with the second peer.
    assert [line.split()[1] for line in said] == ["one", "one", "two", "two", "one", "one"]


def test_a_failure_ends_the_peers_turn_and_nobody_elses(runner: Runner, bed: Empty) -> None:
    failing = ("sh", "-c", "echo 'Error: too large' >&2; exit 1")
    peers = [peer("bad", start=SLOW, one=failing, remove=SLOW), peer("good", start=SLOW)]
    rows = {(row.peer, row.work): row for row in list(runner.rows(peers, 0, 2))[-1]}
    assert set(rows) == {("bad", "start"), ("bad", "one"), ("good", "start")}
    assert rows["bad", "one"].error == "Error: too large"
    assert rows["bad", "one"].seconds_median is None
    assert rows["bad", "start"].repetitions == 1
    assert rows["good", "start"].repetitions == 2
    assert bed.cleared == 1


def test_a_peer_that_did_not_do_its_work_has_no_figure(runner: Runner) -> None:
    (row,) = list(runner.rows([peer("idle", first=SLOW)], 3, 1))[-1]
    assert row.error
    assert "objects are not as they should be" in row.error


def test_a_peer_is_left_out_where_it_takes_too_long(runner: Runner) -> None:
    slow = Peer("slow", lambda _site, _count: {"start": SLOW}, most=20)
    assert list(runner.rows([slow], 21, 1)) == [[]]


def test_warming_up_leaves_nothing_behind(runner: Runner, bed: Empty, said: list[str]) -> None:
    runner.warm_up([peer("bad", start=("false",)), peer("good", start=SLOW)])
    assert bed.cleared == 2
    assert said == ["Warming up ..."]


def test_what_is_there_after_each_work() -> None:
    expected = Expected.of(3)
    assert expected.after("first") == expected.after("nothing") != expected.after("one")
    assert len(expected.after("one")) == 6
    assert expected.after("remove") == expected.after("start") == {}


def test_everybody_is_first_once() -> None:
    assert [turns(PEERS, repetition)[0] for repetition in range(len(PEERS))] == list(PEERS)
    assert sorted(peer.name for peer in turns(PEERS, 3)) == sorted(peer.name for peer in PEERS)
    assert turns([], 1) == []


def test_the_more_exposures_the_fewer_repetitions() -> None:
    assert [repetitions_of(count) for count in (20, 500, 2000, 10000)] == [5, 3, 2, 2]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("TASK [x]\n\n[ERROR]: Task failed: no\nlocalhost : ok=0 failed=1\n", "[ERROR]: Task failed: no"),
        ("one\ntwo\n", "two"),
        ("", "it said nothing"),
        ("Error: " + "x" * 400, "Error: " + "x" * 293),
    ],
)
def test_why_a_peer_failed(output: str, expected: str) -> None:
    assert reason(output) == expected
