"""One pass over the outbox: claim, draw, send outside any transaction, and mark only what Discord has answered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from django.utils import timezone

from freeze_alerts.discord import client
from freeze_alerts.discord.message import Card, degraded_payload, edit_payload, post_payload
from freeze_alerts.discord.webhook import Webhook
from freeze_alerts.outbox import claim, fold, jump, pace, settle
from freeze_alerts.outbox.models import Message
from freeze_alerts.outbox.route import route_for, webhook_named

logger = logging.getLogger("freeze_alerts")

EMPTY_HANDED = 5
"""Passes in a row that win no claim before a channel is left to whoever wins them all."""


class Draft(Protocol):
    """What one Discord message is to say."""

    @property
    def cards(self) -> tuple[Card, ...]: ...
    @property
    def mention(self) -> str: ...
    @property
    def silent(self) -> bool: ...


Prepare = Callable[[Sequence[Message]], Draft]


@dataclass
class Report:
    """What a pass did. ``again_in_seconds`` is when the next one has something to do; None when all is said."""

    posted: int = 0
    edited: int = 0
    failed: int = 0
    unrouted: list[str] = field(default_factory=list)
    again_in_seconds: float | None = None

    def wait(self, seconds: float) -> None:
        self.again_in_seconds = seconds if self.again_in_seconds is None else min(self.again_in_seconds, seconds)


def deliver(*, prepare: Prepare) -> Report:
    """Send and edit whatever is due and allowed now; ``prepare`` turns claimed messages into cards.

    Safe to run in any number of processes at once, and to kill at any moment.
    """
    report = Report()
    newest = claim.newest()
    jump.mend_if_put_back()
    claim.recover()
    for channel in sorted(claim.channels_at_work()):
        _post_all(channel, prepare, report)
        _edit_all(channel, prepare, report)
    if claim.has_come_since(newest):  # a delivery that failed may itself be news
        report.wait(0)
    moment = claim.next_due()
    if moment is not None:
        report.wait(max(0.0, (moment - timezone.now()).total_seconds()))
    return report


def _post_all(channel: str, prepare: Prepare, report: Report) -> None:
    misses = 0
    while misses < EMPTY_HANDED:
        route = route_for(channel)
        if route is None:
            report.unrouted.append(channel)
            return
        slots, wait_seconds = pace.slots(route.webhook.name)
        fold.fold_storms(channel)
        parcel = fold.next_parcel(channel, slots)
        if not parcel:
            return
        if not slots:
            report.wait(wait_seconds)
            return
        claimed = claim.claim(parcel) if pace.take(route.webhook.name) else []
        misses = 0 if claimed else misses + 1
        if claimed:
            _post(claimed, route.webhook, route.note, prepare, report)


def _post(messages: list[Message], webhook: Webhook, note: str, prepare: Prepare, report: Report) -> None:
    settle.include_members(messages)
    covered = claim.covered_by(messages)
    draft = _prepared(messages, prepare)
    if draft is None:
        settle.not_drawn(messages)
        report.failed += len(messages) == 1
        return
    cards = [replace(card, notes=(*card.notes, note)) if note else card for card in draft.cards]
    answer = client.post(webhook, post_payload(cards, mention=draft.mention, silent=draft.silent))
    if settle.is_refused_as_it_is(answer) and len(messages) == 1:
        logger.error("Discord refused the card of %s, sending plain text: %s", messages[0], answer)
        pace.take(webhook.name)
        answer = client.post(webhook, degraded_payload(cards))
    if isinstance(answer, client.Refused) and answer.refusal is client.Refusal.THREAD_GONE and webhook.thread_id:
        answer = client.post(replace(webhook, thread_id=""), post_payload(cards, mention=draft.mention))
    delivered = settle.posted(messages, covered, webhook, answer)
    report.posted += delivered
    report.failed += not delivered


def _edit_all(channel: str, prepare: Prepare, report: Report) -> None:
    for message in claim.due_edits(channel)[: pace.UNPACED]:
        if (until := pace.rests_until(message.webhook)) is not None:
            settle.redraw_later(message, until)
            continue
        webhook = webhook_named(message.webhook)
        if webhook is None or pace.is_disabled(webhook.name):
            settle.gone(settle.siblings(message))
            report.wait(0)  # its end may have become a new message
            continue
        slots, wait_seconds = pace.slots(webhook.name)
        if not slots:
            report.wait(wait_seconds)
            return
        if settle.first_of(message).pk == message.pk and pace.take(webhook.name) and claim.claim_edit(message):
            _edit(message, webhook, prepare, report)


def _edit(message: Message, webhook: Webhook, prepare: Prepare, report: Report) -> None:
    together = settle.siblings(message)
    settle.include_members(together)
    draft = _prepared(together, prepare)
    if draft is None:
        settle.not_redrawn(message, together)
        report.failed += 1
        return
    answer = client.edit(webhook, message.discord_message_id, edit_payload(draft.cards))
    if settle.is_refused_as_it_is(answer):
        plain = {**degraded_payload(draft.cards), "embeds": [], "components": []}
        answer = client.edit(webhook, message.discord_message_id, plain)
    edited = settle.edited(message, together, webhook, answer)
    report.edited += edited
    report.failed += not edited
    if not edited:
        report.wait(0)  # it may have become a new message


def _prepared(messages: list[Message], prepare: Prepare) -> Draft | None:
    try:
        return prepare(messages)
    except Exception:  # one alert that can't be drawn must not hold up the others
        logger.exception("could not draw %s", ", ".join(map(str, messages)))
        return None
