"""Asking a filesystem that may never answer.

A dead network mount blocks whoever touches it, and no timeout reaches into the kernel: the question is asked in a
thread that can be left behind.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

_Answer = TypeVar("_Answer")

_left_behind: dict[str, threading.Thread] = {}


def within(seconds: float, about: str, question: Callable[[], _Answer]) -> _Answer:
    """The answer, or whatever the question raises.

    Raises TimeoutError after ``seconds``, and at once while a question left behind ``about`` the same thing still
    waits: a mount that hangs for a week costs one thread, not one each pass.
    """
    if (earlier := _left_behind.get(about)) and earlier.is_alive():
        raise TimeoutError("has still not answered an earlier look")
    answer: Future[_Answer] = Future()
    thread = threading.Thread(target=_ask, args=(question, answer), name=f"freeze-alerts {about}", daemon=True)
    thread.start()
    try:
        return answer.result(seconds)
    except TimeoutError as problem:
        if answer.done():
            raise
        _left_behind[about] = thread
        raise TimeoutError(f"did not answer within {seconds:g} s") from problem


def _ask(question: Callable[[], _Answer], answer: Future[_Answer]) -> None:
    try:
        answer.set_result(question())
    except BaseException as problem:  # noqa: BLE001 - it is raised again where the answer is awaited
        answer.set_exception(problem)
