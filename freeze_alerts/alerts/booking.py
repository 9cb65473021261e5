"""Bringing what was spooled into the database: each line once, tied to the message that said it."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, router, transaction
from django.utils import timezone

from freeze_alerts.alerts.emergency import DATABASE_KEY, restored, unsaved
from freeze_alerts.alerts.lifecycle import resolve_alert, tell
from freeze_alerts.alerts.models import Alert
from freeze_alerts.alerts.outcome import Outcome
from freeze_alerts.alerts.report import Report
from freeze_alerts.catalog import AlertType
from freeze_alerts.outbox import spool
from freeze_alerts.outbox.models import Booked, Message

logger = logging.getLogger("freeze_alerts")

REMEMBERED_FOR = timedelta(days=7)
_NEWS = (Outcome.OPENED, Outcome.REOPENED, Outcome.WORSENED)


def book_spool() -> int:
    """Book all that is spooled; returns how many lines. Raises OperationalError while the database is still away."""
    while unsaved:
        _book([unsaved[0]])
        unsaved.popleft()
    count = spool.take(_book)
    if count:
        Booked.objects.filter(at__lt=timezone.now() - REMEMBERED_FOR).delete()
    return count


def _book(lines: list[spool.Line]) -> None:
    posted = {line["id"]: line["posted"] for line in lines if "posted" in line}
    for line in lines:
        try:
            if "report" in line:
                _book_line(line)
        except Exception as error:
            if isinstance(error, (DatabaseError, InterfaceError)) and not isinstance(error, DataError):
                raise  # away, read-only, not migrated, busy: all of it passes
            # One line that can't be booked must not keep the others out.
            logger.exception("a line of the spool can't be booked and is put aside")
            if not spool.reject(line):
                raise
    for line_id, post in posted.items():
        _tie(line_id, post)
    if any(line.get("key", "").endswith(f"|{DATABASE_KEY}") for line in lines):
        resolve_alert(AlertType.TROUBLE, key=DATABASE_KEY, reason="the database answers again")


def _book_line(line: spool.Line) -> None:
    report = restored(line)
    with transaction.atomic(using=router.db_for_write(Booked)):
        try:  # a bare insert first: SQLite can't turn a reading transaction into a writing one under load
            with transaction.atomic(using=router.db_for_write(Booked)):
                booked = Booked(id=line["id"], at=timezone.now())
                booked.save(force_insert=True)
        except IntegrityError:
            return
        if tell(report, in_transaction=False) in _NEWS:
            Booked.objects.filter(pk=booked.pk).update(message=_newest_message(report))


def _newest_message(report: Report) -> Message | None:
    alert = Alert.objects.filter(type=report.entry.value, key=report.key).order_by("-pk").first()
    return Message.objects.filter(alert=alert).order_by("-sequence").first()


def _tie(line_id: str, post: dict[str, Any]) -> None:
    """The message is in Discord already: it is sent, and only drawn anew as what it has become."""
    booked = Booked.objects.filter(pk=line_id).first()
    if booked is not None and booked.message_id is not None:
        now = timezone.now()
        Message.objects.filter(pk=booked.message_id, state=Message.State.PENDING).update(
            state=Message.State.SENT, sent_at=now, redraw_at=now, last_status=200,
            webhook=post["webhook"], discord_message_id=post["message_id"],
        )  # fmt: skip
