"""Alerts while the database can't be written: kept in the spool, and said straight in Discord."""

from __future__ import annotations

import logging
import uuid
from collections import deque
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils import timezone

from freeze_alerts import conf
from freeze_alerts.alerts.clock import aware
from freeze_alerts.alerts.outcome import Outcome
from freeze_alerts.alerts.report import Report, describe
from freeze_alerts.catalog import AlertType, Severity, entry_or_plain
from freeze_alerts.outbox import doorbell, spool

logger = logging.getLogger("freeze_alerts")

UNWRITABLE = (DatabaseError, InterfaceError)
DATABASE_KEY = "database"
NOT_BOOKED = "not yet booked: the database can't be reached"
NOT_KEPT = "kept nowhere but here: neither the database nor the spool can be written"

unsaved: deque[spool.Line] = deque(maxlen=1_000)
"""What even the spool did not take; booked with the rest if this process lives to see the database again."""


def without_database(report: Report, error: Exception) -> Outcome:
    """Keep the report for when the database is back; where it is away, say so and say it now. Never raises."""
    if not is_away(error):
        # Ours alone could not write (a spoilt transaction, a locked table): the next pass books it in a moment.
        logger.warning("%s is spooled: %s", report.open_key, type(error).__name__)
        _keep(report)
        doorbell.ring()
        return Outcome.SPOOLED
    logger.error("the database can't be reached (%s): %s is spooled", type(error).__name__, report.open_key)
    tell_outage(error)
    _say(report, _keep(report))
    doorbell.ring()
    return Outcome.SPOOLED


def tell_outage(error: Exception) -> None:
    """Say once, straight in Discord, that the database is away, if that is what the error means."""
    if not is_away(error):
        return
    outage = _outage(error)
    if not spool.holds_key(outage.open_key):
        kept = _keep(outage)
        if not kept[1] or spool.first_of(outage.open_key) == kept[0]:  # another process may have been quicker
            _say(outage, kept)
        doorbell.ring()


def restored(line: spool.Line) -> Report:
    """The report as it was spooled. Raises LookupError, TypeError or ValueError for a line that is none."""
    told = dict(line["report"])
    severity, at = Severity(told.pop("severity")), datetime.fromisoformat(told.pop("at"))
    return Report(entry=entry_or_plain(told.pop("type")), severity=severity, at=at, **told)


def is_away(error: Exception) -> bool:
    """Whether the database can't be reached, and is not merely busy, nor merely without our tables yet.

    SQLite has one class for all of these.
    """
    here = ("locked", "no such table", "no such column", "deadlock", "timeout exceeded", "statement timeout")
    return isinstance(error, (OperationalError, InterfaceError)) and not any(each in str(error) for each in here)


def _outage(error: Exception) -> Report:
    return describe(
        AlertType.TROUBLE, key=DATABASE_KEY, title="the database can't be reached", severity=Severity.CRITICAL,
        text=(
            f"Alerts can't be written since then ({type(error).__name__}). Payments and errors are at risk: consider "
            "maintenance mode. What is told meanwhile is kept in a file, said here directly, and booked later."
        ),
        command="docker compose logs db --tail=50",
    )  # fmt: skip


def _keep(report: Report) -> tuple[str, bool]:
    """The id it is kept under, and whether it is safe."""
    told = asdict(report) | {"type": report.entry.value, "at": report.at.isoformat()}
    del told["entry"]
    line: spool.Line = {"id": str(uuid.uuid4()), "key": report.open_key, "report": told}
    safe = spool.keep(line)
    if not safe:
        unsaved.append(line)
    return line["id"], safe


def _say(report: Report, kept: tuple[str, bool]) -> None:
    from freeze_alerts.outbox import courier  # drags requests in; only an emergency needs it

    line_id, safe = kept
    note: str = NOT_BOOKED if safe else NOT_KEPT
    courier.carry(
        courier.Parcel(
            key=report.open_key,
            channel=report.entry.channel,
            card=_card(report, line_id, note),
            mention=_mention(report),
            is_wanted=partial(spool.holds, line_id) if safe else lambda: True,
            delivered=partial(_remember, line_id),
        )
    )


def _card(report: Report, line_id: str, note: str) -> Any:
    from freeze_alerts.alerts.card import answer_by
    from freeze_alerts.discord.message import Card, Field

    opened_at = aware(report.at)
    title = report.entry.title
    return Card(
        title=title if report.title in ("", title) else f"{title}: {report.title}",
        severity=report.severity,
        footer=f"alert {line_id[:8]} · {conf.current().environment}",
        opened_at=opened_at,
        answer_by=answer_by(opened_at, report.entry.answer_within),
        text=report.text,
        notes=(note,),
        fields=tuple(Field(str(name), str(value)) for name, value, *_ in report.fields),
        command=report.command or report.entry.command,
        url=report.link,
    )


def _mention(report: Report) -> str:
    from freeze_alerts.alerts.card import mention_for

    return mention_for(report.severity)


def _remember(line_id: str, webhook: str, message_id: str) -> None:
    """Note which message said it, so that booking ties the two together instead of saying it again."""
    spool.keep({"id": line_id, "posted": {"webhook": webhook, "message_id": message_id, "at": str(timezone.now())}})
