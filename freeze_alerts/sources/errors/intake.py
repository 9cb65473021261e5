"""Where errors are put down by the threads that met them, and the one thread a process that books them.

Putting one down never waits for a database, never raises, and never hangs: an error met while another one is being put
down, by a signal handler or the garbage collector in the very same thread, is laid aside and counted with the next.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Iterator

from django.db import connections

from freeze_alerts import signals
from freeze_alerts.sources.errors.record import Record
from freeze_alerts.sources.errors.tally import Tally

logger = logging.getLogger("freeze_alerts")

EACH_SECONDS, LONGEST_SECONDS = 1.0, 5.0
IDLE_SECONDS = 30.0
FAREWELL_SECONDS = 3.0
ASIDE_MOST = 1_000
TOLD_AFTER_FAILURES = 2


class Intake:
    """One process's tally and its thread, started by the first error and again after each fork."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.tally = Tally()
        self.aside: deque[Record] = deque(maxlen=ASIDE_MOST)
        self.thread: threading.Thread | None = None
        self.wake, self.hurry, self.closed, self.booked = (threading.Event() for _ in range(4))
        self.booking = threading.Lock()
        self.failures = 0
        self.met_a_test = False

    def put(self, record: Record) -> None:
        """Count an error. Nothing comes of it in the thread that books: it would never end."""
        if getattr(_here, "deaf", False):
            return
        if getattr(_here, "putting", False):
            self.aside.append(record)
            return
        _here.putting = True
        try:
            with self.lock:
                self.tally.add(record)
                if self.booked.is_set():
                    self.booked.clear()
            self._call()
        finally:
            _here.putting = False

    def flush(self, timeout_seconds: float) -> bool:
        """Have everything booked; False if that took too long. In a test it is booked here and now."""
        if in_a_test() or self.thread is None:
            with deaf():
                self._book()
        self.hurry.set()
        return self.booked.wait(timeout_seconds) or not self._waiting()

    def close(self) -> None:
        """Book the last, for a process that ends. What tests have left behind is forgotten."""
        self.closed.set()
        self.hurry.set()
        self.wake.set()
        if self.thread is not None:
            self.thread.join(FAREWELL_SECONDS)
        elif self._waiting() and not self.met_a_test:
            with deaf():
                self._book()
                connections.close_all()

    def _call(self) -> None:
        if in_a_test():
            self.met_a_test = True
            return
        if not self.wake.is_set():
            self.wake.set()
        if self.thread is None and not self.closed.is_set():
            with self.lock, contextlib.suppress(RuntimeError):  # no thread begins while the interpreter ends
                if self.thread is None:
                    thread = threading.Thread(target=self._run, name="freeze-alerts-errors", daemon=True)
                    thread.start()
                    self.thread = thread

    def _run(self) -> None:
        _here.deaf = True
        while True:
            woken = self.closed.is_set() or self.wake.wait(IDLE_SECONDS)
            if not woken and self._leave():
                return
            self.wake.clear()
            pause = self._book()
            if self.closed.is_set() and (self.failures or not self._waiting()):
                connections.close_all()
                return
            if not self.closed.is_set():
                self.hurry.wait(pause)
                self.hurry.clear()

    def _leave(self) -> bool:
        """End the idle thread, unless an error comes in this very moment."""
        with self.lock:
            if self.wake.is_set():
                return False
            self.thread = None
        connections.close_all()
        return True

    def _waiting(self) -> bool:
        return bool(self.tally or self.aside)

    def _take(self) -> Tally:
        with self.lock:
            while self.aside:
                self.tally.add(self.aside.popleft())
            taken, self.tally = self.tally, Tally()
            return taken

    def _book(self) -> float:
        """Book what there is; returns how long to pause. What fails is kept for the next time."""
        with self.booking:
            taken = self._take()
            try:
                if taken:
                    from freeze_alerts.sources.errors import booking  # models: not before the apps are loaded

                    booking.book(taken)
                self.failures = 0
            except Exception as error:  # noqa: BLE001 - the thread's door: the counts stay here until the database takes them
                self._keep(taken, error)
        with self.lock:
            if not self._waiting():
                self.booked.set()
        return min(EACH_SECONDS * (self.failures or 1), LONGEST_SECONDS)

    def _keep(self, taken: Tally, error: Exception) -> None:
        with self.lock:
            newer, self.tally = self.tally, taken
            self.tally.take_up(newer)
            waiting = self.tally.count
        self.failures += 1
        if threading.current_thread() is self.thread:  # elsewhere they are somebody else's
            connections.close_all()
        self.wake.set()
        if self.failures == TOLD_AFTER_FAILURES:
            logger.warning("%s errors can't be booked and wait in memory (%s)", waiting, type(error).__name__)
            signals.errors_unbooked.send_robust(sender=Intake, error=error, waiting=waiting)


@contextlib.contextmanager
def deaf() -> Iterator[None]:
    """No error that this thread meets in here is counted."""
    before, _here.deaf = getattr(_here, "deaf", False), True
    try:
        yield
    finally:
        _here.deaf = before


def put(record: Record) -> None:
    _intake.put(record)


def flush(timeout_seconds: float = 5.0) -> bool:
    """Have all errors booked that this process has met; False if that took longer."""
    return _intake.flush(timeout_seconds)


def close() -> None:
    _intake.close()


def in_a_test() -> bool:
    """Whether Django's test environment is set up: then nothing is booked behind the test's back."""
    return hasattr(sys.modules.get("django.core.mail"), "outbox")


def _after_fork() -> None:
    global _intake, _here  # the parent's thread and locks do not exist in the child
    _intake, _here = Intake(), threading.local()


_here = threading.local()
_intake = Intake()
os.register_at_fork(after_in_child=_after_fork)
atexit.register(close)
