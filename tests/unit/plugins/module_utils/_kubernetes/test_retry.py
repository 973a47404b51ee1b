# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a request is sent again, by a clock of the tests' own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.retry import (
    RACES,
    RETRY_SECONDS,
    STARTING_SECONDS,
    Attempts,
    FailedAttempt,
    RetryPolicy,
    parse_retry_after,
)

LOST = FailedAttempt(None)
REFUSALS = [
    FailedAttempt(400),
    FailedAttempt(401),
    FailedAttempt(403),
    FailedAttempt(404),
    FailedAttempt(409),
    FailedAttempt(410),
    FailedAttempt(422),
    FailedAttempt(500),
]


@dataclass
class Server:
    """Requests to an API server that has answered before, or not. Who pauses sleeps at once."""

    answered: bool = True
    jitter: float = 1.0
    now: float = 1000.0
    patience: RetryPolicy = field(init=False)

    def __post_init__(self) -> None:
        self.patience = RetryPolicy(clock=lambda: self.now, jitter=lambda: self.jitter)
        if self.answered:
            self.patience.answered()

    def pause(self, failure: FailedAttempt, attempts: Attempts | None = None) -> float | None:
        return self.patience.pause(failure, attempts or Attempts())

    def pauses(self, failure: FailedAttempt) -> list[float]:
        """All pauses of one request that fails in the same way again and again."""
        attempts, result = Attempts(), []
        while (pause := self.pause(failure, attempts)) is not None:
            result.append(pause)
            self.now += pause
            assert len(result) < 10_000
        return result


@pytest.mark.parametrize("failure", REFUSALS, ids=str)
def test_what_is_refused_is_not_asked_again(failure: FailedAttempt) -> None:
    assert Server().pauses(failure) == []
    assert Server(answered=False).pauses(failure) == []


@pytest.mark.parametrize("failure", [LOST, FailedAttempt(502), FailedAttempt(503), FailedAttempt(504)], ids=str)
def test_a_server_that_goes_away(failure: FailedAttempt) -> None:
    result = Server().pauses(failure)
    assert result[:6] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0]
    assert sum(result) == pytest.approx(RETRY_SECONDS)
    assert Server(answered=False).pauses(failure) == []


def test_all_requests_wait_for_it_together() -> None:
    server = Server()
    assert sum(server.pauses(LOST)) == pytest.approx(RETRY_SECONDS)
    assert server.pauses(LOST) == [], "who comes later does not wait as long again"
    server.patience.answered()
    assert sum(server.pauses(LOST)) == pytest.approx(RETRY_SECONDS)


def test_a_refusal_is_an_answer() -> None:
    server = Server(answered=False)
    assert server.pause(FailedAttempt(404)) is None
    assert server.pause(LOST) is not None


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize(
    ("failure", "first"),
    [
        (FailedAttempt(429), 0.2),
        (FailedAttempt(429, retry_after=0), 0.2),
        (FailedAttempt(429, retry_after=1), 1.25),
        (FailedAttempt(503, retry_after=5), 6.25),
        (FailedAttempt(500, retry_after=5), 6.25),
    ],
    ids=str,
)
def test_a_busy_server(failure: FailedAttempt, first: float, answered: bool) -> None:
    result = Server(answered=answered).pauses(failure)
    assert result[0] == first
    assert RETRY_SECONDS - 5 <= sum(result) <= RETRY_SECONDS + 5


def test_a_busy_server_is_not_asked_before_the_time() -> None:
    assert min(Server(jitter=0.0).pauses(FailedAttempt(429, retry_after=3))) == 3
    assert Server().pauses(FailedAttempt(429, retry_after=RETRY_SECONDS + 1)) == []


def test_others_who_get_answers_do_not_make_a_request_wait_for_ever() -> None:
    server, attempts = Server(), Attempts()
    began = server.now
    while (pause := server.pause(FailedAttempt(429), attempts)) is not None:
        server.now += pause
        server.patience.answered()
    assert server.now - began == pytest.approx(RETRY_SECONDS)


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_many_do_not_come_back_all_at_once(jitter: float) -> None:
    server = Server(jitter=jitter)
    assert server.pause(LOST) == pytest.approx(0.1 + 0.1 * jitter)
    assert server.pause(FailedAttempt(429, retry_after=4)) == pytest.approx(4 + jitter)


def test_who_writes_at_the_same_time_tries_again_at_once() -> None:
    result = Server(jitter=0.5).pauses(FailedAttempt(409, race=True))
    assert len(result) == RACES
    assert sum(result) < 1


def test_what_is_final_is_final() -> None:
    assert Server().pauses(FailedAttempt(429, retry_after=1, final=True)) == []
    assert Server().pauses(FailedAttempt(None, final=True)) == []


@pytest.mark.parametrize("before", [LOST, FailedAttempt(503), FailedAttempt(503, retry_after=1)], ids=str)
def test_a_server_that_starts_does_not_know_its_roles_yet(before: FailedAttempt) -> None:
    server = Server()
    server.pause(before)
    assert sum(server.pauses(FailedAttempt(403))) == pytest.approx(STARTING_SECONDS)
    assert server.pauses(FailedAttempt(403)) == [], "then it is meant"


@pytest.mark.parametrize("failure", [failure for failure in REFUSALS if failure.status != 403], ids=str)
def test_other_refusals_are_meant(failure: FailedAttempt) -> None:
    server = Server()
    server.pause(LOST)
    assert server.pauses(failure) == []


def test_refused_while_starting_and_away_again() -> None:
    server = Server()
    for failure in (LOST, FailedAttempt(403), LOST):
        assert server.pause(failure) is not None
    server.now += RETRY_SECONDS - 1
    assert server.pause(LOST) is not None, "the time counts from when it was last heard of"


def test_one_after_the_other() -> None:
    """Each has its own time: an API server comes back, says when it is ready, and somebody else was first."""
    server, attempts = Server(), Attempts()
    began = server.now
    while server.now < began + RETRY_SECONDS - 1:
        server.now += server.pause(LOST, attempts) or pytest.fail("it gave up")
    for failure in (
        [FailedAttempt(403)] * 2 + [FailedAttempt(503, retry_after=5)] * 3 + [FailedAttempt(409, race=True)] * RACES
    ):
        pause = server.pause(failure, attempts)
        assert pause is not None, failure
        server.now += pause


@pytest.mark.parametrize(
    ("header", "expected"),
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
def test_retry_after(header: str | None, expected: float | None) -> None:
    assert parse_retry_after(header) == expected


def test_the_real_clock_and_jitter() -> None:
    patience = RetryPolicy()
    patience.answered()
    pauses: Callable[[], float | None] = lambda: patience.pause(LOST, Attempts())  # noqa: E731  (a name for three calls)
    result = {pauses() for _each in range(5)}
    assert len(result) > 1
    assert all(pause is not None and 0.1 <= pause <= 0.2 for pause in result)
