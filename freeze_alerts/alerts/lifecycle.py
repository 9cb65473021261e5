"""How an alert opens, repeats, worsens, reopens and ends.

One open alert a key under any race: the unique ``open_key`` decides who opened it, and whoever lost counts as a
repeat. A repeat is a single UPDATE, so that a storm costs next to nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import IntegrityError, models, router, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Greatest

from freeze_alerts import conf, outbox, signals
from freeze_alerts.alerts.emergency import end_later, is_spooled, without_database
from freeze_alerts.alerts.models import Alert
from freeze_alerts.alerts.outage import UNWRITABLE
from freeze_alerts.alerts.outcome import Outcome
from freeze_alerts.alerts.plain import written
from freeze_alerts.alerts.reminders import first_reminder
from freeze_alerts.alerts.report import End, Report, describe, describe_end
from freeze_alerts.catalog import Nature, Severity, entry_or_plain
from freeze_alerts.discord.text import plain
from freeze_alerts.insert import insert
from freeze_alerts.outbox.models import Message

logger = logging.getLogger("freeze_alerts")

REOPEN_WITHIN = timedelta(minutes=30)
"""An ended alert whose trouble comes back this soon is the same alert: flapping edits one card."""
QUIET_AFTER_ANSWER = timedelta(hours=1)
"""A fact that a person has answered is told again only after this much silence; until then it is counted."""
REDRAW_AFTER = timedelta(minutes=1)
REDRAW_OLD_AFTER = timedelta(hours=1)
"""Discord limits edits of messages older than an hour, by a number it keeps to itself."""
_RACES = 5


class TooManyRaces(conf.FreezeAlertsError, IntegrityError):
    """The alert changed under our hands at every try, or we stand in a snapshot that shows none of it.

    A failure of the database's like any other: whoever tells spools it, and it is booked in a moment.
    """


def open_alert(
    alert_type: str,
    *,
    key: str,
    title: str = "",
    text: str = "",
    severity: Severity | str | None = None,
    fields: Iterable[tuple[Any, ...]] = (),
    link: str = "",
    command: str = "",
    value: float | None = None,
    host: str = "",
    release: str = "",
) -> Outcome:
    """Tell of a trouble: opens an alert and its message, or counts up or worsens the open one of this ``key``.

    Inside a transaction the alert opens with it and is undone with it; a mere repeat is counted after its commit.
    ``fields`` are (name, value) or (name, value, inline). ``value`` is the reading, kept as its peak.
    ``command`` is what to run next, where the type's own does not fit.
    When the database can't be written, the alert goes to the spool and straight to Discord: SPOOLED.
    Raises UnknownAlertType. Costs 2 to 4 queries for a new alert, 1 or 2 for a repeat.
    """
    report = describe(
        alert_type, key=key, title=title, text=text, severity=severity, fields=fields, link=link, command=command,
        value=value, host=host, release=release,
    )  # fmt: skip
    return tell_or_spool(report)


def tell_or_spool(report: Report, *, is_first: bool = False) -> Outcome:
    """:func:`open_alert` for a report already described; ``is_first`` as of :func:`tell`."""
    try:
        return tell(report, is_first=is_first)
    except UNWRITABLE as error:
        return without_database(report, error)


def tell(report: Report, *, in_transaction: bool | None = None, is_first: bool = False) -> Outcome:
    """:func:`open_alert` for a report already described. Raises what the database raises.

    A repeat is counted after the commit when ``in_transaction``; default: whether there is one. ``is_first`` says that
    its key was never told of: no earlier alert is looked for.
    """
    return written(report, partial(_tell, in_transaction=in_transaction, is_first=is_first))


def _tell(report: Report, *, in_transaction: bool | None, is_first: bool) -> Outcome:
    using = router.db_for_write(Alert)
    if in_transaction is None:
        in_transaction = transaction.get_connection(using).in_atomic_block
    for _ in range(_RACES):
        try:
            with transaction.atomic(using=using):
                if not in_transaction and not is_first and _repeat(report):
                    return Outcome.REPEATED
                outcome = _news(report, None if is_first else _previous(report))
        except IntegrityError:
            is_first = False
            continue  # somebody else opened it in between: count as a repeat
        if outcome is Outcome.REPEATED:
            if not in_transaction:
                continue
            outbox.after_commit(partial(tell_or_spool, report))
        if outcome is not None:
            return outcome
    raise TooManyRaces(report.open_key)


def _previous(report: Report) -> Alert | None:
    """The open alert of this key, else the ended one it may continue."""
    recent = Q(resolved_at__gte=report.at - REOPEN_WITHIN)
    answered = Q(acknowledged_at__isnull=False, resolved_at__isnull=False)
    answered &= Q(last_seen_at__gte=report.at - QUIET_AFTER_ANSWER)
    ended = Q(key=report.key, type=report.entry.value) & (recent | answered)
    found = Alert.objects.filter(Q(open_key=report.open_key) | ended)
    return found.order_by(F("open_key").asc(nulls_last=True), "-id").first()


def _news(report: Report, previous: Alert | None) -> Outcome | None:
    """Write what is new about it; None when another process was quicker and the look must be repeated."""
    if previous is None:
        return _open(report)
    if previous.open_key is None:
        is_record = report.entry.nature is Nature.RECORD
        if is_record and report.severity > previous.level:
            return _tell_louder(report, previous)
        if is_record or (report.entry.nature is Nature.FACT and previous.acknowledged_at):
            return _count_on_ended(report, previous)
        return _reopen(report, previous)
    if report.severity > previous.level:
        return _worsen(report, previous)
    return Outcome.REPEATED


def _repeat(report: Report) -> bool:
    as_bad = [each.value for each in Severity if each >= report.severity]
    same = Alert.objects.filter(open_key=report.open_key, severity__in=as_bad)
    again = 0 if report.entry.nature is Nature.STATE else 1  # a condition that goes on is one occurrence
    return bool(
        same.update(
            occurrences=F("occurrences") + again, clear_since=None, **report.shown(), **peak(report.value),
            card_due_at=redraw_time(report.at),
        )
    )  # fmt: skip


def _open(report: Report) -> Outcome:
    ended = report.entry.nature is Nature.RECORD
    alert = Alert(
        type=report.entry.value, key=report.key, open_key=None if ended else report.open_key,
        severity=report.severity, link=report.link, command=report.command, peak_value=report.value,
        opened_at=report.at, raised_at=report.at, next_reminder_at=first_reminder(report),
        status=Alert.Status.RESOLVED if ended else Alert.Status.OPEN, resolved_at=report.at if ended else None,
        environment=plain(conf.current().environment)[:64], host=report.host, release=report.release,
        **{"title": report.entry.title, **report.shown()},
    )  # fmt: skip
    insert(alert, router.db_for_write(Alert))
    say(alert, Message.Kind.OPENED, signals.alert_opened)
    return Outcome.OPENED


def _worsen(report: Report, previous: Alert) -> Outcome | None:
    again = 0 if report.entry.nature is Nature.STATE else 1  # a condition that gets worse is still the same one
    seen = Alert.objects.filter(pk=previous.pk, open_key=report.open_key, severity=previous.severity)
    if not seen.update(**_raised(report), occurrences=F("occurrences") + again):
        return None
    say(Alert.objects.get(pk=previous.pk), Message.Kind.WORSENED, signals.alert_worsened)
    return Outcome.WORSENED


def _reopen(report: Report, previous: Alert) -> Outcome | None:
    ended = Alert.objects.filter(pk=previous.pk, open_key=None)
    back = {"open_key": report.open_key, "resolved_at": None, "ended_because": "", "unwatched": False}
    if not ended.update(**_raised(report), **back, occurrences=F("occurrences") + 1):
        return None
    # Whoever heard that it ended must hear that it is back; a quieter one only turns its card red again.
    heard = max(report.severity, previous.level) >= Severity.HIGH
    alert = Alert.objects.get(pk=previous.pk)
    say(alert, Message.Kind.OPENED if heard else None, signals.alert_opened)
    return Outcome.REOPENED


def _raised(report: Report) -> dict[str, Any]:
    """The columns of an alert that somebody has to hear of anew: earlier answers are for what it was before."""
    return {
        "severity": report.severity, "status": Alert.Status.OPEN, "raised_at": report.at, "clear_since": None,
        "acknowledged_at": None, "acknowledged_by": "", "snoozed_until": None,
        "next_reminder_at": first_reminder(report), "reminders": 0,
        "sequence": F("sequence") + 1, "card_due_at": report.at, **report.shown(), **peak(report.value),
    }  # fmt: skip


def _count_on_ended(report: Report, previous: Alert) -> Outcome | None:
    same = Alert.objects.filter(pk=previous.pk, open_key=None)
    counted = same.update(
        occurrences=F("occurrences") + 1, card_due_at=redraw_time(report.at), **report.shown(), **peak(report.value)
    )
    return Outcome.UNCHANGED if counted else None


def _tell_louder(report: Report, previous: Alert) -> Outcome | None:
    """A record that turns out worse than it was told: it stays ended, and is posted anew."""
    same = Alert.objects.filter(pk=previous.pk, open_key=None, severity=previous.severity)
    if not same.update(
        severity=report.severity, occurrences=F("occurrences") + 1, sequence=F("sequence") + 1,
        card_due_at=report.at, **report.shown(), **peak(report.value),
    ):  # fmt: skip
        return None
    say(Alert.objects.get(pk=previous.pk), Message.Kind.WORSENED, signals.alert_worsened)
    return Outcome.WORSENED


def resolve_alert(alert_type: str, *, key: str, reason: str = "", by: str = "", unwatched: bool = False) -> Outcome:
    """End the open alert of this key, if there is one. Its card turns green; a high one's end is posted too.

    ``reason`` is shown on the card; ``by`` is the person who ended it, empty when the condition did.
    When the database can't be written, or an opening of this key still waits in the spool, the end is kept there
    behind it: SPOOLED.
    """
    told = describe_end(alert_type, key=key, reason=reason, by=by, unwatched=unwatched)
    if is_spooled(told.open_key):
        return end_later(told)
    try:
        return end(told)
    except UNWRITABLE as error:
        return end_later(told, error)


def end(told: End, *, late: bool = False) -> Outcome:
    """:func:`resolve_alert` for an end already described. Raises what the database raises.

    ``late``: it was told a while ago, so it ends nothing that was seen since then.
    """
    return written(told, partial(_end, late=late))


def _end(told: End, *, late: bool) -> Outcome:
    found = Alert.objects.filter(open_key=told.open_key)
    if late:
        found = found.filter(last_seen_at__lte=told.at)
    alert = found.first()  # outside the transaction: SQLite can't turn a reading one into a writing one under load
    if alert is None:
        return Outcome.UNCHANGED
    answered = {"acknowledged_by": told.by, "acknowledged_at": told.at} if told.by else {}
    with transaction.atomic(using=router.db_for_write(Alert)):
        ended = found.filter(pk=alert.pk).update(
            open_key=None, status=Alert.Status.RESOLVED, resolved_at=told.at, clear_since=None, next_reminder_at=None,
            ended_because=told.reason, unwatched=told.unwatched, sequence=F("sequence") + 1, card_due_at=told.at,
            **answered,
        )  # fmt: skip
        if not ended:
            return Outcome.UNCHANGED
        alert.refresh_from_db()
        loud = alert.level >= Severity.HIGH and not told.by
        say(alert, Message.Kind.RESOLVED if loud else None, signals.alert_resolved)
    return Outcome.RESOLVED


def say(alert: Alert, kind: str | None, signal: Any) -> None:
    """Put the alert's newest message in the outbox (none for an edit alone) and send its signal after the commit."""
    if kind is None:
        outbox.ring_after_commit()
    else:
        outbox.put(
            kind=kind, channel=entry_or_plain(alert.type).channel, alert_id=alert.pk, sequence=alert.sequence,
            intent=f"alert:{alert.pk}:{kind}:{alert.sequence}",
        )  # fmt: skip
    outbox.after_commit(partial(_announce, alert, signal))


def _announce(alert: Alert, signal: Any) -> None:
    logger.warning("alert %s %s %s: %s", alert.pk, alert.status, alert.severity, alert)
    signal.send_robust(sender=Alert, alert=alert)


def redraw_time(at: datetime) -> Any:
    """When to edit the card for a mere change of numbers: soon while it is young, hourly once it is old."""
    later = Case(
        When(opened_at__gte=at - timedelta(hours=1), then=Value(at + REDRAW_AFTER)),
        default=Value(at + REDRAW_OLD_AFTER),
        output_field=models.DateTimeField(),
    )
    return Coalesce(F("card_due_at"), later)


def peak(value: float | None) -> dict[str, Any]:
    """The UPDATE that keeps the highest reading; none for a report without one."""
    return {} if value is None else {"peak_value": Greatest(Coalesce(F("peak_value"), Value(value)), Value(value))}
