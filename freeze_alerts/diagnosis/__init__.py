"""The runbook's first steps, run before the card is sent."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.utils.module_loading import import_string

from freeze_alerts.alerts.card import Draft, draft
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import Nature, entry_or_plain
from freeze_alerts.diagnosis.budget import Step, run_steps
from freeze_alerts.discord.text import clean
from freeze_alerts.outbox.models import Message

logger = logging.getLogger("freeze_alerts")

_LOUD = (Message.Kind.OPENED, Message.Kind.WORSENED, Message.Kind.REMINDER)


def prepare(messages: Sequence[Message]) -> Draft:
    """The cards of these messages, with fresh findings where a new message is about to tell of an open alert."""
    _refresh(messages)
    untold = [m.alert for m in messages if m.alert and not m.discord_message_id and m.kind in _LOUD]
    try:
        diagnose([alert for alert in untold if not alert.ended or _is_record(alert)])
    except Exception:  # findings are a help; without them the alert still goes out
        logger.exception("no findings for %s", ", ".join(map(str, untold)))
    return draft(messages)


def diagnose(alerts: Sequence[Alert]) -> None:
    """Run the first steps of all these alerts at once, within one budget, and keep the findings with the alerts."""
    steps = [(alert, step) for alert in alerts for step in steps_for(alert)]
    if not steps:
        return
    found = run_steps([step for _, step in steps])
    for alert in alerts:
        alert.findings = [
            {
                "step": finding.step,
                "outcome": finding.outcome.value,
                "text": clean(finding.text),
                "seconds": finding.seconds,
            }
            for (owner, _), finding in zip(steps, found, strict=True)
            if owner is alert
        ]
        Alert.objects.filter(pk=alert.pk).update(findings=alert.findings)


def steps_for(alert: Alert) -> list[Step]:
    """The first runbook steps for this alert; none where its type has none or they can't be listed."""
    try:
        path = entry_or_plain(alert.type).diagnosis
        return list(import_string(path)(alert)) if path else []
    except Exception:  # findings are a help; without them the alert still goes out
        logger.exception("no findings for %s", alert)
        return []


def _is_record(alert: Alert) -> bool:
    return entry_or_plain(alert.type).nature is Nature.RECORD  # born ended, and news all the same


def _refresh(messages: Sequence[Message]) -> None:
    """Read the alerts as they stand now, after the claim: what the card shows must not be older than that."""
    alerts = Alert.objects.in_bulk([message.alert_id for message in messages if message.alert_id])
    for message in messages:
        if message.alert_id:
            message.alert = alerts[message.alert_id]
