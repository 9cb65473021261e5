"""Where messages go, and whom they call."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from django.conf import settings as django_settings

from freeze_alerts import catalog, conf
from freeze_alerts.catalog import Severity
from freeze_alerts.checks.registry import did_you_mean, warns
from freeze_alerts.discord.message import is_mention
from freeze_alerts.discord.webhook import InvalidWebhook, parse


@warns(6, hint="Copy it anew in Discord: Edit Channel, Integrations, Webhooks, Copy Webhook URL. Until then the "
               "channel's messages go through another channel's webhook.")  # fmt: skip
def bad_webhooks() -> Iterator[str]:
    settings = conf.current()
    for channel, source in settings.webhooks.items():
        url, _ = _read(source)
        try:
            if url:
                parse(url, settings.discord_api_url)
        except InvalidWebhook as why:
            yield f"FREEZE_ALERTS: the webhook of #{channel} is no webhook. {why}"


@warns(7, hint="A webhook is a URL, the path of a file that holds one and that this user may read, or a callable "
               "that returns one.")  # fmt: skip
def unreadable_webhooks() -> Iterator[str]:
    for channel, source in _configured().items():
        _, trouble = _read(source)
        if trouble:
            yield f"FREEZE_ALERTS: the webhook of #{channel} can't be read: {trouble}."


@warns(8, hint="Take the name away, correct it, or give an alert type of your own this CHANNEL.")
def unused_channels() -> Iterator[str]:
    needed = _needed()
    for channel in conf.current().webhooks:
        if channel not in needed:
            meant = did_you_mean(str(channel), needed)
            yield f"FREEZE_ALERTS: WEBHOOKS names {channel!r}, a channel that no alert type uses{meant}"


@warns(9, hint="Set FREEZE_ALERTS['WEBHOOKS'] to a dict of channel and webhook URL. Until then alerts are kept, "
               "and every message waits in the outbox.")  # fmt: skip
def no_webhook_at_all() -> Iterator[str]:
    if not _configured():
        yield f"FREEZE_ALERTS: no channel has a webhook yet ({', '.join(_needed())})."


@warns(10, hint="Give each of these channels a webhook; the same one may serve several. Until then their messages "
                "go through another channel's.")  # fmt: skip
def channels_without_webhook() -> Iterator[str]:
    configured = _configured()
    missing = {channel: types for channel, types in _needed().items() if channel not in configured}
    if configured and missing:
        listed = "; ".join(f"#{channel} ({', '.join(types)})" for channel, types in missing.items())
        yield f"FREEZE_ALERTS: some alert types have no webhook of their own: {listed}."


@warns(11, hint="A mention is role:ID, user:ID, everyone or here, under the severity from which it is wanted: "
                "{'critical': 'role:1234567890'}.")  # fmt: skip
def bad_mentions() -> Iterator[str]:
    severities = [each.value for each in Severity]
    for severity, mention in conf.current().mentions.items():
        if severity not in severities:
            meant = did_you_mean(str(severity), severities)
            yield f"FREEZE_ALERTS: MENTIONS has the key {severity!r}, which is no severity{meant}"
        if not isinstance(mention, str) or not is_mention(mention):
            yield f"FREEZE_ALERTS: MENTIONS[{severity!r}] is {mention!r}, which is no mention."


@warns(12, deploy_only=True, hint="Set ADMINS, so that a dead webhook is told by mail, or switch it off with "
                                  "FREEZE_ALERTS['DELIVERY']['MAIL_ADMINS'] = False.")  # fmt: skip
def nobody_to_mail() -> Iterator[str]:
    if conf.current().delivery.mail_admins and not django_settings.ADMINS:
        yield "ADMINS is empty: when Discord itself is the trouble, nobody is told."


@warns(25, hint="Install the extra: pip install 'freeze-alerts[apprise]'.")
def spare_ways_without_apprise() -> Iterator[str]:
    if conf.current().delivery.spare and importlib.util.find_spec("apprise") is None:
        yield "FREEZE_ALERTS: DELIVERY.SPARE is set, and apprise is not installed: nobody would be told that way."


def _configured() -> dict[str, conf.WebhookSource]:
    return {channel: source for channel, source in conf.current().webhooks.items() if source}


def _needed() -> dict[str, list[str]]:
    """The alert types of each channel that one needs."""
    needed: dict[str, list[str]] = {}
    for entry in catalog.entries():
        needed.setdefault(str(entry.channel), []).append(str(entry.value))
    return needed


def _read(source: conf.WebhookSource) -> tuple[str, str]:
    """The URL, and what went wrong. Of an exception only its kind is told: its text may hold the secret."""
    try:
        url = conf.read_webhook(source)
    except OSError as error:
        return "", f"{source}: {error.strerror}" if not callable(source) else type(error).__name__
    except Exception as error:  # noqa: BLE001 - a callable of the project's may raise anything
        return "", f"{'it raised' if callable(source) else 'its type is wrong:'} {type(error).__name__}"
    if url or not source:
        return url, ""
    return "", "it returned nothing" if callable(source) else f"{source} is empty"
