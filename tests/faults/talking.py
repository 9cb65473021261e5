"""Processes that do what they are told, a line at a time, and say what came of it."""

from __future__ import annotations

import threading

from tests.processes import start_python, wait_until

PATIENCE_SECONDS = 120.0

_LISTENING = """
import os, sys

def told():
    for line in sys.stdin:
        yield line.split()

def say(*words):  # in one piece: other threads log meanwhile
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())
"""


class Talker:
    """A process with Django set up. All it says is read at once, so that it never waits for us."""

    def __init__(self, code: str, **environment: str) -> None:
        self.process = start_python(_LISTENING + code, **environment)
        self.said: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def tell(self, *words: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def wait_for(self, words: str, count: int = 1) -> None:
        """Until it has said so often enough. Raises AssertionError with all that it said otherwise."""
        try:
            wait_until(lambda: self.count(words) >= count or self.process.poll() is not None,
                       timeout_seconds=PATIENCE_SECONDS)  # fmt: skip
            assert self.count(words) >= count
        except AssertionError:
            raise AssertionError(f"never said {words!r} {count} times, but:\n{''.join(self.said[-200:])}") from None

    def count(self, words: str) -> int:
        return sum(words in line for line in tuple(self.said))

    def _listen(self) -> None:
        assert self.process.stdout is not None
        try:
            for line in self.process.stdout:
                self.said.append(line)
        except ValueError:
            pass  # the test is over, and the pipe closed
