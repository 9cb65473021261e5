"""Running the outbox against the stand-in on a clock of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from freeze_alerts.delivery import deliver_once
from freeze_alerts.outbox.models import Message

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def deliver_until_quiet(clock, *, for_at_most=timedelta(hours=3)):
    """Pass after pass, the clock moved on to whenever the next one is due; returns how long that took by the clock."""
    start = clock_now()
    while True:
        report = deliver_once()
        if report.again_in_seconds is None or clock_now() - start > for_at_most:
            return clock_now() - start
        clock.shift(timedelta(seconds=max(report.again_in_seconds, 0.01)))


def clock_now():
    return datetime.now(tz=UTC)


def footers(discord, channel=None):
    """``alert#sequence`` of each message in Discord, in the order of posting."""
    embeds = [embed for message in discord.messages(channel) for embed in message.payload.get("embeds", [])]
    return [embed["footer"]["text"].split(" · ")[0].removeprefix("alert ") for embed in embeds]


def states():
    return dict(Message.objects.order_by("pk").values_list("intent", "state"))


def posts(discord):
    return [request for request in discord.requests if request.method == "POST"]
