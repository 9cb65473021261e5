"""What grew since last night: suspects measured once a day while all is calm, and compared when it is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from freeze_alerts.sources.disk import consumers
from freeze_alerts.sources.disk.consumers import Size
from freeze_alerts.sources.disk.models import DiskConsumer

KEEP = timedelta(days=30)
TOTAL_SECONDS = 20.0
EACH_SECONDS = 10.0
_NIGHT_HOURS = range(1, 6)
_ABOUT_A_DAY = timedelta(hours=20)
_AT_THE_LATEST = timedelta(hours=30)
_OLD_ENOUGH = timedelta(hours=3)


@dataclass(frozen=True)
class Growth:
    """By how much a suspect is larger (or, below zero, smaller) than it was at ``since``."""

    name: str
    grown_bytes: int
    now: Size
    since: datetime


def is_due(host: str, now: datetime) -> bool:
    """Once a day, at night where the passes come by then; at any hour when the last measure is too old."""
    newest = DiskConsumer.objects.filter(host=host).order_by("-measured_at").first()
    if newest is None:
        return True
    age = now - newest.measured_at
    is_night = local(now).hour in _NIGHT_HOURS
    return age >= _AT_THE_LATEST or (is_night and age >= _ABOUT_A_DAY)


def measure(paths: Sequence[str]) -> list[Size]:
    """The suspects on the disks under ``paths``, within 20 s in all."""
    sizes: dict[str, Size] = {}
    for path in paths:
        total = TOTAL_SECONDS / len(paths)
        for each in consumers.measure(path, each_seconds=EACH_SECONDS, total_seconds=total):
            sizes[each.path] = each
    return list(sizes.values())


def remember(host: str, sizes: Iterable[Size], now: datetime) -> None:
    """Write a calm measure down, also of what could not be measured: that it was tried counts as the day's try."""
    DiskConsumer.objects.bulk_create(
        DiskConsumer(host=host, name=each.name, path=each.path, measured_at=now, size_bytes=each.size_bytes)
        for each in sizes
    )
    DiskConsumer.objects.filter(measured_at__lt=now - KEEP).delete()


def growth(host: str, sizes: Iterable[Size], now: datetime) -> list[Growth]:
    """Each measured suspect against its last calm measure, the most grown first."""
    before = _baseline(host, now)
    grown = [
        Growth(each.name, each.size_bytes - earlier.size_bytes, each, earlier.measured_at)
        for each in sizes
        if each.size_bytes is not None
        and (earlier := before.get(each.path)) is not None
        and earlier.size_bytes is not None
    ]
    return sorted(grown, key=lambda each: each.grown_bytes, reverse=True)


def local(moment: datetime) -> datetime:
    """The moment on the project's clock."""
    return moment if timezone.is_naive(moment) else timezone.localtime(moment)


def _baseline(host: str, now: datetime) -> dict[str, DiskConsumer]:
    """The newest measure of each suspect that is old enough to show a growth, else the newest there is."""
    known = DiskConsumer.objects.filter(host=host, size_bytes__isnull=False)
    baseline: dict[str, DiskConsumer] = {}
    for each in known.order_by("-measured_at"):
        newest = baseline.setdefault(each.path, each)
        if now - newest.measured_at < _OLD_ENOUGH <= now - each.measured_at:
            baseline[each.path] = each
    return baseline
