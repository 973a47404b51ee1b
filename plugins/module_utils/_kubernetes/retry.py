# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""When a request is sent again, and after which pause. Pure, but for the clock and the dice that it is given."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

# An API server that is stopped refuses connections as long as it waits for those that it has: up to 60 s, of which
# kubelets give it 30. Then it takes a few seconds to start.
RETRY_SECONDS = 60.0
# Right after its start it knows no roles, for less than a second on a machine that is not overloaded. (To kinds that it
# does not know yet it says 503, and when to come again.)
STARTING_SECONDS = 15.0
RACES = 5
_SHORTEST, _LONGEST = 0.2, 5.0


@dataclass(frozen=True)
class FailedAttempt:
    """What became of one attempt of a request.

    status is HTTP's (None: the connection was lost); race: a 409 that only says that somebody else wrote at the same
    time; final: nothing that another attempt could change.
    """

    status: int | None
    retry_after: float | None = None
    race: bool = False
    final: bool = False

    @property
    def is_busy(self) -> bool:
        """As kubectl has it: too many requests, or an error of the server that says when to come again."""
        return self.status == 429 or (self.is_of_server and self.retry_after is not None)

    @property
    def is_of_server(self) -> bool:
        return self.status is not None and self.status >= 500

    @property
    def is_away(self) -> bool:
        """No answer, or a proxy's that stands before an API server which gives none."""
        return self.status in (None, 502, 503, 504)


@dataclass
class Attempts:
    """The attempts of one request so far."""

    failed: int = 0
    races: int = 0
    busy_since: float | None = None


@dataclass
class RetryPolicy:
    """What all requests of a task know together about one API server. Many threads may use it.

    An API server that has not answered yet is not waited for: its address may be wrong.
    """

    clock: Callable[[], float] = time.monotonic
    dice: Callable[[], float] = random.random
    _has_answered: bool = field(default=False, init=False)
    _away_since: float | None = field(default=None, init=False)
    _last_away: float | None = field(default=None, init=False)

    def answered(self) -> None:
        """It has answered a request: it is there."""
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
            return self.dice() * _SHORTEST if attempts.races <= RACES else None
        if failure.status == 403 and self._last_away is not None:
            return self._until(self._last_away + STARTING_SECONDS, now, attempts)
        return None

    def _known_away_since(self, now: float) -> float:
        """For all requests the same: when the time is up, those that come later fail at once."""
        since = self._away_since  # read once: another thread may get an answer at this moment
        if since is None:
            self._away_since = since = now
        return since

    def _until(self, deadline: float, now: float, attempts: Attempts, asked: float = 0.0) -> float | None:
        """The longer the more often it failed, and of random length: many who wait do not come back all at once."""
        backoff = min(_LONGEST, _SHORTEST * 2.0 ** (attempts.failed - 1)) * (0.5 + self.dice() / 2)
        wanted = asked * (1 + self.dice() / 4) if asked else min(backoff, deadline - now)
        return wanted if now < deadline and now + asked <= deadline else None


def seconds(retry_after: str | None) -> float | None:
    """The header Retry-After; a date in it (no API server sends one) is not understood."""
    try:
        found = float(retry_after or "")
    except ValueError:
        return None
    return found if 0 <= found < float("inf") else None
