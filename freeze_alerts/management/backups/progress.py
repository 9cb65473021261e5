"""How far a backup is, on a terminal; nothing anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from freeze_alerts.sources.backups import words

_EVERY_SECONDS = 0.25


def shown(stream: Any, database: str, expected_bytes: int | None) -> Callable[[int], None] | None:
    """A line that is written over and over; ``expected_bytes`` is what the last run had. None without a terminal."""
    if not stream.isatty():
        return None
    began = drawn = time.monotonic()

    def progress(done_bytes: int) -> None:
        nonlocal drawn
        now = time.monotonic()
        if now - drawn >= _EVERY_SECONDS:
            drawn = now
            stream.write(f"\r{_line(database, done_bytes, expected_bytes, now - began)}\x1b[K", ending="")
            stream.flush()

    return progress


def wipe(stream: Any) -> None:
    if stream.isatty():
        stream.write("\r\x1b[K", ending="")


def _line(database: str, done_bytes: int, expected_bytes: int | None, seconds: float) -> str:
    rate = done_bytes / max(seconds, 0.001)
    said = f"{database}: {words.size(done_bytes)} read, {words.size(rate)}/s"
    if not expected_bytes:
        return said
    left = max(0.0, expected_bytes - done_bytes) / max(rate, 1)
    percent = min(99, 100 * done_bytes // expected_bytes)
    return f"{said}, about {percent} %, {timedelta(seconds=round(left))} left"
