"""Which messages leave together: alone while we keep up, ten cards at a time when behind, a digest in a storm."""

from __future__ import annotations

from datetime import timedelta

from django.db import router, transaction
from django.db.models import Count, Q
from django.utils import timezone

from freeze_alerts.outbox.claim import due_posts
from freeze_alerts.outbox.models import Message

CARDS_A_MESSAGE = 10
"""Discord's limit of embeds. https://discord.com/developers/docs/resources/webhook#execute-webhook"""
STORM_ABOVE = 20
STORM_OVER_AFTER = timedelta(minutes=1)
NEW_DIGEST_AFTER = timedelta(minutes=10)
"""A storm that goes on is posted anew this often: edits make no sound."""
DIGEST_REDRAW_AFTER = timedelta(seconds=10)
BAD_REQUEST = 400


def fold_storms(channel: str) -> None:
    """Let one digest speak for every waiting message of a type that storms."""
    due = due_posts(channel).filter(state=Message.State.PENDING).exclude(alert=None)
    storming = _storming(channel)
    counted = due.order_by("alert__type").values_list("alert__type").annotate(count=Count("pk"))
    for alert_type, count in counted:
        digest = storming.get(f"digest:{alert_type}")
        if digest is None and count <= STORM_ABOVE:
            continue
        members = list(due.filter(alert__type=alert_type).values_list("pk", flat=True))
        with transaction.atomic(using=router.db_for_write(Message)):
            joining = digest or _new_digest(channel, alert_type)
            if not _join(joining, members) and digest is None:
                joining.delete()  # another deliverer was quicker


def next_parcel(channel: str, slots: int) -> list[Message]:
    """The messages to post next as one Discord message: one, or up to ten when there are more than free slots."""
    due = list(due_posts(channel).select_related("alert")[: max(slots, 1) + CARDS_A_MESSAGE])
    if not due or len(due) <= slots or not _batchable(due[0]):
        return due[:1]
    return [message for message in due if _batchable(message)][:CARDS_A_MESSAGE]


def _storming(channel: str) -> dict[str, Message]:
    """The digests that still take members, by the start of their intent. A digest's due_at is its last joining."""
    now = timezone.now()
    digests = Message.objects.filter(
        Q(due_at__gte=now - STORM_OVER_AFTER), channel=channel, kind=Message.Kind.DIGEST,
        created_at__gte=now - NEW_DIGEST_AFTER,
    ).exclude(state=Message.State.DEAD).exclude(state=Message.State.SENT, discord_message_id="")  # fmt: skip
    return {digest.intent.rpartition(":")[0]: digest for digest in digests.order_by("pk")}


def _new_digest(channel: str, alert_type: str) -> Message:
    now = timezone.now()
    return Message.objects.create(
        intent=f"digest:{alert_type}:{channel}-{now.timestamp():.6f}", kind=Message.Kind.DIGEST, channel=channel,
        due_at=now, created_at=now,
    )  # fmt: skip


def _join(digest: Message, members: list[int]) -> int:
    now, joined = timezone.now(), 0
    for start in range(0, len(members), 500):  # SQLite takes no more than so many parameters
        chunk = Message.objects.filter(pk__in=members[start : start + 500], state=Message.State.PENDING)
        joined += chunk.filter(folded_into=None).update(folded_into=digest)
    if not joined:
        return 0
    same = Message.objects.filter(pk=digest.pk)
    same.update(due_at=now)
    same.filter(redraw_at=None).exclude(discord_message_id="").update(redraw_at=now + DIGEST_REDRAW_AFTER)
    return joined


def _batchable(message: Message) -> bool:
    """A card that Discord refused is sent alone, so that it can't spoil others; digests and drills stand alone."""
    return message.alert_id is not None and message.last_status != BAD_REQUEST
