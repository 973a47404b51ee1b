# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""When a request is retried, and after which pause. Pure, except for its clock and its random numbers."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

# An API server that is stopped refuses connections as long as it waits for those that it has: up to 60 s, of which
# kubelets give it 30. Then it takes a few seconds to start.
RETRY_SECONDS = 60.0
# Right after its start it knows no roles, for less than a second on a machine that is not overloaded. (To kinds that it
# does not know yet it says 503, and when to come again.)
STARTING_SECONDS = 15.0
RACES = 5
_SHORTEST, _LONGEST = 0.2, 5.0
_LONGEST_CONFLICT = 2.0


@dataclass(frozen=True)
class FailedAttempt:
    """A failed attempt of a request.

    status is HTTP's (None: the connection was lost); retry_after in seconds; race: a 409 that only says that somebody
    else wrote at the same time; final: another attempt would fail, too.
    """

    status: int | None
    retry_after: float | None = None
    race: bool = False
    final: bool = False

    @property
    def is_busy(self) -> bool:
        """As kubectl defines it: too many requests, or a server error with Retry-After."""
        return self.status == 429 or (self.is_of_server and self.retry_after is not None)

    @property
    def is_of_server(self) -> bool:
        return self.status is not None and self.status >= 500

    @property
    def is_away(self) -> bool:
        """Without an answer, or with that of a proxy whose API server does not answer."""
        return self.status in (None, 502, 503, 504)


@dataclass
class Attempts:
    """The attempts of one request so far."""

    failed: int = 0
    races: int = 0
    busy_since: float | None = None


@dataclass
class RetryPolicy:
    """What all requests of a task know about their API server. Many threads may use it.

    An API server that has never answered is not waited for: its address may be wrong.
    """

    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    _has_answered: bool = field(default=False, init=False)
    _away_since: float | None = field(default=None, init=False)
    _last_away: float | None = field(default=None, init=False)

    def answered(self) -> None:
        """Notes that the API server has answered."""
        self._has_answered = True
        self._away_since = None

    def pause(self, failure: FailedAttempt, attempts: Attempts) -> float | None:
        """How many seconds to wait before the request is sent again; None: that is the end of it."""
        now = self.clock()
        attempts.failed += 1
        if failure.is_away and self._has_answered:
            self._last_away = now
        if failure.final:
            return None
        if failure.is_busy:
            attempts.busy_since = since = now if attempts.busy_since is None else attempts.busy_since
            return self._until(since + RETRY_SECONDS, now, attempts, failure.retry_after or 0.0)
        if failure.is_away:
            since = self._known_away_since(now)
            return self._until(since + RETRY_SECONDS, now, attempts) if self._has_answered else None
        self.answered()
        if failure.race:
            attempts.races += 1
            return self.jitter() * _SHORTEST if attempts.races <= RACES else None
        if failure.status == 403 and self._last_away is not None:
            return self._until(self._last_away + STARTING_SECONDS, now, attempts)
        return None

    def _known_away_since(self, now: float) -> float:
        """The same for all requests: when the time is up, later ones fail at once."""
        since = self._away_since  # read once: another thread may get an answer at this moment
        if since is None:
            self._away_since = since = now
        return since

    def _until(self, deadline: float, now: float, attempts: Attempts, asked: float = 0.0) -> float | None:
        """The longer the more often it failed, and of random length, so that many do not retry at the same moment."""
        backoff = min(_LONGEST, _SHORTEST * 2.0 ** (attempts.failed - 1)) * (0.5 + self.jitter() / 2)
        wanted = asked * (1 + self.jitter() / 4) if asked else min(backoff, deadline - now)
        return wanted if now < deadline and now + asked <= deadline else None


def conflict_pauses(
    seconds: float, clock: Callable[[], float] = time.monotonic, jitter: Callable[[], float] = random.random
) -> Iterator[float]:
    """The pauses between attempts of a write that conflicts with others', for so many seconds.

    Each is of any length up to a growing one, so that many writers that begin at once do not meet again and again.
    """
    deadline = clock() + seconds
    longest = 0.05
    while clock() < deadline:
        yield longest * jitter()
        longest = min(2 * longest, _LONGEST_CONFLICT)


def parse_retry_after(header: str | None) -> float | None:
    """The header Retry-After in seconds; a date in it, which API servers do not send, is not understood."""
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
