"""Being asked to stop in the middle: what must not be broken off, and how far the rest had got."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

_ASKING = (signal.SIGTERM, signal.SIGINT)
_BY_SIGNAL = 128
"""What a shell adds to the number of the signal that ended a process."""


class Standing(Enum):
    """How far a restore got: what became of the database that it goes into."""

    UNTOUCHED = auto()
    HALF = auto()
    REPLACED = auto()


@contextmanager
def unbroken() -> Iterator[None]:
    """A signal that asks for the end is heard when the block is done: nobody could say how far it got. Kept short."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []
    before = {number: signal.getsignal(number) for number in _ASKING if callable(signal.getsignal(number))}
    for number in before:
        signal.signal(number, lambda number, _frame: heard.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if heard:
        signal.raise_signal(heard[0])


def stopped_by(ended: BaseException) -> str:
    """``SIGTERM``, where that was turned into an exit; else what it was."""
    code = ended.code if isinstance(ended, SystemExit) else None
    if isinstance(code, int) and code > _BY_SIGNAL:
        return signal.Signals(code - _BY_SIGNAL).name
    return "SIGINT" if isinstance(ended, KeyboardInterrupt) else type(ended).__name__
