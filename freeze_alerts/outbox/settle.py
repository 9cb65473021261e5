"""What an answer of Discord's means for the messages it was about, and for the webhook."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from django.db import router, transaction
from django.db.models import QuerySet
from django.utils import timezone

from freeze_alerts import signals
from freeze_alerts.discord.answer import Answer, Delivered, Refusal, Refused, RetryAfter, Scope, Unknown
from freeze_alerts.discord.webhook import Webhook
from freeze_alerts.outbox import pace
from freeze_alerts.outbox.fold import BAD_REQUEST, DIGEST_REDRAW_AFTER
from freeze_alerts.outbox.models import Message
from freeze_alerts.outbox.put import after_commit

logger = logging.getLogger("freeze_alerts")

FIRST_DOUBT = timedelta(seconds=30)
LATER_DOUBT = timedelta(minutes=20)
"""A message that was perhaps delivered is repeated late and rarely: webhooks know no idempotency key."""
OLD_EDIT_WAIT = timedelta(minutes=15)
TRIES_TO_DRAW = 5
_PERMANENT = {Refusal.WEBHOOK_GONE}
_FINE, _TOO_MANY = 200, 429


def posted(messages: list[Message], covered: list[int], webhook: Webhook, answer: Answer) -> bool:
    """Book what a POST came to; True when the messages are delivered."""
    if isinstance(answer, Delivered):
        _delivered(messages, covered, webhook, answer)
        return True
    messages = [message for message in messages if _ours(message).exists()]  # after the lease they are another's
    if not messages:
        return False
    release_members(messages)
    if isinstance(answer, Unknown):
        pace.back_off(webhook.name)
        for message in messages:
            doubt = FIRST_DOUBT if message.attempts <= 1 else LATER_DOUBT
            _put_back([message], answer, state=Message.State.UNKNOWN, due_at=timezone.now() + doubt)
    elif isinstance(answer, RetryAfter):
        _wait(webhook, answer)
        _put_back(messages, answer)
    elif is_refused_as_it_is(answer) and len(messages) > 1:
        _put_back(messages, answer)  # each goes alone now, and only the one at fault is refused again
    elif is_refused_as_it_is(answer):
        _bury(messages[0], answer)
    else:
        _disable(webhook, answer, messages[0].channel)
        _put_back(messages, answer)
    return False


def edited(message: Message, together: list[Message], webhook: Webhook, answer: Answer) -> bool:
    """Book what a PATCH came to; True when the message shows how things are."""
    done = isinstance(answer, Delivered)
    if isinstance(answer, Delivered):
        pace.learn(webhook.name, answer.pace)
        _true_again(message, together)
    elif isinstance(answer, Refused) and answer.refusal in (Refusal.MESSAGE_GONE, Refusal.THREAD_GONE):
        release_members(together)
        gone(together)
    elif isinstance(answer, RetryAfter) and answer.scope is Scope.MESSAGE:
        _too_old(message, together, answer)
    elif isinstance(answer, Refused):
        _edit_refused(message, together, webhook, answer)
    else:
        release_members(together)
        if isinstance(answer, RetryAfter):
            _wait(webhook, answer)
        else:
            pace.back_off(webhook.name)  # an edit may be repeated as often as one likes
        _note(together, answer, lease_until=None)
    return done


def _edit_refused(message: Message, together: list[Message], webhook: Webhook, answer: Refused) -> None:
    """It is edited no more until it changes again; an end is posted anew, and that tells whether the webhook works.

    A digest speaks for others who wait, so it is tried once more.
    """
    logger.error("Discord refused the edit of %s: %s", message, answer)
    release_members(together)
    before, again_at = message.last_status, timezone.now() + OLD_EDIT_WAIT
    _note(together, answer, lease_until=None)
    if answer.refusal in _PERMANENT:
        _disable(webhook, answer, message.channel)
    elif message.kind == Message.Kind.DIGEST and before in (None, _FINE):
        _of(message).update(redraw_at=again_at)
    else:
        gone(together)


def gone(together: list[Message]) -> None:
    """A message that can't be edited any more: an alert that ended is told in a new one, unless that is done."""
    for message in together:
        same = Message.objects.filter(pk=message.pk)
        if message.kind == Message.Kind.DIGEST:
            same.update(discord_message_id="", redraw_at=None, lease_until=None)
            _let_go(message)
        elif message.alert is not None and message.alert.resolved_at is not None and not _end_is_told(message):
            same.update(
                state=Message.State.PENDING, due_at=timezone.now(), discord_message_id="", redraw_at=None,
                lease_until=None,
            )  # fmt: skip
        else:
            same.update(redraw_at=None, lease_until=None)


