"""Posting without a database: a few messages straight to Discord, while the outbox can't be reached.

One daemon thread a process, so that no request waits. It says each thing once in a quarter of an hour and keeps a
modest pace of its own; everything it doesn't say is in the spool and is told when the database is back. What no
webhook takes goes by the spare ways.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from freeze_alerts import conf
from freeze_alerts.discord import client
from freeze_alerts.discord.message import Card, post_payload
from freeze_alerts.discord.webhook import Webhook
from freeze_alerts.outbox import spare
from freeze_alerts.outbox.route import webhook_of

logger = logging.getLogger("freeze_alerts")

SAY_AGAIN_AFTER_SECONDS = 15 * 60.0
BURST, SECONDS_EACH = 5, 6.0
WAITING_MOST = 200
TRIES, LONGEST_WAIT_SECONDS = 3, 60.0
HEAD_START_SECONDS = 1.0
"""Only a connection may be gone, and not the database: then the doorbell's pass books it meanwhile."""
PATIENCE_SECONDS = 10.0
"""The same where the database is thought to be there: what is not booked by then is said as well."""
IDLE_SECONDS, FAREWELL_SECONDS = 30.0, 5.0


@dataclass(frozen=True)
class Parcel:
    """A card for a channel. ``is_wanted`` is asked last thing before each try, ``delivered`` told of it after."""

    key: str
    channel: str
    card: Card
    mention: str
    is_wanted: Callable[[], bool]
    delivered: Callable[[str, str], object]
    """Called with the webhook's public name and Discord's message id."""
    urgent: bool = True
    carried_at: float = field(default_factory=time.monotonic)


class Courier:
    def __init__(self) -> None:
        self.waiting: queue.Queue[Parcel | None] = queue.Queue(WAITING_MOST)
        self.said: dict[str, float] = {}
        self.lock = threading.Lock()
        self.thread: threading.Thread | None = None
        self.closed = threading.Event()
        self.paid_until = 0.0

    def carry(self, parcel: Parcel) -> bool:
        """Take a card along; False for what was said of late, or when there is too much to carry."""
        now = time.monotonic()
        with self.lock:
            if now - self.said.get(parcel.key, -SAY_AGAIN_AFTER_SECONDS) < SAY_AGAIN_AFTER_SECONDS:
                return False
            try:
                self.waiting.put_nowait(parcel)
            except queue.Full:
                return False
            self.said[parcel.key] = now
            return self._has_thread()

    def close(self) -> None:
        """Let it finish what it has begun; the spool has the rest."""
        self.closed.set()
        if self.thread is not None:
            with contextlib.suppress(queue.Full):  # then it is not idle, and need not be woken
                self.waiting.put_nowait(None)
            self.thread.join(FAREWELL_SECONDS)

    def _has_thread(self) -> bool:
        if self.thread is None:
            thread = threading.Thread(target=self._run, name="freeze-alerts-courier", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # a process that is ending may begin none: the spool has it
                return False
            self.thread = thread
        return True

    def _run(self) -> None:
        while True:
            try:
                parcel = self.waiting.get(timeout=0.1 if self.closed.is_set() else IDLE_SECONDS)
            except queue.Empty:
                with self.lock:
                    if self.waiting.empty():
                        self.thread = None
                        return
                continue
            if parcel is None:  # woken, to end
                continue
            try:
                self._deliver(parcel)
            except Exception:  # the thread's door: the spool has what could not be posted
                logger.exception("could not post without the database")

    def _deliver(self, parcel: Parcel) -> None:
        due_at = parcel.carried_at + (HEAD_START_SECONDS if parcel.urgent else PATIENCE_SECONDS)
        closed = self.closed.wait(max(0.0, due_at - time.monotonic()))
        if (closed and not parcel.urgent) or not parcel.is_wanted() or not self._has_kept_pace():
            return
        for channel in (parcel.channel, *(each for each in conf.current().webhooks if each != parcel.channel)):
            webhook = webhook_of(channel)
            if webhook is not None and self._posted(parcel, webhook, channel):
                return
        spare.tell(parcel.card.title, "\n".join((parcel.card.text, *parcel.card.notes)))

    def _posted(self, parcel: Parcel, webhook: Webhook, channel: str) -> bool:
        """Whether no other webhook need be tried: this one has taken it, or may have, or it is wanted no more."""
        elsewhere = () if channel == parcel.channel else (f"for #{parcel.channel}",)
        card = replace(parcel.card, notes=(*parcel.card.notes, *elsewhere))
        for _ in range(TRIES):
            if not parcel.is_wanted():
                return True
            answer = client.post(webhook, post_payload([card], mention=parcel.mention))
            if isinstance(answer, client.Delivered):
                parcel.delivered(webhook.name, answer.message_id)
            if not isinstance(answer, client.RetryAfter):
                return not isinstance(answer, client.Refused)
            if self.closed.wait(min(answer.seconds or 2.0, LONGEST_WAIT_SECONDS)):
                return False
        return False

    def _has_kept_pace(self) -> bool:
        """A leaky bucket in memory: the shared pace is in the database, which is away. False if closed before then."""
        owed = max(0.0, self.paid_until - time.monotonic()) - (BURST - 1) * SECONDS_EACH
        if owed > 0 and self.closed.wait(owed):
            return False
        self.paid_until = max(self.paid_until, time.monotonic()) + SECONDS_EACH
        return True


def carry(parcel: Parcel) -> bool:
    return _courier.carry(parcel)


def close() -> None:
    _courier.close()


def _after_fork() -> None:
    global _courier  # noqa: PLW0603 - the parent's thread and locks do not exist in the child
    _courier = Courier()


_courier = Courier()
os.register_at_fork(after_in_child=_after_fork)
atexit.register(close)
