"""Bringing what was spooled into the database: each line once, tied to the message that said it."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, router, transaction
from django.utils import timezone

from freeze_alerts.alerts.emergency import DATABASE_KEY, OUTAGE, restored, restored_end
from freeze_alerts.alerts.lifecycle import end, open_alert, tell
from freeze_alerts.alerts.models import Alert
from freeze_alerts.alerts.outcome import Outcome
from freeze_alerts.alerts.report import Report, describe_end
from freeze_alerts.catalog import AlertType, entry_or_plain
from freeze_alerts.outbox import spool
from freeze_alerts.outbox.models import Booked, Message

logger = logging.getLogger("freeze_alerts")

REMEMBERED_FOR = timedelta(days=7)
_NEWS = (Outcome.OPENED, Outcome.REOPENED, Outcome.WORSENED)


def book_spool() -> int:
    """Book all that is spooled; returns how many lines. Raises OperationalError while the database is still away."""
    count = spool.take(_book)
    if count:
        Booked.objects.filter(at__lt=timezone.now() - REMEMBERED_FOR).delete()
    return count


def _book(lines: list[spool.Line]) -> None:
    told = [line for line in lines if "report" in line or "end" in line]
    rejected = [line for line in told if not _is_booked(line)]
    for line in lines:
        if "posted" in line:
            _tie(line)
    if rejected:
        _tell_of_rejected(len(rejected))
    if any(line.get("key") == OUTAGE for line in lines):
        end(describe_end(AlertType.TROUBLE, key=DATABASE_KEY, reason="the database answers again"))


def _is_booked(line: spool.Line) -> bool:
    """False where it can't be and is put aside: one such line must not keep the others out."""
    try:
        _book_line(line)
    except Exception as error:
        if isinstance(error, (DatabaseError, InterfaceError)) and not isinstance(error, (DataError, IntegrityError)):
            raise  # away, read-only, not migrated, busy: all of it passes
        logger.exception("a line of the spool can't be booked and is put aside")
        if not spool.reject(line):
            raise
        return False
    return True


def _book_line(line: spool.Line) -> None:
    with transaction.atomic(using=router.db_for_write(Booked)):
        try:  # a bare insert first: SQLite can't turn a reading transaction into a writing one under load
            with transaction.atomic(using=router.db_for_write(Booked)):
                booked = Booked(id=line["id"], at=timezone.now())
                booked.save(force_insert=True)
        except IntegrityError:
            return
        if "end" in line:
            end(restored_end(line), late=True)
            return
        report = restored(line)
        if tell(report, in_transaction=False) in _NEWS:
            Booked.objects.filter(pk=booked.pk).update(message=_newest_message(report))


def _newest_message(report: Report) -> Message | None:
    alert = _newest_alert(report.open_key)
    return Message.objects.filter(alert=alert).order_by("-sequence").first()


def _newest_alert(key: str) -> Alert | None:
    alert_type, _, rest = key.partition("|")
    return Alert.objects.filter(type=alert_type, key=rest).order_by("-pk").first()


def _tie(line: spool.Line) -> None:
    """A card of it is in Discord already: that one is drawn anew as what it has become, and nothing is said twice."""
    post, now = line["posted"], timezone.now()
    stands = {
        "state": Message.State.SENT, "sent_at": now, "redraw_at": now, "last_status": 200,
        "webhook": post["webhook"], "discord_message_id": post["message_id"],
    }  # fmt: skip
    booked = Booked.objects.filter(pk=line["id"]).first()
    known = Message.objects.filter(webhook=post["webhook"], discord_message_id=post["message_id"])
    if booked is None or known.exists():
        return
    spoken_for = Message.objects.filter(pk=booked.message_id or 0, state=Message.State.PENDING)
    if spoken_for.update(**stands, folded_into=None):
        return
    if (alert := _newest_alert(line["key"])) is not None:  # a repeat, or its message was quicker: one more card of it
        Message.objects.create(
            intent=f"straight:{line['id']}", alert=alert, kind=Message.Kind.OPENED, sequence=alert.sequence,
            channel=entry_or_plain(alert.type).channel, due_at=now, created_at=now, **stands,
        )  # fmt: skip


def _tell_of_rejected(count: int) -> None:
    path = spool.rejected_path()
    text = f"{count} of those kept while the database was away. They lie in {path}, and the log says why."
    title = "spooled alerts can't be booked"
    open_alert(AlertType.TROUBLE, key="spool", title=title, text=text, command=f"cat {path}")
