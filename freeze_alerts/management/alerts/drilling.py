"""``alerts test``: a drill through the real path, channel by channel."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from freeze_alerts import outbox
from freeze_alerts.delivery import deliver_patiently
from freeze_alerts.management.alerts.channels import check_channel, known
from freeze_alerts.management.alerts.subcommand import EXIT_FAILED, EXIT_FINE, Options, Subcommand
from freeze_alerts.outbox.models import Message, WebhookState
from freeze_alerts.outbox.route import webhook_of

PATIENCE_SECONDS = 20.0
_LOOK_AGAIN_SECONDS = 0.1


@dataclass(frozen=True)
class Drill:
    """How one channel's drill went: ``said`` is the sentence for it."""

    channel: str
    arrived: bool
    said: str


def _arguments(parser: CommandParser) -> None:
    parser.add_argument("--channel", action="append", default=[], metavar="C", help="only this; may be repeated")
    parser.add_argument("--no-wait", action="store_true", help="leave the sending to whoever always does it")


def run_drills(command: BaseCommand, options: Options) -> int:
    for channel in options["channel"]:
        check_channel(channel)
    messages = [_put(channel) for channel in dict.fromkeys(options["channel"] or known())]
    if options["no_wait"]:
        command.stdout.write(f"{len(messages)} in the outbox: {', '.join(f'#{each.channel}' for each in messages)}")
        return EXIT_FINE
    deadline = time.monotonic() + PATIENCE_SECONDS
    deliver_patiently(PATIENCE_SECONDS)
    _wait_for_others(messages, deadline)
    drills = [judge(message) for message in Message.objects.filter(pk__in=[m.pk for m in messages]).order_by("pk")]
    width = max(len(drill.channel) for drill in drills) + 1
    for drill in drills:
        paint = command.style.SUCCESS if drill.arrived else command.style.ERROR
        command.stdout.write(f"{f'#{drill.channel}'.ljust(width)}  {paint(drill.said)}")
    return EXIT_FINE if all(drill.arrived for drill in drills) else EXIT_FAILED


def judge(message: Message) -> Drill:
    """A drill has arrived only if its own channel's webhook took it: another one's standing in is a failure."""
    own = webhook_of(message.channel)
    if message.state == Message.State.SENT and own is not None and message.webhook == own.name:
        took = (message.sent_at or timezone.now()) - message.created_at
        milliseconds = round(took.total_seconds() * 1000)
        return Drill(message.channel, True, f"delivered in {milliseconds:,} ms as {message.discord_message_id}")
    return Drill(message.channel, False, f"{_why(message)}; {_fate(message)}")


def _why(message: Message) -> str:
    own = webhook_of(message.channel)
    if own is None:
        return "there is no webhook for it"
    disabled = WebhookState.objects.filter(name=own.name).exclude(disabled_reason="").first()
    if disabled is not None:
        return f"its webhook is disabled: {disabled.disabled_reason}"
    return message.last_error or "its turn did not come: others wait before it, or Discord asked to wait"


def _fate(message: Message) -> str:
    if message.state == Message.State.SENT:
        return f"it went through {message.webhook} as {message.discord_message_id}"
    if message.state == Message.State.DEAD:
        return "it is dead"
    return "it was perhaps delivered" if message.state == Message.State.UNKNOWN else "it waits in the outbox"


def _put(channel: str) -> Message:
    intent = f"test:{channel}:{timezone.now():%Y-%m-%dT%H:%M:%S.%f}"
    return outbox.put(kind=Message.Kind.TEST, channel=channel, intent=intent)


def _wait_for_others(messages: list[Message], deadline: float) -> None:
    """Another process may have been quicker to take them, and be just sending."""
    ours = Message.objects.filter(pk__in=[message.pk for message in messages], state=Message.State.SENDING)
    while ours.exists() and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN_SECONDS)


TEST = Subcommand(
    "test", "sends a drill to every channel through the real path",
    "  manage.py alerts test\n  manage.py alerts test --channel payments",
    _arguments, run_drills,
)  # fmt: skip
