"""What a person does about an alert: acknowledge, snooze, end, and have it drawn anew."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import router, transaction
from django.db.models import F
from django.utils import timezone

from freeze_alerts import outbox
from freeze_alerts.alerts.lifecycle import end
from freeze_alerts.alerts.models import Alert
from freeze_alerts.alerts.outcome import Outcome
from freeze_alerts.alerts.reminders import REMINDED_FROM
from freeze_alerts.alerts.report import describe_end, fit, fit_key
from freeze_alerts.catalog import Nature, entry_or_plain

_CHANGED_AT_ONCE = 500


def acknowledge(alert: Alert, by: str) -> bool:
    """Somebody is on it. A state stays open until its condition ends; a fact ends here. False if it had ended."""
    if entry_or_plain(alert.type).nature is not Nature.STATE:
        return end(describe_end(alert.type, key=alert.key, by=by)) is Outcome.RESOLVED
    now = timezone.now()
    return _change(alert, status=Alert.Status.ACKNOWLEDGED, acknowledged_at=now, acknowledged_by=fit(by, 150),
                   next_reminder_at=None)  # fmt: skip


def resolve(alert: Alert, by: str, reason: str = "") -> bool:
    """End it by hand; a state opens again with the next reading that calls for it. False if it had ended."""
    return end(describe_end(alert.type, key=alert.key, by=by, reason=reason)) is Outcome.RESOLVED


def snooze(alert: Alert, until: datetime) -> bool:
    """No reminders until then; a high one is told again when the time is up. False if it had ended."""
    reminder = until if alert.level >= REMINDED_FROM and alert.status == Alert.Status.OPEN else None
    return _change(alert, snoozed_until=until, next_reminder_at=reminder)


def undo(alert_type: str, *, key: str, text: str, because: str = "") -> bool:
    """What was told is undone, in part or (``because``) as a whole: its card says so. False if none told of it."""
    alert = Alert.objects.filter(type=alert_type, key=fit_key(key)).order_by("-id").first()
    if alert is None:
        return False
    now = timezone.now()
    whole = {"ended_because": fit(because, 255), "resolved_at": now, "sequence": F("sequence") + 1} if because else {}
    Alert.objects.filter(pk=alert.pk).update(card_due_at=now, text=fit(f"{alert.text}\n{text}"), **whole)
    outbox.ring_after_commit()
    return True


def mark_changed_cards() -> int:
    """Hand the cards of alerts that changed to the outbox, to be edited in the next pass; returns how many alerts.

    In one transaction: a crash leaves them due. An alert that changes meanwhile is marked again by that change, and
    the card is read after this commit, so none stays behind.
    """
    now = timezone.now()
    due = Alert.objects.filter(card_due_at__lte=now)
    ids = list(due.values_list("pk", flat=True)[:_CHANGED_AT_ONCE])
    if ids:
        with transaction.atomic(using=router.db_for_write(Alert)):
            due.filter(pk__in=ids).update(card_due_at=None)  # a write first: SQLite needs it so under load
            outbox.redraw(ids, at=now)
    return len(ids)


def next_change_due() -> timedelta | None:
    """How long until a card is to be drawn anew; None when all are true."""
    first = (
        Alert.objects.exclude(card_due_at=None).order_by("card_due_at").values_list("card_due_at", flat=True).first()
    )
    return None if first is None else max(first - timezone.now(), timedelta(0))


def _change(alert: Alert, **changes: object) -> bool:
    now = timezone.now()
    changed = Alert.objects.filter(pk=alert.pk).exclude(open_key=None).update(card_due_at=now, **changes)
    if changed:
        outbox.ring_after_commit()
    return bool(changed)
