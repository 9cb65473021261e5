"""What nobody has answered in time is told again, louder, at widening distances: escalation, for one person."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import router, transaction
from django.db.models import F
from django.utils import timezone

from freeze_alerts import outbox
from freeze_alerts.alerts.models import Alert
from freeze_alerts.alerts.report import Report
from freeze_alerts.catalog import Nature, Severity, entry_or_plain
from freeze_alerts.outbox.models import Message

REMINDED_FROM = Severity.HIGH
DISTANCES = (1, 4, 12)
"""In times of the answer-within, from one telling to the next; then daily."""
AT_MOST = timedelta(days=1)
_AT_ONCE = 200


def first_reminder(report: Report) -> datetime | None:
    """When to tell it again if nobody answers; None for what is not urgent, and for what asks for no answer."""
    within = report.entry.answer_within
    if within is None or report.severity < REMINDED_FROM or report.entry.nature is Nature.RECORD:
        return None
    return report.at + distance(within, 0)


def distance(within: timedelta, reminders: int) -> timedelta:
    """From the telling number ``reminders`` (0 is the first) to the next.

    >>> [str(distance(timedelta(minutes=15), told)) for told in range(4)]
    ['0:15:00', '1:00:00', '3:00:00', '1 day, 0:00:00']
    """
    return min(AT_MOST, within * DISTANCES[reminders]) if reminders < len(DISTANCES) else AT_MOST


def remind() -> int:
    """Tell again whatever is due; returns how many. Two processes at once tell each once."""
    now = timezone.now()
    due = Alert.objects.filter(next_reminder_at__lte=now, status=Alert.Status.OPEN)
    return sum(_remind(alert, now) for alert in due.order_by("next_reminder_at")[:_AT_ONCE])


def _remind(alert: Alert, now: datetime) -> bool:
    row = entry_or_plain(alert.type)
    within = row.answer_within or AT_MOST
    same = Alert.objects.filter(
        pk=alert.pk, status=Alert.Status.OPEN, next_reminder_at=alert.next_reminder_at, sequence=alert.sequence
    )
    with transaction.atomic(using=router.db_for_write(Alert)):
        won = same.update(
            reminders=F("reminders") + 1, sequence=F("sequence") + 1,
            next_reminder_at=now + distance(within, alert.reminders + 1),
        )  # fmt: skip
        if won:
            sequence, kind = alert.sequence + 1, Message.Kind.REMINDER
            outbox.put(
                kind=kind, channel=row.channel, alert_id=alert.pk, sequence=sequence,
                intent=f"alert:{alert.pk}:{kind}:{sequence}",
            )  # fmt: skip
    return bool(won)