def _let_go(digest: Message) -> None:
    """Whoever waits for a digest that can't be edited any more speaks for itself again."""
    waiting = _members([digest]).filter(state__in=(Message.State.PENDING, Message.State.SENDING))
    waiting.update(state=Message.State.PENDING, folded_into=None, due_at=timezone.now())


def not_drawn(messages: list[Message]) -> None:
    """Our own fault: try again a few times, later each time, then give the message up aloud."""
    release_members(messages)
    if len(messages) > 1:  # each goes alone from now on, so that only the one at fault fails again
        ids = [message.pk for message in messages]
        alone = {"last_status": BAD_REQUEST, "last_error": "a card sent with it could not be drawn"}
        Message.objects.filter(pk__in=ids).update(state=Message.State.PENDING, lease_until=None, **alone)
        return
    (message,) = messages
    if message.draw_failures + 1 >= TRIES_TO_DRAW:
        _bury(message, Refused(Refusal.OTHER, "its card could not be drawn; see the log", None))
    else:
        failures = message.draw_failures + 1
        due_at = timezone.now() + timedelta(seconds=2.0**failures)
        _of(message).update(state=Message.State.PENDING, lease_until=None, due_at=due_at, draw_failures=failures)


def redraw_later(message: Message, until: datetime) -> None:
    """Nobody may edit it before then; the cards beside it wait with it."""
    together = Message.objects.filter(discord_message_id=message.discord_message_id, webhook=message.webhook)
    together.filter(redraw_at__lte=until).update(redraw_at=until)


def not_redrawn(message: Message, together: list[Message]) -> None:
    """Our own fault: try again a few times, then leave it as it stands; an end that it should tell is posted."""
    release_members(together)
    failures = message.draw_failures + 1
    again_at = timezone.now() + OLD_EDIT_WAIT
    _of(message).update(lease_until=None, redraw_at=again_at, draw_failures=failures)
    if failures >= TRIES_TO_DRAW:
        gone(together)


def is_refused_as_it_is(answer: Answer) -> bool:
    return isinstance(answer, Refused) and answer.refusal in (Refusal.PAYLOAD, Refusal.OTHER)


def siblings(message: Message) -> list[Message]:
    """The rows whose cards stand in the same Discord message, in the order they stand there."""
    together = Message.objects.filter(discord_message_id=message.discord_message_id, webhook=message.webhook)
    return list(together.filter(folded_into=None).select_related("alert").order_by("pk"))


def first_of(message: Message) -> Message:
    """The row by which a message of several cards is claimed: the first of those to be redrawn."""
    now = timezone.now()
    due = [each for each in siblings(message) if each.redraw_at is not None and each.redraw_at <= now]
    return due[0] if due else message


def include_members(messages: Iterable[Message]) -> None:
    """What has been folded into these so far is being sent with them."""
    _members(messages).filter(state=Message.State.PENDING).update(state=Message.State.SENDING)


def release_members(messages: Iterable[Message]) -> None:
    _members(messages).filter(state=Message.State.SENDING).update(state=Message.State.PENDING)


def _members(messages: Iterable[Message]) -> QuerySet[Message]:
    digests = [message.pk for message in messages if message.kind == Message.Kind.DIGEST]
    return Message.objects.filter(folded_into__in=digests)


def _delivered(messages: list[Message], covered: list[int], webhook: Webhook, answer: Delivered) -> None:
    now = timezone.now()
    pace.learn(webhook.name, answer.pace)
    by_alert = {message.alert_id: message for message in messages}
    with transaction.atomic(using=router.db_for_write(Message)):
        for message in messages:
            _ours(message).update(
                state=Message.State.SENT, sent_at=now, lease_until=None, webhook=webhook.name, last_status=200,
                last_error="", draw_failures=0, discord_message_id=answer.message_id,
            )  # fmt: skip
            _close_digest(message)
            after_commit(partial(_announce, message, signals.message_delivered))
        for later in Message.objects.filter(pk__in=covered, state=Message.State.PENDING, folded_into=None):
            speaker = by_alert[later.alert_id]
            _of(later).update(state=Message.State.SENT, sent_at=now, folded_into=speaker)


