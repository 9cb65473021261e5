"""An alert at a glance, for a page or a terminal: the very card that stands in Discord, as if it were told now."""

from __future__ import annotations

from django.utils import timezone

from freeze_alerts.alerts.card import draw
from freeze_alerts.alerts.models import Alert
from freeze_alerts.discord.message import Card
from freeze_alerts.outbox.models import Message


def card_now(alert: Alert) -> Card:
    now = timezone.now()
    told = Message(alert=alert, kind=Message.Kind.OPENED, sequence=alert.sequence, created_at=now, sent_at=now)
    return draw(told)


def is_late(alert: Alert, card: Card) -> bool:
    """Whether somebody should have answered by now."""
    return alert.status == Alert.Status.OPEN and card.answer_by is not None and card.answer_by < timezone.now()


def runbook(card: Card) -> str:
    """The address of its page in the runbook; "" without one."""
    return next((link.url for link in card.links if link.label == "Runbook"), "")
