"""The newest conditions, at once: a thread reads them, and whoever asks waits for it for a moment only.

A database that is frozen lets its clients wait for ever, and no timeout of Django's reaches them. So nobody who asks
touches it: a reading that does not come back is itself the answer.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, connections, router
from django.utils import timezone

from freeze_alerts.alerts.outage import is_away
from freeze_alerts.watch import health
from freeze_alerts.watch.health import Condition, State
from freeze_alerts.watch.models import Heartbeat

logger = logging.getLogger("freeze_alerts")

PATIENCE_SECONDS = 0.02
"""How long the first who asks waits for a reading; whoever asks after that waits for it no more."""
FRESH_SECONDS, STALE_SECONDS = 5.0, 30.0
"""How long a reading is as good as new, and how long it is shown while the next one is under way."""
UNANSWERED_SECONDS = 5.0
"""A database that is silent for so long is no use to the site."""
ANOTHER_AFTER_SECONDS, LEFT_BEHIND_MOST = 60.0, 5


@dataclass
class _Reading:
    """One look at the database, by a thread of its own."""

    begun: float = field(default_factory=time.monotonic)
    ended: threading.Event = field(default_factory=threading.Event)

    def waited(self) -> float:
        return time.monotonic() - self.begun


class Reader:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.conditions: list[Condition] = []
        self.read_at = -STALE_SECONDS - time.monotonic()
        self.unanswered: list[_Reading] = []
        self.failing_since: datetime | None = None

    def look(self) -> list[Condition]:
        """The conditions as of a few seconds ago. Never waits longer than a moment, and never raises."""
        with self.lock:
            if self._age() < FRESH_SECONDS:
                return self.conditions
            try:
                reading = self._begin() if self._is_another_wanted() else self.unanswered[-1]
            except RuntimeError:  # no more threads to be had: that is no word about the database
                return [Condition("database", State.UNKNOWN)]
        reading.ended.wait(max(0.0, PATIENCE_SECONDS - reading.waited()))
        with self.lock:
            if reading.ended.is_set():
                return self.conditions
            silent_seconds = self.unanswered[0].waited()
            if silent_seconds < UNANSWERED_SECONDS:
                return self.conditions if self._age() < STALE_SECONDS else [Condition("database", State.UNKNOWN)]
        since = timezone.now() - timedelta(seconds=silent_seconds)
        return [Condition("database", State.CRITICAL, round(silent_seconds), "seconds", UNANSWERED_SECONDS, since)]

    def _age(self) -> float:
        return time.monotonic() - self.read_at

    def _is_another_wanted(self) -> bool:
        """None is under way; or the last has waited so long that not the database, but its connection may be lost."""
        if not self.unanswered:
            return True
        return self.unanswered[-1].waited() > ANOTHER_AFTER_SECONDS and len(self.unanswered) < LEFT_BEHIND_MOST

    def _begin(self) -> _Reading:
        """With the lock held, which the thread too takes before it has answered."""
        reading = _Reading()
        threading.Thread(target=self._read, args=(reading,), name="freeze-alerts-health", daemon=True).start()
        self.unanswered.append(reading)
        return reading

    def _read(self, reading: _Reading) -> None:
        try:
            found = self._conditions()
        finally:
            connections.close_all()
        with self.lock:
            if not self.unanswered or reading.begun >= self.unanswered[-1].begun:
                self.conditions, self.read_at = found, time.monotonic()
            self.unanswered = [each for each in self.unanswered if each is not reading]
            reading.ended.set()

    def _conditions(self) -> list[Condition]:
        """What the database says, or what its failure says of it."""
        begun = time.monotonic()
        try:
            for alias in sorted({"default", router.db_for_write(Heartbeat)}):
                with connections[alias].cursor() as cursor:
                    cursor.execute("SELECT 1")
            answered_ms = round(1000 * (time.monotonic() - begun), 1)
            read = health.conditions()
        except Exception as error:  # noqa: BLE001 - the thread's door: whatever is wrong is what is told
            away = isinstance(error, (DatabaseError, InterfaceError)) and is_away(error)
            if self.failing_since is None:
                logger.warning("health can't read the database: %s", type(error).__name__)
            self.failing_since = self.failing_since or timezone.now()
            state = State.CRITICAL if away else State.UNKNOWN
            return [Condition("database", state, since=self.failing_since, at=timezone.now())]
        self.failing_since = None
        return [Condition("database", State.OK, answered_ms, "ms", at=timezone.now()), *read]


def look() -> list[Condition]:
    """The conditions, from this process's reader."""
    return _reader.look()


def _after_fork() -> None:
    global _reader  # noqa: PLW0603 - the parent's threads and locks do not exist in the child
    _reader = Reader()


_reader = Reader()
os.register_at_fork(after_in_child=_after_fork)
