"""Alerts while the database can't be written: kept in the spool, and said straight in Discord."""

from __future__ import annotations

import logging
import time
import uuid
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any

from freeze_alerts import conf
from freeze_alerts.alerts.clock import aware
from freeze_alerts.alerts.outage import is_away
from freeze_alerts.alerts.outcome import Outcome
from freeze_alerts.alerts.report import End, Report, describe, open_key
from freeze_alerts.catalog import AlertType, Severity, entry_or_plain
from freeze_alerts.outbox import doorbell, spool

logger = logging.getLogger("freeze_alerts")

DATABASE_KEY = "database"
OUTAGE = open_key(AlertType.TROUBLE, DATABASE_KEY)
NOT_BOOKED = "not yet booked: the database can't be reached, or can't be written"
NOT_KEPT = "kept nowhere but here: neither the database nor the spool can be written"
SAY_AGAIN_AFTER_SECONDS = 15 * 60.0
TAKE_OVER_AFTER_SECONDS = 30.0
"""Who spooled it first says it. If that process has not by then, any other may."""
LONGEST_TEXT = 4_096
SHORT_TEXT = 1_000
"""What is left of one that is too long for a line of the spool, once its fields are gone."""


def without_database(report: Report, error: Exception) -> Outcome:
    """Keep the report for when it can be written; where the database is away, say so and say it now. Never raises."""
    line_id, away = _keep(report), is_away(error)
    if away:
        logger.error("the database can't be reached (%s): %s is spooled", type(error).__name__, report.open_key)
    else:
        # Ours alone could not write (a spoilt transaction, a locked table): the next pass books it in a moment.
        logger.warning("%s is spooled: %s", report.open_key, type(error).__name__)
    try:
        if away:
            _say_outage(error)
        _say_if_first(report, line_id, urgent=away)
    except Exception:  # the door of the emergency exit: whoever raised the alert goes on, and the spool has it
        logger.exception("%s could not be said without the database", report.open_key)
    doorbell.ring()
    return Outcome.SPOOLED


def end_later(told: End, error: Exception | None = None) -> Outcome:
    """Keep an end until it can be written, behind whatever else is kept of its trouble. Never raises."""
    waiting = _waiting(told.open_key)
    if not waiting or "end" not in waiting[-1]:
        line = {"id": str(uuid.uuid4()), "key": told.open_key, "at": time.time()}
        spool.keep({**line, "end": {**asdict(told), "at": told.at.isoformat()}}, behind=True)
        logger.warning("the end of %s is spooled: %s", told.open_key, type(error).__name__ if error else "its turn")
    try:
        if error is not None and is_away(error):
            _say_outage(error)
    except Exception:  # the door of the emergency exit: whoever told the end goes on, and the spool has it
        logger.exception("it could not be said that the database is away")
    doorbell.ring()
    return Outcome.SPOOLED


def is_spooled(key: str) -> bool:
    """Whether anything of this trouble waits to be booked: what is told of it now comes after that."""
    return not spool.is_empty() and bool(_waiting(key))


def restored_end(line: spool.Line) -> End:
    """The end as it was spooled. Raises LookupError, TypeError or ValueError for a line that is none."""
    told = dict(line["end"])
    return End(at=datetime.fromisoformat(told.pop("at")), **told)


def restored(line: spool.Line) -> Report:
    """The report as it was spooled. Raises LookupError, TypeError or ValueError for a line that is none."""
    told = dict(line["report"])
    severity, at = Severity(told.pop("severity")), datetime.fromisoformat(told.pop("at"))
    return Report(entry=entry_or_plain(told.pop("type")), severity=severity, at=at, **told)


def tell_outage(error: Exception) -> None:
    """Say once, straight in Discord, that the database is away, if that is what the error means."""
    if is_away(error):
        _say_outage(error)
        doorbell.ring()


def _say_outage(error: Exception) -> None:
    """One card for all processes: whoever finds it spooled leaves it to whoever spooled it, for a while."""
    known = _reports(OUTAGE)
    if not known:
        outage = _outage(error)
        _say_if_first(outage, _keep(outage))
    elif _is_overdue(known[0]):
        _say(restored(known[0]), known[0]["id"])


def _say_if_first(report: Report, line_id: str, *, urgent: bool = True) -> None:
    first = next(iter(_reports(report.open_key)), None)
    if first is None or first["id"] == line_id or _is_overdue(first):
        _say(report, line_id, urgent=urgent)


def _waiting(key: str) -> list[spool.Line]:
    """What is to be booked of a trouble, oldest first."""
    mentioned = [line for line in spool.mentioning(key) if line.get("key") == key]
    return [line for line in mentioned if "report" in line or "end" in line]


def _reports(key: str) -> list[spool.Line]:
    return [line for line in _waiting(key) if "report" in line]


def _is_overdue(line: spool.Line) -> bool:
    return abs(time.time() - float(line["at"])) > TAKE_OVER_AFTER_SECONDS


def _keep(report: Report) -> str:
    """Spool it; returns the id it is kept under."""
    told = asdict(replace(report, text=report.text[:LONGEST_TEXT]))
    told |= {"type": report.entry.value, "at": report.at.isoformat()}
    del told["entry"]
    line = {"id": str(uuid.uuid4()), "key": report.open_key, "at": time.time(), "report": told}
    if not spool.fits(line):
        told |= {"text": report.text[:SHORT_TEXT], "fields": []}
    spool.keep(line)
    return str(line["id"])


def _say(report: Report, line_id: str, *, urgent: bool = True) -> None:
    from freeze_alerts.outbox import courier  # drags requests in; only an emergency needs it

    note = NOT_KEPT if any(line["id"] == line_id for line in spool.memory) else NOT_BOOKED
    courier.carry(
        courier.Parcel(
            key=report.open_key,
            channel=report.entry.channel,
            card=_card(report, line_id, note),
            mention=_mention(report),
            is_wanted=partial(_is_wanted, report.open_key, line_id),
            delivered=partial(_remember, report.open_key, line_id),
            urgent=urgent,
        )
    )


def _is_wanted(key: str, line_id: str) -> bool:
    """Not once it is booked, nor where any process has said the same of late."""
    lines = [line for line in spool.mentioning(key) if line.get("key") == key]
    said = any("posted" in line and abs(time.time() - line["at"]) < SAY_AGAIN_AFTER_SECONDS for line in lines)
    return not said and any("report" in line and line["id"] == line_id for line in lines)


def _outage(error: Exception) -> Report:
    return describe(
        AlertType.TROUBLE, key=DATABASE_KEY, title="the database can't be reached", severity=Severity.CRITICAL,
        text=(
            f"Alerts can't be written since then ({type(error).__name__}). Payments and errors are at risk: consider "
            "maintenance mode. What is told meanwhile is kept in a file, said here directly, and booked later."
        ),
        command="docker compose logs db --tail=50",
    )  # fmt: skip


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


def _remember(key: str, line_id: str, webhook: str, message_id: str) -> None:
    """Note which message said it, so that booking ties the two together instead of saying it again."""
    posted = {"webhook": webhook, "message_id": message_id}
    spool.keep({"id": line_id, "key": key, "at": time.time(), "posted": posted})
