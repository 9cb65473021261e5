"""How fast each webhook may be called: Discord's word where it has given one, else its unwritten limits.

The state is a row, so that all processes keep one pace. Steady pace and burst follow what Discord's staff have said:
5 calls in 2 s a webhook, and 30 messages a minute for a whole channel, which no header shows.
https://discord.com/developers/docs/topics/rate-limits
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from freeze_alerts import conf, signals
from freeze_alerts.discord.answer import Pace
from freeze_alerts.outbox.models import WebhookState

ALL_OF_DISCORD = "*"
BURST = 5
UNPACED = 1_000
LONGEST_BACKOFF_SECONDS = 120.0
NO_ACCESS_FOR = timedelta(hours=1)


def slots(name: str) -> tuple[int, float]:
    """How many calls this webhook takes right now, and after how many seconds to look again."""
    now = timezone.now()
    rows = {row.name: row for row in WebhookState.objects.filter(name__in=[name, ALL_OF_DISCORD])}
    blocks = [row.blocked_until for row in rows.values() if row.blocked_until]
    row = rows.get(name)
    free = _free(row.paced_until if row else None, now)
    if row and row.reset_at and row.reset_at > now and row.remaining is not None:
        free = min(free, row.remaining)
        blocks += [row.reset_at] if row.remaining == 0 else []
    blocked = max((block - now).total_seconds() for block in blocks) if blocks else 0.0
    if blocked > 0:
        return 0, blocked
    return free, (0.0 if free else _interval().total_seconds())


def take(name: str) -> bool:
    """Use one of the free calls; False when another process was quicker."""
    now = timezone.now()
    row, _ = WebhookState.objects.get_or_create(name=name)
    if not _free(row.paced_until, now):
        return False
    paid = max(row.paced_until or now, now) + _interval()
    same = WebhookState.objects.filter(name=name, paced_until=row.paced_until)
    remaining = None if row.remaining is None else max(0, row.remaining - 1)
    return bool(same.update(paced_until=paid, remaining=remaining))


def learn(name: str, told: Pace) -> None:
    """A call worked: keep what its headers said, and forget earlier failures."""
    reset_at = None
    if told.reset_after_seconds is not None:
        reset_at = timezone.now() + timedelta(seconds=told.reset_after_seconds)
    changes = {"remaining": told.remaining, "reset_at": reset_at, "failures": 0}
    if not WebhookState.objects.filter(name=name, disabled_reason="").update(**changes):
        WebhookState.objects.get_or_create(name=name, defaults=changes)
        enable(name)


def block(name: str, seconds: float) -> None:
    """No call before so many seconds have passed. A longer block that stands is kept."""
    until = timezone.now() + timedelta(seconds=seconds)
    row, _ = WebhookState.objects.get_or_create(name=name)
    if row.blocked_until is None or row.blocked_until < until:
        gone = ~Q(disabled_reason="") & Q(blocked_until=None)
        WebhookState.objects.filter(~gone, name=name).update(blocked_until=until)


def back_off(name: str) -> None:
    """The webhook failed in passing and nobody said for how long: wait longer each time, with full jitter."""
    row, _ = WebhookState.objects.get_or_create(name=name)
    ceiling = min(LONGEST_BACKOFF_SECONDS, 2.0 ** min(row.failures + 1, 10))
    WebhookState.objects.filter(name=name).update(failures=row.failures + 1)
    block(name, random.uniform(ceiling / 2, ceiling))  # noqa: S311 - jitter, not a secret


def disable(name: str, reason: str, *, passing: bool = False) -> bool:
    """Stop calling this webhook: for good, or for an hour (``passing``). True for whoever did it first."""
    WebhookState.objects.get_or_create(name=name)
    until = timezone.now() + NO_ACCESS_FOR if passing else None
    same = WebhookState.objects.filter(name=name)
    if same.filter(disabled_reason="").update(disabled_reason=reason[:500], blocked_until=until):
        return True
    if passing:  # once gone, it stays gone
        same.exclude(blocked_until=None).update(blocked_until=until)
    else:
        same.update(disabled_reason=reason[:500], blocked_until=None)
    return False


def enable(name: str) -> bool:
    """Call it again: it has been seen to work. True if it was disabled."""
    disabled = WebhookState.objects.filter(name=name).exclude(disabled_reason="")
    enabled = bool(disabled.update(disabled_reason="", blocked_until=None, failures=0))
    if enabled:
        signals.webhook_enabled.send_robust(sender=WebhookState, webhook=name)
    return enabled


def is_disabled(name: str) -> bool:
    row = WebhookState.objects.filter(name=name).exclude(disabled_reason="").first()
    return row is not None and (row.blocked_until is None or row.blocked_until > timezone.now())


def rests_until(name: str) -> datetime | None:
    """Until when a webhook without access is left alone; None for one that works, or that is gone for good."""
    row = WebhookState.objects.filter(name=name, blocked_until__gt=timezone.now()).exclude(disabled_reason="").first()
    return row.blocked_until if row else None


def longest_debt() -> timedelta:
    """How far ahead a burst can be paid for."""
    return BURST * _interval()


def _interval() -> timedelta:
    a_minute = conf.current().delivery.messages_per_minute
    return timedelta(seconds=60 / a_minute) if a_minute > 0 else timedelta(0)


def _free(paced_until: datetime | None, now: datetime) -> int:
    """Calls left in the burst. What was sent is paid for at the steady rate (a leaky bucket kept as one moment)."""
    interval = _interval()
    if not interval:
        return UNPACED
    owed = max(paced_until - now, timedelta(0)) if paced_until else timedelta(0)
    return max(0, BURST - -(-owed // interval))
