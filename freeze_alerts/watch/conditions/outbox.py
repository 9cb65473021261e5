"""Is Discord being told?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone

from freeze_alerts.outbox import claim
from freeze_alerts.watch.health import Condition, State

STUCK_AFTER = timedelta(minutes=15)
"""Longer than any pace, rest or retry of a Discord that is well makes a message wait."""


def outbox() -> Iterable[Condition]:
    """How long the oldest unsent message has waited."""
    now, oldest = timezone.now(), claim.waiting_since()
    waited = timedelta(0) if oldest is None else max(now - oldest, timedelta(0))
    yield Condition(
        "outbox",
        State.WARNING if waited >= STUCK_AFTER else State.OK,
        value=round(waited.total_seconds()),
        unit="seconds",
        threshold=STUCK_AFTER.total_seconds(),
        since=oldest if waited >= STUCK_AFTER else None,
        at=now,
    )
