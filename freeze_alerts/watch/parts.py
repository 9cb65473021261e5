"""Which part of the chain is dead: read the signs of life, judge them.

The judge knows no clock and no database. It names the nearest cause alone: while the broker is dead nobody is blamed
for being silent behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from freeze_alerts.alerts.clock import aware, local
from freeze_alerts.outbox import claim
from freeze_alerts.sources.disk.words import span
from freeze_alerts.watch import heartbeats
from freeze_alerts.watch.claims import SKEW, row_name
from freeze_alerts.watch.conditions.outbox import STUCK_AFTER
from freeze_alerts.watch.duties import DUTIES, Duty
from freeze_alerts.watch.models import Heartbeat

BEAT_SILENT_AFTER = timedelta(minutes=7)
CANARY_LATE_AFTER = timedelta(minutes=7)
"""A canary leaves every five minutes."""
BROKER_KNOWN_FOR = timedelta(minutes=3)
WATCHDOG_SILENT_AFTER = timedelta(minutes=3)
FAILURES, INTERVALS = 3, 3
OUTBOX = "outbox"


@dataclass(frozen=True)
class Signs:
    """What was left by whom. ``unsent_since``: since when the oldest message waits for Discord."""

    now: datetime
    hearts: Mapping[str, Heartbeat]
    unsent_since: datetime | None = None


@dataclass(frozen=True)
class Death:
    """A part that is dead, in one sentence, and what to run next."""

    part: str
    since: datetime | None
    title: str
    text: str
    command: str = ""


def read() -> Signs:
    hearts = {each.name: each for each in Heartbeat.objects.all()}
    return Signs(timezone.now(), hearts, claim.waiting_since())


def judge(signs: Signs) -> list[Death]:
    """Every part that is dead; a part that never gave a sign is not waited for."""
    chain = [*_celery(signs), *_watchdog(signs)]
    return [*chain, *_outbox(signs), *(_failing(signs) if chain else _undone(signs))]


def _celery(signs: Signs) -> Iterator[Death]:
    beat, canary, broker = (signs.hearts.get(name) for name in (heartbeats.BEAT, heartbeats.CANARY, heartbeats.BROKER))
    if beat is None:
        return
    if broker and broker.failures:
        yield Death(
            heartbeats.BROKER, broker.at, "Celery's broker does not answer",
            f"{_asked(signs, broker)}: Beat can't hand out what is due, and no worker gets it.",
            "docker compose logs redis --tail=50",
        )  # fmt: skip
        return
    answers = ", and the broker answers" if broker and not _is_silent(broker.at, BROKER_KNOWN_FOR, signs.now) else ""
    if _is_silent(beat.at, BEAT_SILENT_AFTER, signs.now):
        yield Death(
            heartbeats.BEAT, beat.at, "Celery Beat is silent",
            f"Beat has given no sign of life {_since(beat.at, signs)}{answers}: nothing that it schedules is done.",
            "docker compose logs celery-beat --tail=50",
        )  # fmt: skip
    if canary and canary.started_at and _is_silent(canary.started_at, CANARY_LATE_AFTER, signs.now):
        yield Death(
            heartbeats.CANARY, canary.started_at, "no Celery worker takes its tasks",
            f"No worker has taken what Beat sent out {_since(canary.started_at, signs)}{answers}: workers are dead or "
            "stuck, or the queue is jammed.",
            "docker compose logs celery --tail=50",
        )  # fmt: skip


def _watchdog(signs: Signs) -> Iterator[Death]:
    watchdog = signs.hearts.get(heartbeats.WATCHDOG)
    if watchdog and _is_silent(watchdog.at, WATCHDOG_SILENT_AFTER, signs.now):
        yield Death(
            heartbeats.WATCHDOG, watchdog.at, "the watchdog is silent",
            f"The watchdog has given no sign of life {_since(watchdog.at, signs)}: it is dead or stuck, and was not "
            "started again.",
            "docker compose logs watchdog --tail=50",
        )  # fmt: skip


def _outbox(signs: Signs) -> Iterator[Death]:
    if signs.unsent_since and signs.now - signs.unsent_since >= STUCK_AFTER:
        yield Death(
            OUTBOX, signs.unsent_since, "messages do not reach Discord",
            f"The oldest message has been waiting {_since(signs.unsent_since, signs)}: Discord is away or refuses it, "
            "no webhook works, or nobody delivers.",
        )  # fmt: skip


def _failing(signs: Signs) -> Iterator[Death]:
    for duty, row in _rows(signs):
        tried_of_late = row.started_at and signs.now - row.started_at <= INTERVALS * duty.interval
        if row.failures >= FAILURES and tried_of_late:
            yield Death(
                row.name, row.at, f"{_spoken(row)} fails",
                f"{_spoken(row)} has failed {row.failures} times in a row: {row.detail}",
            )  # fmt: skip


def _undone(signs: Signs) -> Iterator[Death]:
    """What fails, and what nobody does although all are alive; what a host does may have gone with its host."""
    yield from _failing(signs)
    for duty, row in _rows(signs):
        begun = row.started_at
        if not duty.per_host and begun and _is_silent(begun, INTERVALS * duty.interval + duty.limit, signs.now):
            yield Death(
                row.name, begun, f"{duty.name} is not done",
                f"Nobody has begun {duty.name} {_since(begun, signs)}: is it missing from Beat's schedule?",
            )  # fmt: skip


def _rows(signs: Signs) -> Iterator[tuple[Duty, Heartbeat]]:
    """Each duty as it stands; what each host does on its own, for all hosts: whoever looks speaks for them all."""
    for duty in DUTIES:
        for name, row in signs.hearts.items():
            if name.startswith(f"duty:{duty.name}@") if duty.per_host else name == row_name(duty):
                yield duty, row


def _spoken(row: Heartbeat) -> str:
    """``check_disk on web1``"""
    return row.name.removeprefix("duty:").replace("@", " on ", 1)


def _is_silent(at: datetime | None, limit: timedelta, now: datetime) -> bool:
    """A sign from the future is none: it was left by a clock that has been put right since."""
    return at is not None and (now - at > limit or at - now > SKEW)


def _since(at: datetime | None, signs: Signs) -> str:
    if at is None or at > signs.now:
        return "for a while"
    return f"since {local(aware(at)):%H:%M} ({span(signs.now - at)})"


def _asked(signs: Signs, broker: Heartbeat) -> str:
    return f"Celery's broker has not answered {_since(broker.at, signs)} ({broker.detail})"
