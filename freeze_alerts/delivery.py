"""Alerts, findings and outbox put together: what every door that delivers calls."""

from __future__ import annotations

import logging
import time

from django.db import ProgrammingError

from freeze_alerts import diagnosis
from freeze_alerts.alerts.answers import mark_changed_cards, next_change_due
from freeze_alerts.alerts.booking import book_spool
from freeze_alerts.alerts.outage import is_away
from freeze_alerts.alerts.reminders import remind
from freeze_alerts.outbox import spool
from freeze_alerts.outbox.deliver import Report, deliver
from freeze_alerts.sources.sentry.inbox import work_off

logger = logging.getLogger("freeze_alerts")

SPOOL_AGAIN_SECONDS = 5.0
SLEEP_MOST_SECONDS = 5.0
SLEEP_LEAST_SECONDS = 0.05


def deliver_once() -> Report:
    """One pass: book the spool, take Sentry's webhooks in, remind, mark changed cards, then send whatever is due."""
    for preparation in (book_spool, work_off, remind, mark_changed_cards):
        try:
            preparation()
        except Exception as error:  # none of them may keep what waits from being sent
            if is_away(error):
                raise  # which stops that too
            said = "%s failed; what waits is sent all the same: %s"
            logger.exception(said, preparation.__name__, error, exc_info=not _lacks_tables(error))
    report = deliver(prepare=diagnosis.prepare)
    if (change := next_change_due()) is not None:
        report.wait(change.total_seconds())
    if not spool.is_empty():  # another process is booking it, or it could not be read
        report.wait(SPOOL_AGAIN_SECONDS)
    return report


def deliver_now() -> float | None:
    """One pass, for the doorbell: seconds until the next one has something to do, None for nothing."""
    return deliver_once().again_in_seconds


def sweep(patience_seconds: float = 20.0) -> None:
    """Deliver what waits, for a command that has done its work: a failure here is logged and not its own."""
    try:
        deliver_patiently(patience_seconds)
    except Exception as error:  # a door of its own: the outbox keeps what could not be sent
        logger.exception("could not deliver; the next sweep will: %s", error, exc_info=not _lacks_tables(error))


def deliver_patiently(patience_seconds: float) -> Report:
    """Pass after pass while the next one is due within what is left of ``patience_seconds``."""
    deadline = time.monotonic() + patience_seconds
    total = Report()
    while True:
        report = deliver_once()
        total.posted += report.posted
        total.edited += report.edited
        total.failed += report.failed
        total.unrouted, total.again_in_seconds = report.unrouted, report.again_in_seconds
        again = report.again_in_seconds
        if again is None or time.monotonic() + again > deadline:
            return total
        time.sleep(max(again, 0.05))


def pause_seconds(report: Report) -> float:
    """How long a loop sleeps after a pass: until the next message is due, and at most five seconds."""
    again = SLEEP_MOST_SECONDS if report.again_in_seconds is None else report.again_in_seconds
    return min(max(again, SLEEP_LEAST_SECONDS), SLEEP_MOST_SECONDS)


def _lacks_tables(error: Exception) -> bool:
    """As while a restore fills them: a traceback would lead to nothing, and hide what the restore has to say."""
    return isinstance(error, ProgrammingError)
