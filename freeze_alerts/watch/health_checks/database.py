"""Whether the database answers: told by the reading of everything else, which asks it."""

from __future__ import annotations

from datetime import datetime

from freeze_alerts.watch.health_checks.check import Check, State, seconds_between

NAME = "database"
SLOW_MS = 1000.0
PATIENCE_SECONDS = 1.0
"""An answer that takes longer, where none is known from just before, counts as none."""


def answered(took_seconds: float) -> Check:
    """It did, to all questions in so many seconds."""
    slow = took_seconds * 1000 > SLOW_MS
    return Check(NAME, State.WARNING if slow else State.OK, took_seconds * 1000, "ms", SLOW_MS, age_seconds=0.0)


def silent(asked_at: datetime, answered_at: datetime | None, now: datetime) -> Check:
    """It refuses, fails or does not answer what was first asked at ``asked_at``."""
    return Check(
        NAME,
        State.CRITICAL,
        seconds_between(asked_at, now),
        "s",
        PATIENCE_SECONDS,
        since=asked_at,
        age_seconds=None if answered_at is None else seconds_between(answered_at, now),
    )
