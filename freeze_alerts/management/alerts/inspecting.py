"""``alerts webhooks``: does every channel's webhook work? Asks Discord and posts nothing."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from freeze_alerts import conf, outbox
from freeze_alerts.alerts.clock import local
from freeze_alerts.discord import client
from freeze_alerts.discord.webhook import InvalidWebhook, Webhook, parse
from freeze_alerts.management.alerts.channels import known, needed
from freeze_alerts.management.alerts.subcommand import EXIT_FAILED, EXIT_FINE, Options, Subcommand
from freeze_alerts.management.tables import print_table
from freeze_alerts.outbox import pace
from freeze_alerts.outbox.models import WebhookState

_HEAD = ("Channel", "Webhook", "Works", "State")


@dataclass(frozen=True)
class Inspection:
    """One channel's webhook: its public name, "" without one; ``works`` is None where none is needed either."""

    channel: str
    webhook: str
    works: bool | None
    state: str


def _arguments(parser: CommandParser) -> None:
    parser.add_argument("--json", action="store_true", help="print a list for programs, one object a channel")


def inspect_webhooks(command: BaseCommand, options: Options) -> int:
    answers: dict[str, client.Answer] = {}
    inspections = [_inspect(channel, answers) for channel in known()]
    if options["json"]:
        command.stdout.write(json.dumps([asdict(each) for each in inspections], indent=2))
    else:
        words = {True: "yes", False: "NO", None: "-"}
        rows = [(f"#{each.channel}", each.webhook or "-", words[each.works], each.state) for each in inspections]
        print_table(command, _HEAD, rows, {"Works": lambda cell: _painted(command, cell)})
    return EXIT_FAILED if any(each.works is False for each in inspections) else EXIT_FINE


def _inspect(channel: str, answers: dict[str, client.Answer]) -> Inspection:
    """``answers`` keeps what each webhook said: one that serves several channels is asked once."""
    settings = conf.current()
    if not (url := settings.webhook_url(channel)):
        if channel not in needed():
            return Inspection(channel, "", None, "no webhook, and no alert type needs one")
        return Inspection(channel, "", False, f"no webhook: set FREEZE_ALERTS['WEBHOOKS']['{channel}']")
    try:
        webhook = parse(url, settings.discord_api_url)
    except InvalidWebhook as error:
        return Inspection(channel, "", False, str(error))
    if webhook.name not in answers:
        answers[webhook.name] = client.inspect(webhook)
    answer = answers[webhook.name]
    works = isinstance(answer, client.Delivered)
    return Inspection(channel, webhook.name, works, _state(webhook) if works else _reason(answer))


def _state(webhook: Webhook) -> str:
    """How we treat a webhook that works: one we had disabled is called again from now on."""
    if pace.enable(webhook.name):
        outbox.ring_after_commit()
        return "was disabled, works again: enabled"
    row = WebhookState.objects.filter(name=webhook.name).first()
    if row is not None and row.blocked_until and row.blocked_until > timezone.now():
        return f"Discord asked to wait until {local(row.blocked_until):%H:%M:%S}"
    return "fine"


def _reason(answer: client.Answer) -> str:
    return getattr(answer, "reason", "") or type(answer).__name__


def _painted(command: BaseCommand, cell: str) -> str:
    paints = {"yes": command.style.SUCCESS, "NO": command.style.ERROR}
    paint = paints.get(cell.strip())
    return paint(cell) if paint else cell


WEBHOOKS = Subcommand(
    "webhooks", "asks Discord whether every channel's webhook works, and posts nothing",
    "  manage.py alerts webhooks",
    _arguments, inspect_webhooks,
)  # fmt: skip
