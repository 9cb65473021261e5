"""The findings of backup alerts: what the runbook would have you look at first, looked at."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from django.apps import apps
from django.utils import timezone

from freeze_alerts import conf
from freeze_alerts.diagnosis.budget import Skip, Step
from freeze_alerts.sources.backups import connection, freshness, keeping, manifest, running, words
from freeze_alerts.sources.backups.models import BackupRun

_LIMIT_SECONDS = 5.0
_LAST_RUNS = 5
_ALIVE_WITHIN = timedelta(minutes=7)
"""The canary leaves every five minutes."""


class BackupAlert(Protocol):
    """What is asked of an alert; ``fields`` are pairs of name and value."""

    @property
    def fields(self) -> Iterable[tuple[str, str]]: ...


def failed(alert: BackupAlert) -> list[Step]:
    """The steps for a backup that failed: is there room, is there a database, what is there, when is the next try?"""
    database = _database(alert)
    directory = conf.current().backups.directory
    return [
        _step(f"df -h {directory}", _room),
        _step(f"Database {database}", lambda: _reached(database)),
        _step("Last good backup", lambda: _last_good(database)),
        _step("Next try", lambda: _next_try(database)),
    ]


def missed(alert: BackupAlert) -> list[Step]:
    """The steps where none was made for too long: who should have made it, and what became of the last ones?"""
    database = _database(alert)
    return [
        _step("Celery Beat", lambda: _sign_of_life("beat")),
        _step("A worker", lambda: _sign_of_life("canary")),
        _step("The broker", lambda: _sign_of_life("broker")),
        _step("Last good backup", lambda: _last_good(database)),
        _step("Last runs", lambda: _last_runs(database)),
    ]


def _step(name: str, run: Callable[[], str]) -> Step:
    return Step(name, run, _LIMIT_SECONDS)


def _database(alert: BackupAlert) -> str:
    shown = {name: value for name, value, *_ in alert.fields}
    return shown.get("Database", "default")


def _room() -> str:
    directory = conf.current().backups.directory.absolute()
    free = shutil.disk_usage(next(each for each in (directory, *directory.parents) if each.exists())).free
    known = manifest.read_all(directory).backups
    last = f"; the newest backup has {words.size(known[0].stored_bytes)}" if known else ""
    return f"{words.size(free)} free{last}"


def _reached(database: str) -> str:
    begun = time.monotonic()
    with connection.opened(database) as own, own.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return f"answers, after {1000 * (time.monotonic() - begun):.0f} ms"


def _last_good(database: str) -> str:
    known = manifest.read_all(conf.current().backups.directory).of(database)
    if not known:
        return f"none of {database} in {conf.current().backups.directory}"
    newest = known[0]
    age = freshness.in_words(datetime.now(UTC) - newest.snapshot_at)
    proved = f"proved {words.moment(newest.verified_at)}" if newest.verified_at else "not proved yet"
    return f"{newest.name}\n{age} old, {words.size(newest.stored_bytes)}, {newest.total_rows:,} rows, {proved}"


def _next_try(database: str) -> str:
    """A failure that may pass is tried once more by Celery; whatever happens, the next regular one comes."""
    for note in running.read_notes(conf.current().backups.directory):
        if note.alias == database:
            return f"one is being made since {words.moment(note.started_at)}"
    due = keeping.next_due(database)
    if due <= datetime.now(UTC):
        return "is due now: Celery's next turn makes it, if Beat and a worker are alive"
    return f"the next regular one is due at {words.moment(due)}; Celery tries a failure that may pass once more before"


def _sign_of_life(name: str) -> str:
    """From what was stored of late: to ask a broker that hangs would hang too."""
    try:
        heart: Any = apps.get_model("freeze_alerts", "Heartbeat").objects.filter(name=name).first()
    except LookupError:
        heart = None
    if heart is None or heart.at is None:
        raise Skip("never seen: it is not used, or not watched yet")
    silent = timezone.now() - heart.at
    seen = f"{freshness.in_words(silent)} ago"
    if heart.failures:
        return f"DOES NOT ANSWER ({heart.detail}); it last did {seen}"
    if silent > _ALIVE_WITHIN:
        return f"SILENT: last seen {seen}"
    return f"alive {seen}"


def _last_runs(database: str) -> str:
    rows = BackupRun.objects.filter(database=database).order_by("-at")[:_LAST_RUNS]
    lines = [f"{words.moment(_aware(row.at))} {row.state}{_why(row)}" for row in rows]
    if not lines:
        raise Skip("none was ever told of")
    return "\n".join(lines)


def _why(row: BackupRun) -> str:
    if row.state != BackupRun.State.FAILED:
        return f", {words.size(row.size_bytes)}" if row.size_bytes is not None else ""
    last = row.error.strip().splitlines()[-1:] or [""]
    return f" ({row.stage}): {last[0][:120]}"


def _aware(moment: datetime) -> datetime:
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
