"""Alerts for a condition that holds: they worsen at once, and ease or end only when it stays better for a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from freeze_alerts.alerts.emergency import end_later, without_database
from freeze_alerts.alerts.lifecycle import end, peak, redraw_time, resolve_alert, tell
from freeze_alerts.alerts.models import Alert
from freeze_alerts.alerts.outage import UNWRITABLE
from freeze_alerts.alerts.outcome import Outcome
from freeze_alerts.alerts.reminders import REMINDED_FROM
from freeze_alerts.alerts.report import Report, describe, describe_end
from freeze_alerts.catalog import Severity, entry

MISSED_INTERVALS = 3


def report_state(
    alert_type: str,
    *,
    key: str,
    severity: Severity | None,
    held: Severity | None,
    hold: timedelta,
    **told: Any,
) -> Outcome:
    """Bring an alert in line with one reading of its condition.

    ``severity`` is what the reading calls for, ``held`` what it still keeps up by hysteresis (never less); both
    None means all is well. What is worse is told at once; what is better must stay so for ``hold``. ``told`` is
    passed on to :func:`open_alert`. Without a ``hold`` a source may speak once, so its word that all is well is kept
    while the database is away; else the next reading says so again.
    """
    report = describe(alert_type, key=key, severity=severity, **told)
    try:
        return _report(report, severity, held, hold)
    except UNWRITABLE as error:
        if severity is None and hold:
            raise  # all is well, and the next reading says so again
        if severity is None:
            return end_later(describe_end(alert_type, key=key), error)
        return without_database(report, error)


def _report(report: Report, severity: Severity | None, held: Severity | None, hold: timedelta) -> Outcome:
    alert = Alert.objects.filter(open_key=report.open_key).first()
    if alert is None and severity is None:
        return Outcome.UNCHANGED if hold else resolve_alert(report.entry.value, key=report.key)  # it may be spooled
    if alert is None or (severity is not None and severity > alert.level):
        return tell(report)
    decided = decide(alert.level, held, alert.clear_since, hold, report.at)
    if decided is Outcome.RESOLVED:
        _see(alert, report)
        return end(describe_end(report.entry.value, key=report.key))
    if decided is Outcome.EASED and held is not None:
        reminder = alert.next_reminder_at if held >= REMINDED_FROM else None
        _see(alert, report, clear_since=None, severity=held.value, next_reminder_at=reminder, card_due_at=report.at)
    else:
        better = held is None or held < alert.level
        _see(alert, report, clear_since=(alert.clear_since or report.at) if better else None)
    return decided


def decide(
    current: Severity, held: Severity | None, clear_since: datetime | None, hold: timedelta, now: datetime
) -> Outcome:
    """Whether an open alert stays, eases or ends, from a reading that calls for nothing worse.

    >>> decide(Severity.CRITICAL, None, None, timedelta(0), datetime(2026, 1, 1))
    <Outcome.RESOLVED: 'resolved'>
    """
    if held is not None and held >= current:
        return Outcome.UNCHANGED
    if now - (clear_since or now) < hold:
        return Outcome.UNCHANGED
    return Outcome.RESOLVED if held is None else Outcome.EASED


def end_unwatched(alert_type: str) -> int:
    """End the alerts of a state whose source has been silent for three intervals; returns how many.

    To be called when that source has just been heard of in general: then who is silent is gone, not merely late.
    """
    row = entry(alert_type)
    if row.interval is None:
        return 0
    silent_since = timezone.now() - MISSED_INTERVALS * row.interval
    silent = Alert.objects.filter(type=alert_type, last_seen_at__lt=silent_since).exclude(open_key=None)
    ended = [
        resolve_alert(alert_type, key=key, reason="no longer watched", unwatched=True)
        for key in silent.values_list("key", flat=True)
    ]
    return ended.count(Outcome.RESOLVED)


def _see(alert: Alert, report: Report, **changes: Any) -> None:
    """Note a reading on the open alert without counting it: a condition that goes on is one occurrence."""
    changes.setdefault("card_due_at", redraw_time(report.at))
    same = Alert.objects.filter(pk=alert.pk, severity=alert.severity).exclude(open_key=None)
    same.update(**report.shown(), **peak(report.value), **changes)
