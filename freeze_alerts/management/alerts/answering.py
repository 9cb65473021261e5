"""``alerts ack``, ``alerts resolve`` and ``alerts snooze``."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from freeze_alerts.alerts import answers, buttons
from freeze_alerts.alerts.buttons import Button
from freeze_alerts.alerts.clock import local
from freeze_alerts.alerts.models import Alert
from freeze_alerts.management.alerts.identity import alert_id, person
from freeze_alerts.management.alerts.subcommand import EXIT_FAILED, EXIT_FINE, Options, Subcommand

_SPAN = re.compile(r"(?:([0-9]{1,4})d)?\s*(?:([0-9]{1,5})h)?\s*(?:([0-9]{1,6})m(?:in)?)?")


def span(text: str) -> timedelta:
    """``90m``, ``2h``, ``1d`` or ``1d12h``. Raises ArgumentTypeError for anything else, and for nothing."""
    found = _SPAN.fullmatch(text.strip())
    days, hours, minutes = (int(each or 0) for each in found.groups()) if found else (0, 0, 0)
    if not (days or hours or minutes):
        raise ArgumentTypeError(f"{text!r} is no span of time: say 90m, 2h, 1d or 1d12h")
    return timedelta(days=days, hours=hours, minutes=minutes)


def moment(text: str) -> datetime:
    """``2026-01-15 09:00`` on the project's clock, or with its own zone. Raises ArgumentTypeError for the past."""
    try:
        parsed = parse_datetime(text.strip())
    except ValueError:
        parsed = None
    if parsed is None:
        raise ArgumentTypeError(f"{text!r} is no moment: say 2026-01-15 09:00")
    aware = timezone.make_aware(parsed) if timezone.is_naive(parsed) else parsed
    if aware <= timezone.now():
        raise ArgumentTypeError(f"{text!r} has passed")
    return aware


def _ids(parser: CommandParser) -> None:
    parser.add_argument("ids", nargs="+", type=alert_id, metavar="ID", help="as on the card: 12, or 12#3")


def _by(parser: CommandParser) -> None:
    parser.add_argument("--by", default="", metavar="NAME", help="who answers (default: your name on this machine)")


def _ack_arguments(parser: CommandParser) -> None:
    _ids(parser)
    _by(parser)


def _resolve_arguments(parser: CommandParser) -> None:
    _ack_arguments(parser)
    parser.add_argument("--reason", default="", metavar="TEXT", help="shown on the card")


def _snooze_arguments(parser: CommandParser) -> None:
    _ids(parser)
    until = parser.add_mutually_exclusive_group(required=True)
    until.add_argument("--for", type=span, dest="span", metavar="SPAN", help="90m, 2h, 1d, 1d12h")
    until.add_argument("--until", type=moment, metavar="MOMENT", help='"2026-01-15 09:00", on the project\'s clock')


def acknowledge(command: BaseCommand, options: Options) -> int:
    return _press(command, options["ids"], buttons.ACKNOWLEDGE, options["by"])


def resolve(command: BaseCommand, options: Options) -> int:
    return _press(command, options["ids"], buttons.RESOLVE, options["by"], {"reason": options["reason"]})


def snooze(command: BaseCommand, options: Options) -> int:
    until: datetime = options["until"] or timezone.now() + options["span"]
    done = f"snoozed until {local(until):%Y-%m-%d %H:%M}"
    chosen = replace(buttons.SNOOZE, done=done, give=lambda alert, _by, _said: answers.snooze(alert, until))
    return _press(command, options["ids"], chosen)


def _press(
    command: BaseCommand, ids: Iterable[int], button: Button, by: str = "", said: Mapping[str, str] | None = None
) -> int:
    """Answer each alert, whatever becomes of the others; it is no failure if one has been answered or has ended."""
    code = EXIT_FINE
    for wanted in dict.fromkeys(ids):
        alert = Alert.objects.filter(pk=wanted).first()
        if alert is None:
            command.stderr.write(command.style.ERROR(f"{wanted}: there is no such alert"))
            code = EXIT_FAILED
        elif buttons.press(alert, button, by or person(), said or {}):
            command.stdout.write(f"{wanted}: {command.style.SUCCESS(button.done)}: {alert}")
        else:
            alert.refresh_from_db()
            command.stdout.write(f"{wanted}: {buttons.refusal(alert, button)}")
    return code


ACK = Subcommand(
    "ack", "says that somebody is on it; ends what asks for no more than that",
    "  manage.py alerts ack 12\n  manage.py alerts ack 12 13 --by ann",
    _ack_arguments, acknowledge,
)  # fmt: skip
RESOLVE = Subcommand(
    "resolve", "ends alerts by hand", '  manage.py alerts resolve 12 --reason "the old logs are gone"',
    _resolve_arguments, resolve,
)  # fmt: skip
SNOOZE = Subcommand(
    "snooze", "no reminders for a while; what gets worse is told all the same",
    '  manage.py alerts snooze 12 --for 2h\n  manage.py alerts snooze 12 --until "2026-01-15 09:00"',
    _snooze_arguments, snooze,
)  # fmt: skip
