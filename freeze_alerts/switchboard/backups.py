"""Backups: one that failed, and what ends that; none for too long; the day's card. Each try is kept in the table."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from freeze_alerts.alerts import open_alert, resolve_alert
from freeze_alerts.alerts.models import Alert
from freeze_alerts.alerts.states import end_unwatched, report_state
from freeze_alerts.catalog import AlertType, Severity
from freeze_alerts.sources.backups import history
from freeze_alerts.sources.backups.models import OURS, BackupRun
from freeze_alerts.sources.backups.trouble import scrubbed
from freeze_alerts.switchboard.door import door

APART = {"copy": "could not be copied", "proof": "was not proved", "restore": "was not restored",
         "cleanup": "could not be cleaned up"}  # fmt: skip
"""Stages that are not of the making."""
_LAST_LINES = 12
_LONGEST_ERROR = 1500


@door
def on_backup_failed(
    *, database: str, stage: str, error: str, name: str = "", signal_name: str = "", task_id: str = "",
    untouched: str = "", made_by: str = "", **_: Any,
) -> None:  # fmt: skip
    told = _tail(scrubbed(error)) or "It said nothing."
    fields = [
        ("Database", database), ("Stage", stage), ("Backup", name), ("Ended by", signal_name), ("Task", task_id),
        ("Made by", made_by),
    ]  # fmt: skip
    open_alert(
        AlertType.BACKUP_FAILED, key=_key(database, stage),
        title=f"the backup of {database} {APART.get(stage, 'failed')}",
        text="\n".join(filter(None, (told, untouched))),
        fields=[each for each in fields if each[1] and each[1] != OURS],
    )  # fmt: skip
    if stage not in APART:
        history.remember(
            history.number(name if made_by == OURS else ""), database=database, state=BackupRun.State.FAILED,
            made_by=made_by, name=name, at=timezone.now(), stage=stage, error=told, task_id=task_id,
        )  # fmt: skip


@door
def on_backup_made(
    *, database: str, name: str = "", snapshot_at: datetime | None = None, duration_seconds: float | None = None,
    stored_bytes: int | None = None, task_id: str = "", made_by: str = "", **_: Any,
) -> None:  # fmt: skip
    resolve_alert(AlertType.BACKUP_FAILED, key=_key(database, "dump"), reason="the next backup was made")
    history.remember(
        history.number(name) if made_by == OURS else uuid.uuid4(), database=database, made_by=made_by, name=name,
        state=BackupRun.State.COMPLETE, at=history.stored(snapshot_at) if snapshot_at else timezone.now(),
        seconds=duration_seconds, size_bytes=stored_bytes, task_id=task_id,
    )  # fmt: skip


@door
def on_backup_copied(*, database: str, **_: Any) -> None:
    resolve_alert(AlertType.BACKUP_FAILED, key=_key(database, "copy"), reason="a copy was made")


@door
def on_backup_verified(*, database: str, **_: Any) -> None:
    resolve_alert(AlertType.BACKUP_FAILED, key=_key(database, "proof"), reason="a backup was proved")


@door
def on_backup_restored(*, database: str, **_: Any) -> None:
    resolve_alert(AlertType.BACKUP_FAILED, key=_key(database, "restore"), reason="a backup was restored")


@door
def on_backup_age_judged(
    *, database: str, severity: Severity | None, age_hours: float, text: str, fields: list[tuple[str, str]], **_: Any
) -> None:
    report_state(
        AlertType.BACKUP_MISSED, key=f"backup-age:{database}", severity=severity, held=severity, hold=timedelta(0),
        title=f"no new backup of {database}", text=text,
        fields=[("Database", database), *fields], value=age_hours,
    )  # fmt: skip


@door
def on_backups_cleaned(*, database: str, **_: Any) -> None:
    resolve_alert(AlertType.BACKUP_FAILED, key=_key(database, "cleanup"), reason="the next cleaning up went well")


@door
def on_backups_checked(**_: Any) -> None:
    end_unwatched(AlertType.BACKUP_MISSED)


@door
def on_backups_summarized(*, day: date, title: str, text: str, fields: list[tuple[str, str]], **_: Any) -> None:
    key = f"backups:{day.isoformat()}"
    if not Alert.objects.filter(type=AlertType.BACKUP_SUMMARY, key=key).exists():
        open_alert(AlertType.BACKUP_SUMMARY, key=key, title=title, text=text, fields=fields)


def _key(database: str, stage: str) -> str:
    return f"backup:{database}:{stage}" if stage in APART else f"backup:{database}"


def _tail(said: str) -> str:
    """The last lines: that is where a tool says what went wrong."""
    return "\n".join(said.splitlines()[-_LAST_LINES:])[-_LONGEST_ERROR:]
