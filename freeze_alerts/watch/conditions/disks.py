"""Do the disks have room, and does anybody look?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone

from freeze_alerts import conf
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType, Severity
from freeze_alerts.sources.disk.models import DiskSample
from freeze_alerts.watch.health import Condition, State

LOOK_BACK = timedelta(hours=1)
SILENT_AFTER = timedelta(minutes=20)
"""Four intervals of ``check_disk``."""


def disks() -> Iterable[Condition]:
    """Each disk that was read within the hour, or has an alert: one that is nearly full gets no more samples."""
    now = timezone.now()
    recent = DiskSample.objects.filter(at__gte=now - LOOK_BACK).order_by("at")
    samples = {f"disk:{each.host}:{each.device}": each for each in recent}
    alerts = {each.key: each for each in Alert.objects.filter(type=AlertType.DISK_SPACE).exclude(open_key=None)}
    for key, alert in sorted(alerts.items()):
        yield _alarmed(alert, samples.pop(key, None))
    for _, sample in sorted(samples.items()):
        yield _calm(sample, now)
    if not samples and not alerts:
        last = DiskSample.objects.order_by("-at").values_list("at", flat=True).first()
        yield Condition("disks", State.UNKNOWN if last is None else State.WARNING, at=last)


def _alarmed(alert: Alert, sample: DiskSample | None) -> Condition:
    """Critical only in an emergency: until then the site can serve."""
    return Condition(
        f"disk {alert.title}",
        State.CRITICAL if alert.level >= Severity.EMERGENCY else State.WARNING,
        value=_used_percent(sample) if sample else alert.peak_value,
        unit="percent",
        threshold=conf.current().disk.emergency_percent,
        since=alert.opened_at,
        at=max(alert.last_seen_at, sample.at) if sample else alert.last_seen_at,
    )


def _calm(sample: DiskSample, now: datetime) -> Condition:
    silent = now - sample.at > SILENT_AFTER
    return Condition(
        _name(sample),
        State.WARNING if silent else State.OK,
        value=_used_percent(sample),
        unit="percent",
        threshold=conf.current().disk.warning_percent,
        since=sample.at if silent else None,
        at=sample.at,
    )


def _name(sample: DiskSample) -> str:
    return f"disk {sample.path} on {sample.host}"


def _used_percent(sample: DiskSample) -> float | None:
    """The worse of bytes and inodes, as the ladder counts."""
    usable = sample.used_bytes + sample.free_bytes
    shares = [sample.used_bytes / usable] if usable else []
    if sample.inodes_total and sample.inodes_used is not None:
        shares.append(sample.inodes_used / sample.inodes_total)
    return round(100 * max(shares), 1) if shares else None
