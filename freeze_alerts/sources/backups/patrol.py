"""One round every few minutes, by a process that makes no backups: is there one of each database that is young enough?

It believes the manifests and not the table alone: that is inside the dump, and goes back in time at a restore.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Min
from django.utils import timezone

from freeze_alerts import conf, signals
from freeze_alerts.sources.backups import freshness, history, manifest, monitor, others, sweeping, tell, words
from freeze_alerts.sources.backups.freshness import Freshness
from freeze_alerts.sources.backups.manifest import Directory


def patrol() -> list[Freshness]:
    """Look at every watched database and tell what was seen; then tell of runs that died."""
    watched = conf.current().backups
    try:
        found = manifest.read_all(watched.directory)
    except OSError as problem:
        seen = [
            _unseen(database, f"{watched.directory} can't be read: {problem.strerror}")
            for database in watched.databases
        ]
        found = Directory()
    else:
        history.agree_with(found)
        seen = [look(database, found, datetime.now(UTC)) for database in watched.databases]
    for each in seen:
        _tell_age(each, found)
    tell.tell(signals.backups_checked, databases=list(watched.databases))
    others.tell_the_dead()
    sweeping.tell_the_dead(watched.directory)
    return seen


def look(database: str, found: Directory, now: datetime) -> Freshness:
    """Is the newest complete backup of this database young enough, whoever made it? Tells nobody."""
    watched = conf.current().backups
    return freshness.judge(
        database,
        monitor.newest_at(database, found, now),
        watched_since=history.attempt("look up since when backups are watched", _watched_since),
        stale_after=timedelta(hours=watched.stale_after_hours),
        now=now,
    )


def _unseen(database: str, why: str) -> Freshness:
    """What can't be seen is not there, until it can."""
    return Freshness(
        database, None, timedelta(0), True, f"Nobody can tell whether there is a backup of {database}: {why}."
    )


def _tell_age(seen: Freshness, found: Directory) -> None:
    kept = found.of(seen.database)
    newest = kept[0] if kept else None
    fields = [("Kept", str(len(kept)))]
    if newest:
        fields += [("Newest", f"{newest.name}, {words.size(newest.stored_bytes)}")]
    tell.tell(
        signals.backup_age_judged, database=seen.database, severity=seen.severity,
        age_hours=seen.age / timedelta(hours=1), text=seen.sentence, fields=fields,
    )  # fmt: skip


def _watched_since() -> datetime | None:
    """When our first migration was applied: without any backup, the time counts from there."""
    ours = MigrationRecorder.Migration.objects.filter(app="freeze_alerts")
    since: datetime | None = ours.aggregate(since=Min("applied"))["since"]
    return timezone.make_aware(since) if since and not settings.USE_TZ else since
