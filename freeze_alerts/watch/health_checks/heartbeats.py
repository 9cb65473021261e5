"""Whether the parts that work in the background are alive, each by the last trace it left."""

from __future__ import annotations

from datetime import datetime

from freeze_alerts.watch.health_checks.check import Check, State, seconds_between
from freeze_alerts.watch.models import Heartbeat

PARTS = ("beat", "worker", "watchdog")
WARNING_AFTER_SECONDS = 600.0
CRITICAL_AFTER_SECONDS = 900.0
"""The slowest of them leaves a trace each 5 minutes: two missed, and three."""


def heartbeats(now: datetime) -> list[Check]:
    """Each part that was ever heard of: a project has only some of them."""
    known = Heartbeat.objects.filter(name__in=PARTS, at__isnull=False).order_by("name")
    return [judge(name, at, ok, now) for name, at, ok in known.values_list("name", "at", "ok") if at]


def judge(part: str, at: datetime, ok: bool, now: datetime) -> Check:
    """A part that is heard and not well is a warning: it says itself what is wrong."""
    seconds = seconds_between(at, now)
    state, line = State.OK, WARNING_AFTER_SECONDS
    if seconds > CRITICAL_AFTER_SECONDS:
        state, line = State.CRITICAL, CRITICAL_AFTER_SECONDS
    elif seconds > WARNING_AFTER_SECONDS or not ok:
        state = State.WARNING
    since = at if seconds > WARNING_AFTER_SECONDS else None
    return Check(part, state, seconds, "s", line, since=since, age_seconds=seconds)
