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

    A digest takes those it speaks for along. One that was perhaps sent may then stand in Discord twice. Why it
    failed stays readable until it is sent.
    """
    chosen = messages.filter(state__in=REQUEUED)
    digests = list(chosen.filter(kind=Message.Kind.DIGEST).values_list("pk", flat=True))
    anew = {
        "state": Message.State.PENDING,
        "attempts": 0,
        "draw_failures": 0,
        "due_at": timezone.now(),
        "lease_until": None,
    }
    alone = list(chosen.exclude(folded_into__in=digests).values_list("pk", flat=True))
    requeued = Message.objects.filter(folded_into__in=digests, state__in=REQUEUED).update(**anew)
    for start in range(0, len(alone), 500):  # SQLite takes no more than so many parameters
        same = Message.objects.filter(pk__in=alone[start : start + 500])
        requeued += same.update(**anew, last_status=None, folded_into=None)
    if requeued:
        ring_after_commit()
    return requeued
