"""Backups: one that failed, and what ends that."""

from __future__ import annotations

from typing import Any

from freeze_alerts.alerts import open_alert, resolve_alert
from freeze_alerts.catalog import AlertType
from freeze_alerts.switchboard.door import door

_APART = {"copy": "could not be copied", "proof": "was not proved", "restore": "was not restored"}


@door
def on_backup_failed(
    *, database: str, stage: str, error: str, name: str = "", signal_name: str = "", task_id: str = "",
    untouched: str = "", **_: Any,
) -> None:  # fmt: skip
    fields = [("Stage", stage), ("Backup", name), ("Ended by", signal_name), ("Task", task_id)]
    open_alert(
        AlertType.BACKUP_FAILED, key=_key(database, stage),
        title=f"the backup of {database} {_APART.get(stage, 'failed')}",
        text="\n".join(filter(None, (error, untouched))), fields=[each for each in fields if each[1]],
    )  # fmt: skip


@door
def on_backup_made(*, database: str, **_: Any) -> None:
    resolve_alert(AlertType.BACKUP_FAILED, key=_key(database, "dump"), reason="the next backup was made")


@door
def on_backup_copied(*, database: str, **_: Any) -> None:
    resolve_alert(AlertType.BACKUP_FAILED, key=_key(database, "copy"), reason="a copy was made")


@door
def on_backup_verified(*, database: str, **_: Any) -> None:
    resolve_alert(AlertType.BACKUP_FAILED, key=_key(database, "proof"), reason="a backup was proved")


def _key(database: str, stage: str) -> str:
    return f"backup:{database}:{stage}" if stage in _APART else f"backup:{database}"
