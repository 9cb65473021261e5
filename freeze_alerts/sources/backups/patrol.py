"""One round every few minutes, by a process that makes no backups: is there one of each database that is young enough?

It believes the manifests and not the table alone: that is inside the dump, and goes back in time at a restore.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Min
from django.dispatch import Signal
from django.utils import timezone

from freeze_alerts import conf, signals
from freeze_alerts.sources.backups import freshness, history, manifest, monitor, words
from freeze_alerts.sources.backups.freshness import Freshness
from freeze_alerts.sources.backups.manifest import Directory

logger = logging.getLogger(__name__)


def patrol() -> list[Freshness]:
    """Look at every watched database and tell what was seen. Raises OSError where the directory can't be read."""
    watched = conf.current().backups
    found = manifest.read_all(watched.directory)
    history.agree_with(found)
    seen = [look(database, found, datetime.now(UTC)) for database in watched.databases]
    for each in seen:
        _tell_age(each, found)
    tell(signals.backups_checked, databases=list(watched.databases))
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


def tell(signal: Signal, **news: Any) -> None:
    """Send a signal; whoever fails to hear it is logged."""
    for receiver, answer in signal.send_robust(sender=Freshness, **news):
        if isinstance(answer, Exception):
            logger.error("%r failed when told of backups", receiver, exc_info=answer)


def _tell_age(seen: Freshness, found: Directory) -> None:
    kept = found.of(seen.database)
    newest = kept[0] if kept else None
    fields = [("Kept", str(len(kept)))]
    if newest:
        fields += [("Newest", f"{newest.name}, {words.size(newest.stored_bytes)}")]
    tell(
        signals.backup_age_judged, database=seen.database, severity=seen.severity,
        age_hours=seen.age / timedelta(hours=1), text=seen.sentence, fields=fields,
    )  # fmt: skip


def _watched_since() -> datetime | None:
    """When our first migration was applied: without any backup, the time counts from there."""
    ours = MigrationRecorder.Migration.objects.filter(app="freeze_alerts")
    since: datetime | None = ours.aggregate(since=Min("applied"))["since"]
    return timezone.make_aware(since) if since and not settings.USE_TZ else since
