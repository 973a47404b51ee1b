# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a request is sent again, by a clock of the tests' own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.retry import (
    LONGEST_SECONDS,
    RACES,
    STARTING_SECONDS,
    Attempts,
    Failure,
    Patience,
    seconds,
)

LOST = Failure(None)
REFUSALS = [
    Failure(400),
    Failure(401),
    Failure(403),
    Failure(404),
    Failure(409),
    Failure(410),
    Failure(422),
    Failure(500),
]


@dataclass
class Server:
    """Requests to an API server that has answered before, or not. Who pauses sleeps at once."""

    answered: bool = True
    dice: float = 1.0
    now: float = 1000.0
    patience: Patience = field(init=False)

    def __post_init__(self) -> None:
        self.patience = Patience(clock=lambda: self.now, dice=lambda: self.dice)
        if self.answered:
            self.patience.answered()

    def pause(self, failure: Failure, attempts: Attempts | None = None) -> float | None:
        return self.patience.pause(failure, attempts or Attempts())

    def pauses(self, failure: Failure) -> list[float]:
        """All pauses of one request that fails in the same way again and again."""
        attempts, found = Attempts(), []
        while (pause := self.pause(failure, attempts)) is not None:
            found.append(pause)
            self.now += pause
            assert len(found) < 10_000
        return found


@pytest.mark.parametrize("failure", REFUSALS, ids=str)
def test_what_is_refused_is_not_asked_again(failure: Failure) -> None:
    assert Server().pauses(failure) == []
    assert Server(answered=False).pauses(failure) == []


@pytest.mark.parametrize("failure", [LOST, Failure(502), Failure(503), Failure(504)], ids=str)
def test_a_server_that_goes_away(failure: Failure) -> None:
    found = Server().pauses(failure)
    assert found[:6] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0]
    assert sum(found) == pytest.approx(LONGEST_SECONDS)
    assert Server(answered=False).pauses(failure) == []


def test_all_requests_wait_for_it_together() -> None:
    server = Server()
    assert sum(server.pauses(LOST)) == pytest.approx(LONGEST_SECONDS)
    assert server.pauses(LOST) == [], "who comes later does not wait as long again"
    server.patience.answered()
    assert sum(server.pauses(LOST)) == pytest.approx(LONGEST_SECONDS)


def test_a_refusal_is_an_answer() -> None:
    server = Server(answered=False)
    assert server.pause(Failure(404)) is None
    assert server.pause(LOST) is not None


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize(
    ("failure", "first"),
    [
        (Failure(429), 0.2),
        (Failure(429, retry_after=0), 0.2),
        (Failure(429, retry_after=1), 1.25),
        (Failure(503, retry_after=5), 6.25),
        (Failure(500, retry_after=5), 6.25),
    ],
    ids=str,
)
def test_a_busy_server(failure: Failure, first: float, answered: bool) -> None:
    found = Server(answered=answered).pauses(failure)
    assert found[0] == first
    assert LONGEST_SECONDS - 5 <= sum(found) <= LONGEST_SECONDS + 5


def test_a_busy_server_is_not_asked_before_the_time() -> None:
    assert min(Server(dice=0.0).pauses(Failure(429, retry_after=3))) == 3
    assert Server().pauses(Failure(429, retry_after=LONGEST_SECONDS + 1)) == []


def test_others_who_get_answers_do_not_make_a_request_wait_for_ever() -> None:
    server, attempts = Server(), Attempts()
    began = server.now
    while (pause := server.pause(Failure(429), attempts)) is not None:
        server.now += pause
        server.patience.answered()
    assert server.now - began == pytest.approx(LONGEST_SECONDS)


@pytest.mark.parametrize("dice", [0.0, 0.5, 1.0])
def test_many_do_not_come_back_all_at_once(dice: float) -> None:
    server = Server(dice=dice)
    assert server.pause(LOST) == pytest.approx(0.1 + 0.1 * dice)
    assert server.pause(Failure(429, retry_after=4)) == pytest.approx(4 + dice)


def test_who_writes_at_the_same_time_tries_again_at_once() -> None:
    found = Server(dice=0.5).pauses(Failure(409, race=True))
    assert len(found) == RACES
    assert sum(found) < 1


def test_what_is_final_is_final() -> None:
    assert Server().pauses(Failure(429, retry_after=1, final=True)) == []
    assert Server().pauses(Failure(None, final=True)) == []


@pytest.mark.parametrize("before", [LOST, Failure(503), Failure(503, retry_after=1)], ids=str)
def test_a_server_that_starts_does_not_know_its_roles_yet(before: Failure) -> None:
    server = Server()
    server.pause(before)
    assert sum(server.pauses(Failure(403))) == pytest.approx(STARTING_SECONDS)
    assert server.pauses(Failure(403)) == [], "then it is meant"


@pytest.mark.parametrize("failure", [failure for failure in REFUSALS if failure.status != 403], ids=str)
def test_other_refusals_are_meant(failure: Failure) -> None:
    server = Server()
    server.pause(LOST)
    assert server.pauses(failure) == []


def test_refused_while_starting_and_away_again() -> None:
    server = Server()
    for failure in (LOST, Failure(403), LOST):
        assert server.pause(failure) is not None
    server.now += LONGEST_SECONDS - 1
    assert server.pause(LOST) is not None, "the time counts from when it was last heard of"


def test_one_after_the_other() -> None:
    """Each has its own time: an API server comes back, says when it is ready, and somebody else was first."""
    server, attempts = Server(), Attempts()
    began = server.now
    while server.now < began + LONGEST_SECONDS - 1:
        server.now += server.pause(LOST, attempts) or pytest.fail("it gave up")
    for failure in [Failure(403)] * 2 + [Failure(503, retry_after=5)] * 3 + [Failure(409, race=True)] * RACES:
        pause = server.pause(failure, attempts)
        assert pause is not None, failure
        server.now += pause


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("1", 1.0),
        ("0", 0.0),
        (" 2 ", 2.0),
        ("1.5", 1.5),
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("inf", None),
        ("nan", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_retry_after(header: str | None, found: float | None) -> None:
    assert seconds(header) == found


def test_the_real_clock_and_dice() -> None:
    patience = Patience()
    patience.answered()
    pauses: Callable[[], float | None] = lambda: patience.pause(LOST, Attempts())  # noqa: E731  (a name for three calls)
    found = {pauses() for _each in range(5)}
    assert len(found) > 1
    assert all(pause is not None and 0.1 <= pause <= 0.2 for pause in found)
