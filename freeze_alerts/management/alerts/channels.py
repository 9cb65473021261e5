"""Which channels there are, and which must have a webhook."""

from __future__ import annotations

from django.core.management.base import CommandError

from freeze_alerts import conf
from freeze_alerts.catalog import entries


def needed() -> list[str]:
    """The channels that an alert type sends to, in the house's order, a project's own last."""
    used = {row.channel for row in entries()}
    return [*(each for each in conf.CHANNELS if each in used), *sorted(used.difference(conf.CHANNELS))]


def known() -> list[str]:
    """Those, and whatever else settings have a webhook for."""
    return list(dict.fromkeys([*needed(), *conf.CHANNELS, *conf.current().webhooks]))


def check_channel(channel: str) -> None:
    """Raises CommandError for a channel that is neither used nor configured."""
    if channel not in known():
        raise CommandError(f"There is no channel {channel!r}: known are {', '.join(known())}.")
