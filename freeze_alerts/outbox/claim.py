"""Who sends which message: one conditional UPDATE each, whose row count says who won."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from freeze_alerts.outbox.models import Message

LEASE = timedelta(seconds=60)
"""Longer than findings (8 s), connecting (5 s) and an answer (35 s) together can take."""
_UNSENT = (Message.State.PENDING, Message.State.SENDING, Message.State.UNKNOWN)
_WAITING = (Message.State.PENDING, Message.State.UNKNOWN)


def recover() -> int:
    """Messages whose sender is gone: nobody knows whether they were sent, so they are sent again."""
    now = timezone.now()
    abandoned = Message.objects.filter(state=Message.State.SENDING, lease_until__lt=now)
    return abandoned.update(state=Message.State.UNKNOWN, due_at=now, lease_until=None)


def waiting() -> QuerySet[Message]:
    """Messages to be posted, but for those that another message speaks for."""
    return Message.objects.filter(state__in=_WAITING, folded_into=None)


def due_posts(channel: str) -> QuerySet[Message]:
    """What may be posted now. A message waits while an earlier one of its alert is unsent: an end never overtakes."""
    earlier = Message.objects.filter(alert=OuterRef("alert"), sequence__lt=OuterRef("sequence"), state__in=_UNSENT)
    return waiting().filter(~Exists(earlier), channel=channel, due_at__lte=timezone.now()).order_by("pk")


def due_edits(channel: str) -> QuerySet[Message]:
    """Sent messages that no longer show how things are."""
    now = timezone.now()
    shown = Message.objects.filter(channel=channel, state=Message.State.SENT, redraw_at__lte=now)
    return shown.filter(_free(now)).exclude(discord_message_id="").order_by("redraw_at", "pk")


def claim(messages: Iterable[Message]) -> list[Message]:
    """Those of the messages that are now ours to post until the lease runs out."""
    return [message for message in messages if _claim(message)]


def covered_by(messages: Iterable[Message]) -> list[int]:
    """Later messages of the same alerts, not yet sent: the card about to be drawn says what they would."""
    alerts = {message.alert_id: message.sequence for message in messages if message.alert_id}
    later = Message.objects.filter(alert_id__in=alerts, state=Message.State.PENDING, folded_into=None)
    found = later.values_list("pk", "alert_id", "sequence")
    return [pk for pk, alert_id, sequence in found if sequence > alerts[alert_id]]


def claim_edit(message: Message) -> bool:
    """Whether the edit is ours. A message of several cards is claimed by its first row."""
    now = timezone.now()
    mine = Message.objects.filter(_free(now), pk=message.pk, redraw_at=message.redraw_at)
    return bool(mine.update(lease_until=now + LEASE))


def next_due() -> datetime | None:
    """When something not yet due is to be posted, edited or taken over; None when there is nothing."""
    now = timezone.now()
    posts = waiting().filter(due_at__gt=now).order_by("due_at").values_list("due_at", flat=True)
    claimed = Q(state=Message.State.SENDING) | Q(state=Message.State.SENT, redraw_at__isnull=False)
    sending = Message.objects.filter(claimed, lease_until__gt=now).order_by("lease_until")
    edits = Message.objects.filter(state=Message.State.SENT, redraw_at__gt=now).order_by("redraw_at")
    first = (
        posts.first(),
        sending.values_list("lease_until", flat=True).first(),
        edits.values_list("redraw_at", flat=True).first(),
    )
    return min((moment for moment in first if moment), default=None)


def channels_at_work() -> set[str]:
    """The channels with something to post or to edit by now."""
    now = timezone.now()
    posts = waiting().filter(due_at__lte=now).values_list("channel", flat=True).distinct()
    edits = Message.objects.filter(state=Message.State.SENT, redraw_at__lte=now).exclude(discord_message_id="")
    return {*posts.order_by("channel"), *edits.order_by("channel").values_list("channel", flat=True).distinct()}


def newest() -> int:
    """The newest message's number, to ask later whether others have come."""
    return Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def has_come_since(number: int) -> bool:
    return waiting().filter(pk__gt=number, due_at__lte=timezone.now()).exists()


def waiting_since() -> datetime | None:
    """Since when the oldest unsent message has waited, however often it was tried; None when all is said."""
    unsent = Message.objects.filter(state__in=_UNSENT, folded_into=None).order_by("created_at")
    return unsent.values_list("created_at", flat=True).first()


def is_overdue(seconds: float) -> bool:
    """Whether something that could be posted has waited this long for somebody to come."""
    return waiting().filter(due_at__lt=timezone.now() - timedelta(seconds=seconds)).exists()


def _claim(message: Message) -> bool:
    lease_until = timezone.now() + LEASE
    mine = Message.objects.filter(pk=message.pk, state=message.state, attempts=message.attempts, folded_into=None)
    won = mine.update(state=Message.State.SENDING, lease_until=lease_until, attempts=F("attempts") + 1)
    message.lease_until, message.attempts = lease_until, message.attempts + 1
    return bool(won)


def _free(now: datetime) -> Q:
    return Q(lease_until=None) | Q(lease_until__lt=now)
