"""``alerts deliver``: one pass over the outbox, or pass after pass."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError, close_old_connections, connections
from django.utils import timezone

from freeze_alerts.delivery import deliver_once, pause_seconds
from freeze_alerts.management.alerts.subcommand import EXIT_FAILED, EXIT_FINE, Options, Subcommand
from freeze_alerts.management.farewell import farewell, is_asked
from freeze_alerts.outbox.deliver import Report
from freeze_alerts.outbox.models import Message
from freeze_alerts.outbox.requeue import requeue

logger = logging.getLogger("freeze_alerts")

BACKOFF_LONGEST_SECONDS = 60.0


def _arguments(parser: CommandParser) -> None:
    how_often = parser.add_mutually_exclusive_group()
    how_often.add_argument("--once", action="store_true", help="one pass (this is the default)")
    how_often.add_argument("--loop", action="store_true", help="until SIGTERM or Ctrl-C, which let a pass end first")
    parser.add_argument("--requeue-dead", action="store_true", help="first put dead messages back, to be tried again")
    parser.add_argument("--json", action="store_true", help="print one object a line")


def deliver(command: BaseCommand, options: Options) -> int:
    if options["requeue_dead"]:
        requeued = requeue(Message.objects.filter(state=Message.State.DEAD))
        command.stderr.write(f"{requeued} dead messages put back")
    if options["loop"]:
        _loop(command, as_json=options["json"])
        return EXIT_FINE
    report = deliver_once()
    if options["json"] or command.stdout.isatty() or _did_something(report) or report.unrouted:
        command.stdout.write(_told(report, as_json=options["json"]))  # cron mails whatever is said
    return EXIT_FAILED if report.failed or report.unrouted else EXIT_FINE


def _loop(command: BaseCommand, *, as_json: bool) -> None:
    failures, said = 0, ""
    with farewell() as asked:
        seconds = 0.0
        while not is_asked(asked, seconds):
            report = _pass()
            if report is None:
                failures += 1
                seconds = min(BACKOFF_LONGEST_SECONDS, 2.0 ** min(failures, 10) / 2)
                continue
            failures, seconds = 0, pause_seconds(report)
            told = _told(report, as_json=as_json)
            if _did_something(report) or (report.unrouted and told != said):
                command.stdout.write(told)
                command.stdout.flush()
            said = told


def _pass() -> Report | None:
    """One pass on fresh connections; None when it failed, which is logged and tried again later."""
    try:
        close_old_connections()
        report = deliver_once()
    except (DatabaseError, InterfaceError) as error:
        logger.error("the database does not answer, the outbox waits: %s", error)
    except Exception:  # the loop's door: it must outlive whatever is wrong today
        logger.exception("could not deliver; the next pass will try again")
    else:
        close_old_connections()
        return report
    connections.close_all()
    return None


def _did_something(report: Report) -> bool:
    return bool(report.posted or report.edited or report.failed)


def _told(report: Report, *, as_json: bool) -> str:
    if as_json:
        return json.dumps({"at": timezone.now().isoformat(), **asdict(report)})
    did = f"posted {report.posted}, edited {report.edited}, failed {report.failed}"
    waiting = ", ".join(f"#{channel}" for channel in report.unrouted)
    return f"{did}; no webhook works for {waiting}: its messages wait" if waiting else did


DELIVER = Subcommand(
    "deliver", "sends what waits in the outbox",
    "  manage.py alerts deliver                   one pass, for cron\n"
    "  manage.py alerts deliver --loop            for a process of its own: needs neither Celery nor Redis\n"
    "  manage.py alerts deliver --requeue-dead    what Discord had refused, once more",
    _arguments, deliver,
)  # fmt: skip
