"""Is there a backup that is young enough? From the table, which a look every five minutes brings in line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Max
from django.utils import timezone

from freeze_alerts import conf
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType
from freeze_alerts.sources.backups.models import BackupRun
from freeze_alerts.watch.health import Condition, State

_HOUR = timedelta(hours=1)


def backups() -> Iterable[Condition]:
    """Each watched database. Never critical: the site serves all the same."""
    watched, now = conf.current().backups, timezone.now()
    complete = BackupRun.objects.filter(state=BackupRun.State.COMPLETE, deleted_at=None, at__lte=now)
    newest = dict(complete.order_by().values_list("database").annotate(newest=Max("at")))
    missed = Alert.objects.filter(type=AlertType.BACKUP_MISSED).exclude(open_key=None)
    since = dict(missed.values_list("key", "opened_at"))
    for database in watched.databases:
        yield _judged(database, newest.get(database), since.get(f"backup-age:{database}"), now)


def _judged(database: str, newest: datetime | None, missed_since: datetime | None, now: datetime) -> Condition:
    limit = conf.current().backups.stale_after_hours
    age = (now - newest) / _HOUR if newest else None
    if missed_since or (age is not None and age > limit):
        state = State.WARNING
    else:
        state = State.UNKNOWN if age is None else State.OK
    return Condition(
        f"backup {database}", state, value=None if age is None else round(age, 1), unit="hours", threshold=limit,
        since=missed_since, at=newest,
    )  # fmt: skip
