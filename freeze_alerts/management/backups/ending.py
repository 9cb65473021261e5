"""A polite end: a stopped container, ``timeout``, or Ctrl-C. What is under way cleans up, and says where it is."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from django.core.management.base import BaseCommand

_ASKING = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def ended_in_order(command: BaseCommand) -> Iterator[None]:
    """SIGTERM or SIGINT ends the block, and the process with a shell's exit code; a second one breaks off no clean-up.

    What the block noted of its end (``add_note``) is said.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) or signal.SIG_DFL for number in _ASKING}
    heard = [number for number in _ASKING if before[number] is not signal.SIG_IGN]  # as of ``nohup``

    def end(number: int, _frame: FrameType | None) -> None:
        for each in heard:
            signal.signal(each, signal.SIG_IGN)
        sys.exit(128 + number)

    for number in heard:
        signal.signal(number, end)
    try:
        yield
    except SystemExit as ended:
        for note in getattr(ended, "__notes__", ()):
            command.stderr.write(command.style.ERROR(note))
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
