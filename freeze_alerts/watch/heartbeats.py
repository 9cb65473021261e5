"""Leaving a sign of life, and finding who left none. Each part of the chain has a row of its name."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from freeze_alerts.watch.models import Heartbeat

BEAT, CANARY, BROKER, WATCHDOG, SWEEP, PING = "beat", "canary", "broker", "watchdog", "sweep", "ping"
"""Celery Beat; a worker, by the canary it takes; the broker; the watchdog; the last delivery; somebody outside."""

GONE_AFTER = timedelta(days=30)


def beat(name: str, detail: str = "") -> None:
    """It lives."""
    seen = {"at": timezone.now(), "failures": 0, "detail": detail[:255], "silent_since": None}
    if not Heartbeat.objects.filter(name=name).update(**seen):
        Heartbeat.objects.bulk_create([Heartbeat(name=name, **seen)], ignore_conflicts=True)


def miss(name: str, detail: str) -> None:
    """It was asked, and did not answer."""
    missed = {"failures": F("failures") + 1, "detail": detail[:255]}
    if not Heartbeat.objects.filter(name=name).update(**missed):
        Heartbeat.objects.bulk_create([Heartbeat(name=name, failures=1, detail=detail[:255])], ignore_conflicts=True)


def send_canary() -> None:
    """A canary leaves. The one that has been on its way for longest is the one that counts."""
    now = timezone.now()
    if not Heartbeat.objects.filter(name=CANARY, started_at=None).update(started_at=now):
        Heartbeat.objects.bulk_create([Heartbeat(name=CANARY, started_at=now)], ignore_conflicts=True)


def receive_canary(detail: str = "") -> None:
    """A canary has come through Beat, broker and worker into the database."""
    beat(CANARY, detail)
    call_canary_back()


def call_canary_back() -> None:
    """None is on its way any more, as far as anybody waits for it."""
    Heartbeat.objects.filter(name=CANARY).update(started_at=None, silent_since=None)


def forget(name: str) -> bool:
    """Wait for it no longer: it was taken out of service, Celery with its Beat. False where nobody waited."""
    names = (BEAT, CANARY, BROKER) if name == BEAT else (name,)
    return bool(Heartbeat.objects.filter(name__in=names).delete()[0])


def prune(*, dry_run: bool = False) -> int:
    """Take away what hosts did that nobody has heard of for a month: each new container may be one."""
    gone = Heartbeat.objects.filter(name__startswith="duty:", name__contains="@")
    gone = gone.filter(started_at__lt=timezone.now() - GONE_AFTER)
    return gone.count() if dry_run else gone.delete()[0]
