"""Whose turn it is: one conditional UPDATE a duty, whose row count says who won."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from freeze_alerts import conf
from freeze_alerts.discord.text import plain
from freeze_alerts.discord.webhook import redact
from freeze_alerts.watch.duties import Duty
from freeze_alerts.watch.models import Heartbeat

SKEW = timedelta(minutes=1)
"""How far hosts' clocks may be apart. What lies further in the future is a clock that was wrong, and not believed."""
NOT_EARLY = timedelta(0)


@dataclass(frozen=True)
class Claim:
    """A duty that is ours until its limit."""

    name: str
    by: str


def claim(duty: Duty, *, early: timedelta = NOT_EARLY) -> Claim | None:
    """The duty, if it is due and nobody is at it; None if not. ``early``: how much before its time it may begin."""
    mine = Claim(row_name(duty), f"{socket.gethostname()[:100]}:{os.getpid()}:{secrets.token_hex(4)}")
    if _won(duty, mine, early):
        return mine
    if Heartbeat.objects.filter(name=mine.name).exists():
        return None
    Heartbeat.objects.bulk_create([Heartbeat(name=mine.name)], ignore_conflicts=True)
    return mine if _won(duty, mine, early) else None


def done(claim: Claim, *, again: bool = False) -> bool:
    """Note the success; False where the claim had run out and another has begun since. ``again``: it stays due."""
    now = timezone.now()
    begun = {"started_at": None} if again else {}
    return bool(_held(claim).update(at=now, lease_until=None, failures=0, detail="", silent_since=None, **begun))


def failed(claim: Claim, error: Exception) -> bool:
    """Note the failure, without the secrets it may name."""
    told = plain(redact(f"{type(error).__name__}: {error}"))[:255]
    return bool(_held(claim).update(lease_until=None, failures=F("failures") + 1, detail=told))


def row_name(duty: Duty) -> str:
    """``duty:check_disk@web1``: the heartbeat of a duty, here."""
    here = conf.current().disk.host or socket.gethostname()
    return f"duty:{duty.name}@{here}"[:150] if duty.per_host else f"duty:{duty.name}"


def latest_start(duty: Duty, now: datetime) -> datetime:
    """A duty that began later than at this moment is not yet due again."""
    if duty.hour is None:
        return now - duty.interval
    local = now if timezone.is_naive(now) else timezone.localtime(now)
    today = local.replace(hour=duty.hour, minute=0, second=0, microsecond=0)
    last = today if today <= local else today - timedelta(days=1)
    return last - timedelta.resolution


def _won(duty: Duty, mine: Claim, early: timedelta) -> bool:
    now = timezone.now()
    then = now + early if duty.hour is None else now  # shortly before its hour is not its hour
    begun = Heartbeat.objects.filter(_free(duty, now) & _due(duty, then, now), name=mine.name)
    return bool(begun.update(started_at=now, lease_until=now + duty.limit, claimed_by=mine.by))


def _free(duty: Duty, now: datetime) -> Q:
    return Q(lease_until=None) | Q(lease_until__lt=now) | Q(lease_until__gt=now + duty.limit + SKEW)


def _due(duty: Duty, then: datetime, now: datetime) -> Q:
    """Never begun, long enough ago, begun by a clock that was ahead, failed a tick ago, or left by one who died."""
    again = Q(failures__gt=0, started_at__lte=then - duty.tick)
    begun = Q(started_at=None) | Q(started_at__lte=latest_start(duty, then)) | Q(started_at__gt=now + SKEW)
    return begun | again | Q(lease_until__lt=now)


def _held(claim: Claim) -> QuerySet[Heartbeat]:
    return Heartbeat.objects.filter(name=claim.name, claimed_by=claim.by)
