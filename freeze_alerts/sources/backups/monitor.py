"""How the backups are doing, in numbers: for the runbook's one-liner, a dashboard, the daily card."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Max, Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from freeze_alerts import conf, signals
from freeze_alerts.sources.backups import history, manifest
from freeze_alerts.sources.backups.manifest import Directory, Manifest
from freeze_alerts.sources.backups.models import OURS, BackupRun

RATE_OVER = timedelta(days=30)
_COMPARED_WITH = 7


@dataclass(frozen=True)
class Metrics:
    """What is known of the backups of one database, or of all. Times have their zone; None is "never", or not known.

    ``success_rate``: percent of the tries of the last 30 days; ``total_backups``: all that were ever complete;
    ``kept``: those that are there now; ``size_trend_percent``: the newest against the median of the seven before.
    """

    success_rate: float | None
    total_backups: int
    last_backup_time: datetime | None = None
    kept: int = 0
    last_duration_seconds: float | None = None
    last_size_bytes: int | None = None
    size_trend_percent: float | None = None
    next_due: datetime | None = None
    last_verified: datetime | None = None
    oldest_kept: datetime | None = None


@dataclass(frozen=True)
class _Made:
    """One complete backup, whoever made it."""

    at: datetime
    seconds: float | None
    size_bytes: int | None
    verified_at: datetime | None = None


@dataclass(frozen=True)
class _Counted:
    """What the table knows of the tries of a database."""

    tries: int = 0
    failures: int = 0
    complete: int = 0

    def __add__(self, other: _Counted) -> _Counted:
        tries, failures = self.tries + other.tries, self.failures + other.failures
        return _Counted(tries, failures, self.complete + other.complete)

    @property
    def success_rate(self) -> float | None:
        return round(100 * (self.tries - self.failures) / self.tries, 1) if self.tries else None


class BackupMonitor:
    """Reads the manifests, which are the truth of our own backups, and the table for what they can't know.

    A database that is away costs the rate and the total; a cache is not used at all.
    """

    def get_metrics(self) -> dict[str, Any]:
        """The numbers of all databases together, and under ``databases`` those of each. Two queries."""
        found, counted, others = _directory(), _counted(), _by_others()
        aliases = list(dict.fromkeys([*conf.current().backups.databases, *others]))
        made = {alias: [*map(_of_ours, found.of(alias)), *others.get(alias, [])] for alias in aliases}
        each = {alias: asdict(_metrics(made[alias], counted.get(alias, _Counted()))) for alias in aliases}
        total = _metrics(
            [one for some in made.values() for one in some], sum(counted.values(), _Counted()), trend=len(made) == 1
        )
        dues = [one["next_due"] for one in each.values() if one["next_due"]]
        return {**asdict(total), "next_due": min(dues, default=None), "databases": each}

    def record_success(
        self, database: str = "default", *, name: str = "", at: datetime | None = None,
        seconds: float | None = None, size_bytes: int | None = None, made_by: str = "",
    ) -> None:  # fmt: skip
        """A backup was made by somebody else. Ends the alert of a failed one, and counts for the age of the newest."""
        signals.backup_made.send_robust(
            sender=BackupMonitor, database=database, name=name, snapshot_at=at or timezone.now(),
            duration_seconds=seconds, stored_bytes=size_bytes, task_id="", made_by=made_by,
        )  # fmt: skip

    def record_failure(
        self, database: str = "default", *, error: str = "", stage: str = "dump", made_by: str = ""
    ) -> None:
        """Somebody else's backup failed: it is told like one of ours."""
        signals.backup_failed.send_robust(
            sender=BackupMonitor, database=database, stage=stage, error=error, signal_name="", task_id="",
            untouched="", name="", made_by=made_by,
        )  # fmt: skip


def newest_at(database: str, found: Directory, now: datetime) -> datetime | None:
    """The snapshot of the newest complete backup, ours or another's; one from the future does not count."""
    theirs = history.attempt("look up backups made by others", lambda: _newest_of_others(database))
    moments = [each.snapshot_at for each in found.of(database)] + ([_aware(theirs)] if theirs else [])
    return max((each for each in moments if each <= now), default=None)


def _directory() -> Directory:
    try:
        return manifest.read_all(conf.current().backups.directory)
    except OSError:
        return Directory()  # numbers only; that it can't be read is for the check to tell


def _counted() -> dict[str, _Counted]:
    """By database: tries and failures of the last 30 days, and all that were ever complete. One query."""
    recent = Q(at__gte=timezone.now() - RATE_OVER)
    done, failed = Q(state=BackupRun.State.COMPLETE), Q(state=BackupRun.State.FAILED)
    asked = BackupRun.objects.order_by().values_list("database").annotate(
        tries=Count("pk", filter=recent & (done | failed)),
        failures=Count("pk", filter=recent & failed),
        complete=Count("pk", filter=done),
    )  # fmt: skip
    rows = history.attempt("count the backups", lambda: list(asked)) or []
    return {database: _Counted(*counts) for database, *counts in rows}


def _by_others() -> dict[str, list[_Made]]:
    """By database, the last few backups that others made. One query."""
    newest_first = Window(RowNumber(), partition_by="database", order_by=F("at").desc())
    asked = _of_others().annotate(place=newest_first).filter(place__lte=_COMPARED_WITH + 1)
    made: dict[str, list[_Made]] = {}
    for row in history.attempt("look up backups made by others", lambda: list(asked)) or []:
        made.setdefault(row.database, []).append(_Made(_aware(row.at), row.seconds, row.size_bytes))
    return made


def _of_others() -> Any:
    return BackupRun.objects.filter(state=BackupRun.State.COMPLETE, deleted_at=None).exclude(made_by=OURS)


def _newest_of_others(database: str) -> datetime | None:
    newest: datetime | None = _of_others().filter(database=database).aggregate(newest=Max("at"))["newest"]
    return newest


def _of_ours(backup: Manifest) -> _Made:
    seconds = backup.duration.total_seconds()
    return _Made(backup.snapshot_at, seconds, backup.stored_bytes, backup.verified_at)


def _metrics(made: Iterable[_Made], counted: _Counted, *, trend: bool = True) -> Metrics:
    newest_first = sorted(made, key=lambda each: each.at, reverse=True)
    if not newest_first:
        return Metrics(success_rate=counted.success_rate, total_backups=counted.complete)
    newest = newest_first[0]
    return Metrics(
        last_backup_time=newest.at,
        success_rate=counted.success_rate,
        total_backups=max(counted.complete, len(newest_first)),
        kept=len(newest_first),
        last_duration_seconds=newest.seconds,
        last_size_bytes=newest.size_bytes,
        size_trend_percent=size_trend_percent([each.size_bytes for each in newest_first]) if trend else None,
        next_due=newest.at + timedelta(hours=conf.current().backups.every_hours),
        last_verified=max((each.verified_at for each in newest_first if each.verified_at), default=None),
        oldest_kept=newest_first[-1].at,
    )


def size_trend_percent(sizes: Sequence[int | None]) -> float | None:
    """By how much the newest differs from the median of up to seven before it.

    >>> size_trend_percent([110, 100, 90, 110])
    10.0
    """
    from statistics import median  # late, and heavy

    newest, *earlier = [size for size in sizes if size is not None][: _COMPARED_WITH + 1] or [0]
    usual = median(earlier) if earlier else 0
    return round(100 * (newest - usual) / usual, 1) if usual else None


def _aware(moment: datetime) -> datetime:
    return moment if settings.USE_TZ else timezone.make_aware(moment)
