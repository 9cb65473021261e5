"""Waking a deliverer. The caller never waits: it sets a flag, and one daemon thread a process does the rest.

The thread asks Celery where an app is configured and its broker answers within about a second, and looks again a
little later whether a worker really came; else it delivers itself. The sweep remains the guarantee for all of it.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

from django.db import connections
from django.utils.module_loading import import_string

from freeze_alerts import conf
from freeze_alerts.outbox import claim, spool

logger = logging.getLogger("freeze_alerts")

TASK = "freeze_alerts.tasks.deliver_messages"
DELIVERER = "freeze_alerts.delivery.deliver_now"
WORKER_HAS_SECONDS = 5.0
BETWEEN_RINGS_SECONDS = 1.0
IDLE_SECONDS = 30.0
AGAIN_AFTER_SECONDS, AGAIN_AT_MOST_SECONDS = 5.0, 60.0
FAREWELL_SECONDS = 10.0
_BOUNDED = {
    "socket_timeout": 1, "socket_connect_timeout": 1, "max_retries": 0, "interval_start": 0, "interval_step": 0,
    "interval_max": 0, "connect_retries_timeout": 1, "read_timeout": 1, "write_timeout": 1,
}  # fmt: skip


class Doorbell:
    """One process's thread, started by the first ring and again after each fork."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.thread: threading.Thread | None = None
        self.wake = threading.Event()
        self.closed = threading.Event()
        self.rung = False
        self.asked_celery = False
        self.failures = 0

    def ring(self) -> None:
        self.rung = True
        self.wake.set()
        with self.lock:
            if self.thread is None:
                thread = threading.Thread(target=self._answer, name="freeze-alerts-doorbell", daemon=True)
                with contextlib.suppress(RuntimeError):  # a process that is ending may begin none: the sweep has it
                    thread.start()
                    self.thread = thread

    def close(self, timeout_seconds: float = FAREWELL_SECONDS) -> None:
        """Let the thread answer the last ring and finish what it is sending; the sweep has the rest."""
        self.closed.set()
        self.wake.set()
        if self.thread is not None:
            self.thread.join(timeout_seconds)

    def _answer(self) -> None:
        again_in_seconds: float | None = 0.0
        while True:
            seconds = IDLE_SECONDS if again_in_seconds is None else again_in_seconds
            woken = self.closed.is_set() or self.wake.wait(seconds)
            if not woken and again_in_seconds is None and self._leave():
                return
            self.wake.clear()
            rung, self.rung = self.rung, False
            if rung or not self.closed.is_set():
                again_in_seconds = self._work(rung)
            if self.closed.is_set() and not self.rung:
                return

    def _leave(self) -> bool:
        """End the idle thread, unless somebody rings in this very moment."""
        with self.lock:
            if self.wake.is_set():
                return False
            self.thread = None
            return True

    def _work(self, rung: bool) -> float | None:
        try:
            again = self._deliver(rung)
            self.failures = 0
            return again
        except Exception:  # the thread's door: whatever is wrong now, the sweep will meet it again
            if self.failures == 0:
                logger.exception("could not deliver; trying again, as will the next sweep")
            self.failures += 1
            self.asked_celery = False  # whether a worker came can't be seen: from here on it delivers itself
            return min(AGAIN_AFTER_SECONDS * self.failures, AGAIN_AT_MOST_SECONDS)
        finally:
            connections.close_all()

    def _deliver(self, rung: bool) -> float | None:
        """Seconds until there is more to do, None when there is nothing.

        What is spooled is booked from here: a worker may stand where it can't see our file.
        """
        alone = not spool.is_empty() or (self.asked_celery and claim.is_overdue(WORKER_HAS_SECONDS))
        if rung and not alone and conf.current().delivery.doorbell == "auto":
            if publish():
                self.asked_celery = True
                self.closed.wait(BETWEEN_RINGS_SECONDS)
                return WORKER_HAS_SECONDS
            alone = True  # a worker may have been asked before, and knows nothing of what is rung for now
        asked, self.asked_celery = self.asked_celery, False
        if asked and not alone:
            return None
        again: float | None = import_string(DELIVERER)()
        return again


def ring() -> None:
    """Have waiting messages delivered soon. Returns at once, whatever is down."""
    if conf.current().delivery.doorbell != "none" and not getattr(_held, "depth", 0):
        _doorbell.ring()


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Ring nobody in this thread meanwhile: for a command that delivers itself when it has done its work."""
    _held.depth = getattr(_held, "depth", 0) + 1
    try:
        yield
    finally:
        _held.depth -= 1


def close() -> None:
    _doorbell.close()


def publish() -> bool:
    """Ask a Celery worker to deliver; False when no app is configured or its broker did not take it in time."""
    app = celery_app()
    if app is None or app.conf.task_always_eager:
        return False
    try:
        with app.connection_for_write(connect_timeout=1, transport_options=_BOUNDED) as connection:
            app.send_task(TASK, connection=connection, retry=False, ignore_result=True, expires=60)
    except Exception as error:  # noqa: BLE001 - brokers fail in as many ways as there are brokers
        logger.warning("the broker did not answer (%s): delivering without it", type(error).__name__)
        return False
    return True


def reach_broker() -> bool:
    """Log in to Celery's broker, within about a second; False where this process knows no Celery app.

    Raises whatever the broker's client raises where it does not answer.
    """
    app = celery_app()
    if app is None or app.conf.task_always_eager:
        return False
    with app.connection_for_write(connect_timeout=1, transport_options=_BOUNDED) as connection:
        connection.default_channel  # noqa: B018 - Redis is not spoken to before there is a channel
    return True


def celery_app() -> Any:
    """The project's Celery app, seen from any thread; None where none is configured.

    Celery's own ``current_app`` is per thread and makes up an app where it knows none.
    """
    if "celery" not in sys.modules:
        return None
    from celery import _state

    apps = [app for app in _state._apps if app.main != "default"]  # type: ignore[attr-defined]
    current = _state.get_current_app()
    return current if current in apps else next(iter(apps), None)


def _after_fork() -> None:
    global _doorbell  # noqa: PLW0603 - the parent's thread and locks do not exist in the child
    _doorbell = Doorbell()


_held = threading.local()
_doorbell = Doorbell()
os.register_at_fork(after_in_child=_after_fork)
atexit.register(close)
