"""Which webhook a channel's messages go through, and which stands in when that one is gone."""

from __future__ import annotations

from dataclasses import dataclass

from freeze_alerts import conf
from freeze_alerts.discord.webhook import InvalidWebhook, Webhook, parse
from freeze_alerts.outbox import pace


@dataclass(frozen=True)
class Route:
    webhook: Webhook
    note: str = ""
    """What the reader must know when the message stands in a channel that isn't its own."""


def route_for(channel: str) -> Route | None:
    """The channel's own webhook, else the first other one that works; None when there is none at all."""
    for candidate in (channel, *(each for each in conf.current().webhooks if each != channel)):
        webhook = webhook_of(candidate)
        if webhook is not None and not pace.is_disabled(webhook.name):
            return Route(webhook, "" if candidate == channel else f"for #{channel}, whose webhook does not work")
    return None


def webhook_of(channel: str) -> Webhook | None:
    """The channel's webhook as settings have it; None when there is none or it is no webhook."""
    settings = conf.current()
    url = settings.webhook_url(channel)
    try:
        return parse(url, settings.discord_api_url) if url else None
    except InvalidWebhook:
        return None


def webhook_named(name: str) -> Webhook | None:
    """The webhook that a sent message went through; None when settings no longer have it."""
    found = (webhook_of(channel) for channel in conf.current().webhooks)
    return next((webhook for webhook in found if webhook is not None and webhook.name == name), None)