def _close_digest(message: Message) -> None:
    """Members shown are sent; those that joined while it was on its way are shown by the next edit."""
    now = timezone.now()
    _members([message]).filter(state=Message.State.SENDING).update(state=Message.State.SENT, sent_at=now)
    if not _of(message).exclude(discord_message_id="").exists():
        _let_go(message)
    elif _members([message]).filter(state=Message.State.PENDING).exists():
        _of(message).filter(redraw_at=None).update(redraw_at=now + DIGEST_REDRAW_AFTER)


def _true_again(message: Message, together: list[Message]) -> None:
    """Only what was due when it was drawn is done: a change since then has set a later moment."""
    for each in together:
        _of(each).filter(redraw_at=each.redraw_at).update(redraw_at=None)
        _close_digest(each)
    _of(message).update(lease_until=None, last_status=200, last_error="", draw_failures=0)


def _too_old(message: Message, together: list[Message], answer: RetryAfter) -> None:
    """Discord limits edits of old messages. Twice refused, an ended alert is told in a new message instead."""
    release_members(together)
    if message.last_status == _TOO_MANY:
        gone(together)
    else:
        _note(together, answer, lease_until=None, redraw_at=timezone.now() + OLD_EDIT_WAIT)


def _bury(message: Message, answer: Refused) -> None:
    logger.error("message %s is dead: %s", message, answer.reason)
    _note([message], answer, state=Message.State.DEAD, lease_until=None)
    _members([message]).update(state=Message.State.DEAD, last_error="the digest that spoke for it is dead")
    message.refresh_from_db()
    _announce(message, signals.message_dead)


def _disable(webhook: Webhook, answer: Answer, channel: str) -> None:
    """Permanently for a webhook that is gone, for an hour where access is missing; told once either way."""
    assert isinstance(answer, Refused)  # noqa: S101 - narrowed by the callers' cases
    permanent = answer.refusal in _PERMANENT
    if pace.disable(webhook.name, answer.reason or answer.refusal.value, passing=not permanent):
        logger.error("webhook %s of #%s is disabled: %s", webhook.name, channel, answer.reason)
        signals.webhook_disabled.send_robust(
            sender=Message, channel=channel, webhook=webhook.name, reason=answer.reason
        )


def _wait(webhook: Webhook, answer: RetryAfter) -> None:
    if answer.seconds is None:
        pace.back_off(webhook.name)
    else:
        everywhere = answer.scope in (Scope.GLOBAL, Scope.HOST)
        pace.block(pace.ALL_OF_DISCORD if everywhere else webhook.name, answer.seconds)


def _put_back(messages: list[Message], answer: Answer, **changes: object) -> None:
    now = timezone.now()
    _note(messages, answer, **{"state": Message.State.PENDING, "lease_until": None, "due_at": now, **changes})


def _note(messages: list[Message], answer: Answer, **changes: object) -> None:
    status, reason = getattr(answer, "status", None), getattr(answer, "reason", "")
    refused = is_refused_as_it_is(answer)
    noted = {"last_status": BAD_REQUEST if refused else status, "last_error": reason[:500]}
    Message.objects.filter(pk__in=[message.pk for message in messages]).update(**noted, **changes)


def _ours(message: Message) -> QuerySet[Message]:
    return _of(message).filter(state=Message.State.SENDING, lease_until=message.lease_until)


def _announce(message: Message, signal: object) -> None:
    message.refresh_from_db()
    signal.send_robust(sender=Message, message=message)  # type: ignore[attr-defined]


def _end_is_told(message: Message) -> bool:
    ends = Message.objects.filter(alert=message.alert_id, kind=Message.Kind.RESOLVED)
    return ends.exclude(state=Message.State.DEAD).exclude(pk=message.pk).exists()


def _of(message: Message) -> QuerySet[Message]:
    return Message.objects.filter(pk=message.pk)
