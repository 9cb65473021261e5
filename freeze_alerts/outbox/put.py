"""Putting a message in the outbox: a row in the caller's transaction, and a ring once it is committed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import router, transaction
from django.utils import timezone

from freeze_alerts.insert import insert
from freeze_alerts.outbox import doorbell
from freeze_alerts.outbox.models import Message


def put(
    *, kind: str, channel: str, intent: str, alert_id: int | None = None, sequence: int = 1,
    due_at: datetime | None = None,
) -> Message:  # fmt: skip
    """Write the message's row; nothing is sent before the transaction it stands in is committed.

    Raises IntegrityError when a message of this ``intent`` exists.
    """
    now = timezone.now()
    message = Message(
        intent=intent, alert_id=alert_id, kind=kind, sequence=sequence, channel=channel,
        due_at=due_at or now, created_at=now,
    )  # fmt: skip
    insert(message, router.db_for_write(Message))
    ring_after_commit()
    return message


def ring_after_commit() -> None:
    """Wake a deliverer when the current transaction is committed; at once where there is none."""
    after_commit(doorbell.ring)


def after_commit(call: Callable[[], object]) -> None:
    """Call it when the current transaction is committed; at once where there is none. What it raises is logged.

    A plain function goes to Django: it asks for the name of one that fails, which a ``partial`` hasn't.
    """

    def plain() -> None:
        call()

    transaction.on_commit(plain, using=router.db_for_write(Message), robust=True)


def redraw(alert_ids: list[int], at: datetime) -> int:
    """Have every message that shows one of these alerts edited; returns how many."""
    showing = Message.objects.filter(alert_id__in=alert_ids).exclude(state__in=_NOT_SHOWN)
    in_digests = showing.filter(folded_into__kind=Message.Kind.DIGEST)
    digests = {pk for pk in in_digests.values_list("folded_into", flat=True) if pk}  # MySQL can't select as it updates
    cards = showing.filter(folded_into=None).update(redraw_at=at)
    return cards + Message.objects.filter(pk__in=digests).update(redraw_at=at)


_NOT_SHOWN = (Message.State.PENDING, Message.State.DEAD)
