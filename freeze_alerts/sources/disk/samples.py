"""The samples of a disk: written at each pass, read by the forecast, forgotten after 30 days."""

from __future__ import annotations

from datetime import datetime, timedelta

from freeze_alerts.sources.disk.forecast import Sample
from freeze_alerts.sources.disk.models import DiskSample
from freeze_alerts.sources.disk.reading import Reading

KEEP = timedelta(days=30)
STOP_AT_PERCENT = 95
"""From here on the last bytes belong to the shop, not to our samples."""


def store(reading: Reading) -> None:
    """Write the reading down, unless the disk is nearly full. The first sample of an hour sweeps out the old."""
    if reading.worst_percent >= STOP_AT_PERCENT:
        return
    previous = latest(reading.host, reading.device)
    DiskSample.objects.create(
        host=reading.host,
        device=reading.device,
        path=reading.path,
        at=reading.read_at,
        used_bytes=reading.used_bytes,
        free_bytes=reading.free_bytes,
        total_bytes=reading.total_bytes,
        inodes_used=reading.inodes_used,
        inodes_total=None if reading.inodes_used is None else reading.inodes_used + (reading.inodes_free or 0),
    )
    if previous is None or _hour(previous.at) != _hour(reading.read_at):
        DiskSample.objects.filter(at__lt=reading.read_at - KEEP).delete()


def latest(host: str, device: str) -> DiskSample | None:
    return DiskSample.objects.filter(host=host, device=device).order_by("-at").first()


def since(host: str, device: str, start: datetime) -> list[Sample]:
    """Every sample of one disk from ``start`` on, oldest first."""
    rows = DiskSample.objects.filter(host=host, device=device, at__gte=start).order_by("at")
    return list(rows.values_list("at", "used_bytes"))


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
