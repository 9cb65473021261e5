"""Ending a loop when it is asked to: after what is under way, not in the middle of it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import FrameType


@contextmanager
def farewell() -> Iterator[SimpleQueue[int]]:
    """A queue that gets the first SIGTERM or SIGINT; a second one ends the process as it would without us."""
    asked: SimpleQueue[int] = SimpleQueue()  # its put() is safe in a signal handler, an Event's set() is not
    before = {number: signal.getsignal(number) or signal.SIG_DFL for number in (signal.SIGTERM, signal.SIGINT)}

    def ask(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, before[signal.Signals(number)])
        asked.put(number)

    for number in before:
        signal.signal(number, ask)
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def is_asked(asked: SimpleQueue[int], seconds: float) -> bool:
    """Sleep so long, or until somebody asks for the end."""
    try:
        asked.get(timeout=seconds)
    except Empty:
        return False
    return True
