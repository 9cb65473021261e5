"""How full each disk of each host was when somebody last looked, and whether somebody still looks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import router
from django.db.models import Max, QuerySet

from freeze_alerts import conf
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType
from freeze_alerts.sources.disk.models import DiskSample
from freeze_alerts.watch.health_checks.check import Check, State, seconds_between

SILENT_AFTER_SECONDS = 900.0
"""Three missed readings."""
RETIRED_AFTER = timedelta(days=1)
"""A disk this much quieter than the others is watched no longer; when all fall silent, none is."""
NEWER_BY = timedelta(minutes=1)
"""What an alert and the sample of the same pass never lie apart."""


@dataclass(frozen=True)
class Seen:
    """A disk as it was last seen. ``alert_since`` is since when its open alert, if any, is as bad as it is."""

    name: str
    at: datetime
    percent: float | None
    alert_since: datetime | None = None


def disks(now: datetime) -> list[Check]:
    """Each disk's newest news. One too full for samples to be written is known by its open alert."""
    settings = conf.current().disk
    return [judge(each, settings, now) for each in still_watched(_merged(_samples(), _open_alerts()))]


def judge(seen: Seen, settings: conf.Disk, now: datetime) -> Check:
    """Silence outweighs the last reading; else the ladder of the settings, critical and emergency being one."""
    age_seconds = seconds_between(seen.at, now)
    if age_seconds > SILENT_AFTER_SECONDS:
        return Check(
            seen.name, State.CRITICAL, age_seconds, "s", SILENT_AFTER_SECONDS, since=seen.at, age_seconds=age_seconds
        )
    state, line = State.OK, settings.warning_percent
    if seen.percent is None or seen.percent > settings.critical_percent:
        state, line = State.CRITICAL, settings.critical_percent
    elif seen.percent > settings.warning_percent:
        state = State.WARNING
    since = None if state is State.OK else seen.alert_since
    return Check(seen.name, state, seen.percent, "%", line, since=since, age_seconds=age_seconds)


def still_watched(seen: Iterable[Seen]) -> list[Seen]:
    """Without the retired ones, by name."""
    known = list(seen)
    newest = max((each.at for each in known), default=None)
    return sorted((each for each in known if newest and newest - each.at <= RETIRED_AFTER), key=lambda each: each.name)


def _merged(samples: Iterable[Seen], alerts: Iterable[Seen]) -> list[Seen]:
    """One for each disk: the sample, unless the alert has been seen well after it."""
    found = {each.name: each for each in samples}
    for alert in alerts:
        sample = found.get(alert.name)
        if sample is None or alert.at - sample.at > NEWER_BY:
            found[alert.name] = alert
        else:
            found[alert.name] = Seen(sample.name, sample.at, sample.percent, alert.alert_since)
    return list(found.values())


def _samples() -> list[Seen]:
    rows: QuerySet[DiskSample] = DiskSample.objects.using(router.db_for_write(DiskSample)).order_by()
    newest = rows.values("host", "device").annotate(newest=Max("pk")).values("newest")
    return [Seen(f"disk:{each.host}:{each.device}", each.at, _percent(each)) for each in rows.filter(pk__in=newest)]


def _open_alerts() -> list[Seen]:
    rows = Alert.objects.filter(type=AlertType.DISK_SPACE, open_key__isnull=False).order_by()
    found = rows.values_list("key", "last_seen_at", "peak_value", "raised_at")
    return [Seen(*each) for each in found]


def _percent(sample: DiskSample) -> float:
    """The worse of bytes and inodes, each of what can be used at all."""
    inodes = 0.0
    if sample.inodes_used is not None and sample.inodes_total:
        inodes = 100 * sample.inodes_used / sample.inodes_total
    usable = sample.used_bytes + sample.free_bytes
    return max(100 * sample.used_bytes / usable if usable else 0.0, inodes)
