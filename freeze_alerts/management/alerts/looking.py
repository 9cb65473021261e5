"""``alerts list`` and ``alerts show``."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Case, IntegerField, QuerySet, When
from django.utils import timezone

from freeze_alerts.alerts import glance
from freeze_alerts.alerts.clock import local
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import Severity, UnknownAlertType, entries, entry, entry_or_plain
from freeze_alerts.discord.message import Card
from freeze_alerts.discord.text import cut, duration, one_line
from freeze_alerts.management.alerts.channels import check_channel
from freeze_alerts.management.alerts.identity import alert_id
from freeze_alerts.management.alerts.subcommand import EXIT_FAILED, EXIT_FINE, Options, Subcommand
from freeze_alerts.management.tables import print_table, severity_paint
from freeze_alerts.outbox.models import Message

SHOWN_MOST = 100
_TITLE_LONGEST = 60
_HEAD = ("ID", "Severity", "Age", "Alert", "Key", "Times", "Status")
_MESSAGE_HEAD = ("Message", "State", "Channel", "Sent", "Last error")
_COLUMNS = (
    "id", "type", "key", "severity", "status", "title", "text", "link", "occurrences", "peak_value", "opened_at",
    "raised_at", "last_seen_at", "acknowledged_at", "acknowledged_by", "snoozed_until", "resolved_at", "ended_because",
    "host", "environment", "release",
)  # fmt: skip
_BADNESS = Case(*[When(severity=each.value, then=each.rank) for each in Severity], output_field=IntegerField())
_PAGE_COLUMNS = ("fields", "findings")
_MESSAGE_COLUMNS = (
    "id", "intent", "kind", "channel", "state", "attempts", "created_at", "sent_at", "last_status", "last_error",
)  # fmt: skip


def _list_arguments(parser: CommandParser) -> None:
    parser.add_argument("--all", action="store_true", help="those that have ended too, the newest first")
    parser.add_argument("--type", metavar="T", help="only alerts of this type, as in disk.space")
    parser.add_argument("--channel", metavar="C", help="only what belongs into this channel")
    parser.add_argument("--limit", type=int, default=SHOWN_MOST, metavar="N", help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print a list for programs, one object an alert")


def _show_arguments(parser: CommandParser) -> None:
    parser.add_argument("id", type=alert_id, help="as on the card: 12, or 12#3")
    parser.add_argument("--json", action="store_true", help="print one object for programs")


def list_alerts(command: BaseCommand, options: Options) -> int:
    found = _chosen(options)
    order = ["-pk"] if options["all"] else [_BADNESS.desc(), "opened_at"]
    alerts = list(found.order_by(*order)[: max(0, options["limit"])])
    if options["json"]:
        command.stdout.write(_json([_row(alert) for alert in alerts]))
        return EXIT_FINE
    if not alerts:
        command.stdout.write(command.style.SUCCESS("No alerts." if options["all"] else "No open alerts. All is well."))
        return EXIT_FINE
    rows = [_cells(alert) for alert in alerts]
    print_table(command, _HEAD, rows, {"Severity": severity_paint(command)})
    if (more := found.count() - len(alerts)) > 0:
        command.stdout.write(f"… and {more:,} more: see them with --limit")
    return EXIT_FINE


def show_alert(command: BaseCommand, options: Options) -> int:
    alert = Alert.objects.filter(pk=options["id"]).first()
    if alert is None:
        command.stderr.write(f"There is no alert {options['id']}.")
        return EXIT_FAILED
    if options["json"]:
        command.stdout.write(_json(_page_row(alert)))
        return EXIT_FINE
    card = glance.card_now(alert)
    paint = severity_paint(command)
    command.stdout.write(f"{paint(alert.severity.upper())}  {_status(alert)}  alert {alert.pk}")
    for line in _page(alert, card):
        command.stdout.write(line)
    if rows := [_message_cells(each) for each in alert.messages.order_by("pk")]:
        command.stdout.write("")
        print_table(command, _MESSAGE_HEAD, rows)
    return EXIT_FINE


def _chosen(options: Options) -> QuerySet[Alert]:
    alerts = Alert.objects.all() if options["all"] else Alert.objects.exclude(open_key=None)
    if options["type"]:
        try:
            alerts = alerts.filter(type=entry(options["type"]).value)
        except UnknownAlertType as error:
            raise CommandError(f"There is no alert type {error}") from error
    if options["channel"]:
        check_channel(options["channel"])
        types = [row.value for row in entries() if row.channel == options["channel"]]
        alerts = alerts.filter(type__in=types)
    return alerts


def _cells(alert: Alert) -> tuple[str, ...]:
    title = cut(one_line(glance.card_now(alert).title), _TITLE_LONGEST)
    age = duration(timezone.now() - alert.opened_at)
    return (str(alert.pk), alert.severity, age, title, alert.key, f"{alert.occurrences:,}", _status(alert))


def _message_cells(message: Message) -> tuple[str, ...]:
    sent = _moment(message.sent_at) if message.sent_at else "-"
    return (message.kind, message.get_state_display().lower(), f"#{message.channel}", sent, message.last_error or "-")


def _status(alert: Alert) -> str:
    if alert.status == Alert.Status.ACKNOWLEDGED and alert.acknowledged_by:
        return f"acknowledged by {alert.acknowledged_by}"
    if not alert.ended and alert.snoozed_until and alert.snoozed_until > timezone.now():
        return f"{alert.status}, snoozed until {_moment(alert.snoozed_until)}"
    return str(alert.status)


def _page(alert: Alert, card: Card) -> Iterator[str]:
    yield from (one_line(card.title), "")
    if card.text:
        yield from (card.text, "")
    facts = [*_times(alert, card), ("Key", alert.key), *((each.name, each.value) for each in card.fields)]
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        yield f"  {name.ljust(width)}  {textwrap.indent(value, ' ' * (width + 4)).lstrip()}"
    for finding in card.findings:
        yield f"\n  {finding.outcome.value}: {finding.step} ({finding.seconds:.1f} s)"
        yield textwrap.indent(finding.text, "    ")
    if card.command:
        yield f"\n  Run next:\n    {card.command}"


def _times(alert: Alert, card: Card) -> Iterator[tuple[str, str]]:
    now = timezone.now()
    yield "Since", f"{_moment(alert.opened_at)} ({duration((alert.resolved_at or now) - alert.opened_at)})"
    if alert.resolved_at:
        yield "Ended", " · ".join([_moment(alert.resolved_at), *card.notes])
    elif card.answer_by and alert.status == Alert.Status.OPEN:
        late = glance.is_late(alert, card)
        left = f"{duration(now - card.answer_by)} ago" if late else f"in {duration(card.answer_by - now)}"
        yield "Answer by", f"{_moment(card.answer_by)} ({left})"
    yield "Times", f"{alert.occurrences:,}, last {_moment(alert.last_seen_at)}"


def _row(alert: Alert) -> dict[str, Any]:
    return {name: getattr(alert, name) for name in _COLUMNS} | {
        "channel": entry_or_plain(alert.type).channel,
        "answer_by": glance.card_now(alert).answer_by,
    }


def _page_row(alert: Alert) -> dict[str, Any]:
    more = {name: getattr(alert, name) for name in _PAGE_COLUMNS}
    messages = alert.messages.order_by("pk").values(*_MESSAGE_COLUMNS)
    return _row(alert) | more | {"command": glance.card_now(alert).command, "messages": list(messages)}


def _json(value: object) -> str:
    return json.dumps(value, indent=2, cls=DjangoJSONEncoder)


def _moment(moment: datetime) -> str:
    return f"{local(moment):%Y-%m-%d %H:%M}"


LIST = Subcommand(
    "list", "shows what is open, the worst first",
    "  manage.py alerts list\n"
    "  manage.py alerts list --channel payments\n"
    "  manage.py alerts list --all --type disk.space --limit 20\n"
    "  manage.py alerts list --json | jq '.[] | select(.severity == \"critical\") | .id'",
    _list_arguments, list_alerts,
)  # fmt: skip
SHOW = Subcommand(
    "show", "shows everything about one alert", "  manage.py alerts show 12", _show_arguments, show_alert
)
