"""Making backups as a door does: when they are due, cleaned up after, and proved now and then."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connections
from django.db.models import Max
from django.utils import timezone

from freeze_alerts import conf
from freeze_alerts.sources.backups import cleanup, history, manifest, pipeline, verify
from freeze_alerts.sources.backups.manifest import Directory, Manifest
from freeze_alerts.sources.backups.models import OURS, BackupRun
from freeze_alerts.sources.backups.pipeline import Failed, Made, Outcome
from freeze_alerts.sources.backups.stream import Progress

logger = logging.getLogger(__name__)

_THREAD = "freeze-alerts backup"
_NOT_LATE = timedelta(minutes=1)
"""What is due within a minute is made now, and not at the next tick."""
_tried: dict[str, datetime] = {}
"""When this process last tried: for a database that can't be asked."""


def make(database: str, *, task_id: str = "", progress: Progress | None = None) -> Outcome:
    """Make one, and after a success let go what retention lets go. Never raises for a trouble of the backup."""
    _tried[database] = datetime.now(UTC)
    outcome = pipeline.make(database, task_id=task_id, progress=progress)
    if isinstance(outcome, Made):
        cleanup.clean(database)
    return outcome


def due() -> list[str]:
    """The watched databases of which the last try began ``EVERY_HOURS`` ago or longer. Raises OSError."""
    soon = datetime.now(UTC) + _NOT_LATE
    return [each for each in conf.current().backups.databases if next_due(each) <= soon]


def next_due(database: str) -> datetime:
    """When the next regular one is due; now, where none was ever tried. Raises OSError."""
    watched, now = conf.current().backups, datetime.now(UTC)
    last = _last_try(database, manifest.read_all(watched.directory), now)
    return last + timedelta(hours=watched.every_hours) if last else now


def make_all(databases: Sequence[str], *, task_id: str = "") -> list[Failed]:
    """Make a backup of each of these; gives those that failed."""
    outcomes = [make(database, task_id=task_id) for database in databases]
    return [each for each in outcomes if isinstance(each, Failed)]


def begin_due() -> None:
    """Begin to make whatever is due, in a thread of its own that the process waits for. Raises OSError.

    For a watchdog: no claim may last as long as a dump, since a process that is killed would keep it. Who makes
    backups is decided by their own lock.
    """
    if due() and _THREAD not in (each.name for each in threading.enumerate()):
        threading.Thread(target=_make_due, name=_THREAD).start()


def _make_due() -> None:
    try:
        make_all(due())
    except Exception:  # a thread's door: the next turn begins again
        logger.exception("what is due could not be backed up")
    finally:
        connections.close_all()


def clean_all() -> None:
    """Clean up each watched database."""
    for database in conf.current().backups.databases:
        cleanup.clean(database)


def read_back_all() -> bool:
    """Read the newest backup of each watched database to its end, and count its rows. False where there is none.

    Raises OSError.
    """
    found = list(_newest())
    for newest, directory in found:
        verify.read_back(newest, directory)
    return bool(found)


def drill_all() -> bool:
    """Restore each of them into a scratch database; read back where that can't be done here.

    False where there is none. Raises OSError.
    """
    found = list(_newest())
    for newest, directory in found:
        if verify.drill(newest, directory).outcome == manifest.PROOF_INCONCLUSIVE:
            verify.read_back(newest, directory)
    return bool(found)


def _newest() -> Iterator[tuple[Manifest, Path]]:
    watched = conf.current().backups
    found = manifest.read_all(watched.directory)
    for database in watched.databases:
        for newest in found.of(database)[:1]:
            yield newest, watched.directory


def _last_try(database: str, found: Directory, now: datetime) -> datetime | None:
    """The newest begin of a run that can be seen; one from the future is a clock that was wrong."""
    told = history.attempt("look up the last try", lambda: _last_told(database))
    moments = [each.started_at for each in found.of(database)] + [
        each for each in (told, _tried.get(database)) if each
    ]
    return max((each for each in moments if each <= now), default=None)


def _last_told(database: str) -> datetime | None:
    ours = BackupRun.objects.filter(database=database, made_by=OURS)
    told: datetime | None = ours.aggregate(last=Max("at"))["last"]
    return timezone.make_aware(told) if told and timezone.is_naive(told) else told
