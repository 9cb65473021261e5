"""Whether messages leave: how long the oldest has waited, and whether any was given up."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Min

from freeze_alerts import conf
from freeze_alerts.outbox.models import Message
from freeze_alerts.outbox.route import webhook_of
from freeze_alerts.watch.health_checks.check import Check, State, seconds_between

WARNING_AFTER_SECONDS = 300.0
CRITICAL_AFTER_SECONDS = 1800.0
DEAD_FOR = timedelta(days=7)
"""A message given up longer ago is history: whoever wanted it sent has done so."""
_UNSENT = (Message.State.PENDING, Message.State.SENDING, Message.State.UNKNOWN)


def outbox(now: datetime) -> list[Check]:
    """The oldest unsent message, and the dead ones of the last week.

    With no webhook at all, messages have nowhere to go and wait for one: that is for the system checks to say.
    """
    oldest = None
    if any(webhook_of(channel) for channel in conf.current().webhooks):
        unsent = Message.objects.filter(state__in=_UNSENT, folded_into=None)
        oldest = unsent.aggregate(oldest=Min("created_at"))["oldest"]
    dead = Message.objects.filter(state=Message.State.DEAD, created_at__gte=now - DEAD_FOR).count()
    return [judge_waiting(oldest, now), judge_dead(dead)]


def judge_waiting(oldest: datetime | None, now: datetime) -> Check:
    """``oldest`` is when the message that has waited longest was written; None when none waits."""
    seconds = 0.0 if oldest is None else seconds_between(oldest, now)
    state, line = State.OK, WARNING_AFTER_SECONDS
    if seconds > CRITICAL_AFTER_SECONDS:
        state, line = State.CRITICAL, CRITICAL_AFTER_SECONDS
    elif seconds > WARNING_AFTER_SECONDS:
        state = State.WARNING
    since = None if state is State.OK else oldest
    return Check("outbox", state, seconds, "s", line, since=since, age_seconds=0.0)


def judge_dead(count: int) -> Check:
    """A dead message is told by other ways too, so that it is no more than a warning."""
    state = State.WARNING if count else State.OK
    return Check("outbox:dead", state, count, "messages", 0, age_seconds=0.0)
