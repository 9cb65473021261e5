"""Asking a database that may never answer: in a thread of its own, for which nobody waits long.

No timeout reaches into every driver, so that the question is asked where it may hang: one daemon thread a process at
most, however many ask. Whoever asks gets the answer, or within moments the news that there is none.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import connections
from django.utils import timezone

from freeze_alerts.watch.health_checks import database
from freeze_alerts.watch.health_checks.check import Check

logger = logging.getLogger("freeze_alerts")

FRESH_SECONDS = 2.0
"""An answer this young is given again without asking."""
STALE_AFTER_SECONDS = 10.0
"""One younger than this stands in for an answer that is slow to come."""
SHORT_PATIENCE_SECONDS = 0.03
LONG_PATIENCE_SECONDS = database.PATIENCE_SECONDS
"""Given to a question only where nothing is known yet: a new process must connect, which is no outage. A database
that has not answered is not given it again before it has."""

Read = Callable[[], tuple[Check, ...]]


@dataclass(frozen=True)
class Answer:
    """What the database said. ``clock`` is :func:`time.monotonic` at that moment."""

    checks: tuple[Check, ...]
    at: datetime
    clock: float


class Reader:
    """The last answer and the question under way, if any; made anew in a forked child."""

    def __init__(self, read: Read) -> None:
        self.read = read
        self.done = threading.Condition()
        self.answer: Answer | None = None
        self.failed_clock: float | None = None
        self.asked_clock: float | None = None
        self.unanswered_since: datetime | None = None

    def checks(self) -> tuple[Check, ...]:
        """The newest there is, the database first. Returns within ``SHORT_PATIENCE_SECONDS``, but for the first time."""
        with self.done:
            if not self._is_fresh():
                asked = self._ask()
                self.done.wait_for(lambda: self.asked_clock != asked, self._patience_seconds(asked))
            return self._told()

    def _is_fresh(self) -> bool:
        last = self.failed_clock if self.answer is None or self.failed_clock else self.answer.clock
        return last is not None and time.monotonic() - last < FRESH_SECONDS

    def _ask(self) -> float:
        """Start the thread unless it is at it; when it was started."""
        if self.asked_clock is None:
            self.asked_clock = time.monotonic()
            self.unanswered_since = self.unanswered_since or timezone.now()
            threading.Thread(target=self._work, name="freeze-alerts-health", daemon=True).start()
        return self.asked_clock

    def _patience_seconds(self, asked: float) -> float:
        known = self.failed_clock is not None or self._stands()
        patience = SHORT_PATIENCE_SECONDS if known else LONG_PATIENCE_SECONDS
        return max(0.0, patience - (time.monotonic() - asked))

    def _stands(self) -> bool:
        """Whether the last answer is good enough to be given once more."""
        if self.answer is None or self.failed_clock is not None:
            return False
        return time.monotonic() - self.answer.clock < STALE_AFTER_SECONDS

    def _told(self) -> tuple[Check, ...]:
        """The last answer; where it no longer stands, that the database is silent, and what it said before that."""
        answer = self.answer
        known = () if answer is None else _aged(answer)
        if self._stands():
            return known
        if self.failed_clock is None:
            self.failed_clock = time.monotonic()
            logger.error("health: the database does not answer")
        since = self.unanswered_since or timezone.now()
        silent = database.silent(since, None if answer is None else answer.at, timezone.now())
        return (silent, *known[1:])

    def _work(self) -> None:
        began, checks, why = time.monotonic(), None, ""
        try:
            checks = self.read()
        except Exception as error:  # noqa: BLE001 - the thread's door: whatever it is, the answer is that there is none
            why = type(error).__name__
        finally:
            _close_connections()
            self._settle(None if checks is None else (database.answered(time.monotonic() - began), *checks), why)

    def _settle(self, checks: tuple[Check, ...] | None, why: str) -> None:
        with self.done:
            now, self.asked_clock = time.monotonic(), None
            if checks is None:
                if self.failed_clock is None:
                    logger.error("health: the database can't be read (%s)", why)
                self.failed_clock = now
            else:
                self.answer = Answer(checks, timezone.now(), now)
                self.failed_clock = self.unanswered_since = None
            self.done.notify_all()


def _aged(answer: Answer) -> tuple[Check, ...]:
    seconds = time.monotonic() - answer.clock
    return tuple(each.older_by(seconds) for each in answer.checks)


def _close_connections() -> None:
    try:
        connections.close_all()
    except Exception:  # a connection that can't even be closed must not keep the question open
        logger.exception("health: could not close the connection")
