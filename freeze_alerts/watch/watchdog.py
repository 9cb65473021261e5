"""The loop that needs neither Celery nor Redis: it does what is due, delivers, and looks after the others.

Three kinds of threads, so that none waits for another: the loop claims duties, each duty is done in a thread of its
own, and one delivers. What hangs beyond its limit ends the process, whose restart policy begins it anew.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from functools import partial

from django.db import DatabaseError, InterfaceError, close_old_connections, connections, router

from freeze_alerts.alerts import emergency
from freeze_alerts.alerts.outage import is_away
from freeze_alerts.delivery import deliver_once, pause_seconds
from freeze_alerts.watch import heartbeats, turns
from freeze_alerts.watch.claims import Claim
from freeze_alerts.watch.duties import DUTIES, Duty
from freeze_alerts.watch.guard import Guard
from freeze_alerts.watch.models import Heartbeat

logger = logging.getLogger("freeze_alerts")

TICK_SECONDS = 2.0
ASK_EACH_SECONDS = 15.0
"""How often to ask the database whether a duty is due."""
BEAT_EACH_SECONDS = 15.0
LOOP_LIMIT_SECONDS = 120.0
"""For a round of the loop, which only asks the database: a frozen one is told after so long."""
DELIVERY_LIMIT_SECONDS = 15 * 60.0
"""For a pass over the outbox: some thirty messages, each as slow as Discord can be before we hang up."""
AWAY_TOLD_AFTER_SECONDS = 30.0
BACKOFF_LONGEST_SECONDS = 15.0

IsAsked = Callable[[float], bool]
"""Sleep so long, or until somebody asks for the end; whether somebody has."""


class Watchdog:
    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.stopping = threading.Event()
        self.running: dict[str, threading.Thread] = {}
        self.ask_at: dict[str, float] = {}
        self.beat_at = self.swept_at = 0.0
        self.away_since: float | None = None

    def run(self, is_asked: IsAsked) -> None:
        """Watch until somebody asks for the end; what is under way is finished first."""
        delivery = threading.Thread(target=self._deliver, name="freeze-alerts-delivery", daemon=True)
        delivery.start()
        seconds = 0.0
        while not is_asked(seconds):
            with self.guard.watching("asking the database what is due", LOOP_LIMIT_SECONDS):
                seconds = self.round()
        self.stopping.set()
        for thread in (*self.running.values(), delivery):
            thread.join()

    def round(self) -> float:
        """Leave a sign of life and begin whatever is due; returns how long to sleep.

        A database that is away is asked once: each further question may hang until it times out.
        """
        close_old_connections()
        trouble = self._tried(self._beat)
        for duty in DUTIES:
            away = trouble is not None and is_away(trouble)
            trouble = self._tried(partial(self._begin, duty, away=away)) or trouble
        return self._after(trouble)

    def _tried(self, step: Callable[[], None]) -> Exception | None:
        """What the database has raised, if it has."""
        try:
            step()
        except (DatabaseError, InterfaceError) as error:
            connections.close_all()
            return error
        except Exception:  # the loop's door: it must outlive whatever is wrong today
            logger.exception("the watchdog's round was not finished; the next one will try again")
        return None

    def _beat(self) -> None:
        if not self.beat_at or time.monotonic() - self.beat_at >= BEAT_EACH_SECONDS:
            heartbeats.beat(heartbeats.WATCHDOG, f"on {socket.gethostname()}, process {os.getpid()}")
            self.beat_at = time.monotonic()

    def _begin(self, duty: Duty, *, away: bool) -> None:
        thread = self.running.get(duty.name)
        if (thread and thread.is_alive()) or time.monotonic() < self.ask_at.get(duty.name, 0.0):
            return
        claim = turns.claim(duty, away=away)
        self.ask_at[duty.name] = time.monotonic() + ASK_EACH_SECONDS
        if claim is not None:
            thread = threading.Thread(
                target=self._do, args=(duty, claim), name=f"freeze-alerts-{duty.name}", daemon=True
            )
            self.running[duty.name] = thread
            thread.start()

    def _do(self, duty: Duty, claim: Claim) -> None:
        try:
            with self.guard.watching(duty.name, duty.limit.total_seconds()):
                turns.perform(duty, claim)
        except Exception:  # a thread's door: the claim runs out, and somebody does it again
            logger.exception("%s could not be noted as done", duty.name)
        finally:
            connections.close_all()

    def _after(self, trouble: Exception | None) -> float:
        """How long to sleep; a database that stays away is told of."""
        if trouble is None:
            self.away_since = None
            return TICK_SECONDS
        if self.away_since is None:
            self.away_since = time.monotonic()
            logger.error("the watchdog can't reach the database (%s): what needs it waits", type(trouble).__name__)
        away_seconds = time.monotonic() - self.away_since
        if away_seconds >= AWAY_TOLD_AFTER_SECONDS:
            emergency.tell_outage(trouble)
        return min(max(TICK_SECONDS, away_seconds / 4), BACKOFF_LONGEST_SECONDS)

    def _note_sweep(self) -> None:
        if not self.swept_at or time.monotonic() - self.swept_at >= BEAT_EACH_SECONDS:
            heartbeats.beat(heartbeats.SWEEP, "by the watchdog")
            self.swept_at = time.monotonic()

    def _deliver(self) -> None:
        failing_since = 0.0
        while not self.stopping.is_set():
            try:
                with self.guard.watching("delivering", DELIVERY_LIMIT_SECONDS):
                    close_old_connections()
                    connections[router.db_for_write(Heartbeat)].ensure_connection()  # without one there is no pass
                    seconds = pause_seconds(deliver_once())
                    self._note_sweep()
                failing_since = 0.0
            except Exception as error:  # noqa: BLE001 - the thread's door: what waits is sent when it can be
                connections.close_all()
                if not failing_since:
                    logger.error("the watchdog can't deliver: %s: %s", type(error).__name__, error)
                failing_since = failing_since or time.monotonic()
                seconds = min(1.0 + (time.monotonic() - failing_since) / 4, BACKOFF_LONGEST_SECONDS)
            self.stopping.wait(seconds)
        connections.close_all()
