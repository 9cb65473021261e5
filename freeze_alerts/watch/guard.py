"""A process that hangs ends itself: threads can't be killed, and only who has ended is started again."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

TICK_SECONDS = 1.0
PAUSED_SECONDS = 10.0
"""A guard that itself slept this much too long was paused with all the process: nobody hung."""


@dataclass
class _Work:
    what: str
    limit_seconds: float
    begun: float


class Guard:
    """Calls ``give_up`` with what hangs and for how long, once, from a thread of its own."""

    def __init__(self, give_up: Callable[[str, float], object]) -> None:
        self.give_up = give_up
        self.lock = threading.Lock()
        self.under_way: list[_Work] = []

    def start(self) -> None:
        threading.Thread(target=self._watch, name="freeze-alerts-guard", daemon=True).start()

    @contextlib.contextmanager
    def watching(self, what: str, limit_seconds: float) -> Iterator[None]:
        """Work that must be over within its limit."""
        work = _Work(what, limit_seconds, time.monotonic())
        with self.lock:
            self.under_way.append(work)
        try:
            yield
        finally:
            with self.lock:
                self.under_way = [each for each in self.under_way if each is not work]

    def hanging(self, now: float) -> _Work | None:
        with self.lock:
            late = [each for each in self.under_way if now - each.begun > each.limit_seconds]
        return min(late, key=lambda each: each.begun, default=None)

    def forgive(self, seconds: float) -> None:
        """Let the time not count."""
        with self.lock:
            for each in self.under_way:
                each.begun += seconds

    def _watch(self) -> None:
        while True:
            slept = time.monotonic()
            time.sleep(TICK_SECONDS)
            now = time.monotonic()
            if now - slept > TICK_SECONDS + PAUSED_SECONDS:
                self.forgive(now - slept)
            if (late := self.hanging(now)) is not None:
                self.give_up(late.what, now - late.begun)
                return
