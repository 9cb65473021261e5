"""Sending a message again because a person says so."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone

from freeze_alerts.outbox.models import Message
from freeze_alerts.outbox.put import ring_after_commit

REQUEUED = (Message.State.PENDING, Message.State.UNKNOWN, Message.State.DEAD)
"""A message that was sent would be told twice, and one on its way belongs to its sender."""


def requeue(messages: QuerySet[Message]) -> int:
    """Have those of the messages that are not sent sent now, as if never tried; returns how many they are.

    One that was perhaps sent may then stand in Discord twice. Why it failed stays readable until it is sent.
    """
    requeued = messages.filter(state__in=REQUEUED).update(
        state=Message.State.PENDING, attempts=0, due_at=timezone.now(), lease_until=None, last_status=None
    )
    if requeued:
        ring_after_commit()
    return requeued
