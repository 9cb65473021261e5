"""Deletes in the admin: one card a request, in the transaction that deletes."""

from __future__ import annotations

from typing import Any

from freeze_alerts.alerts import open_alert
from freeze_alerts.alerts.answers import undo
from freeze_alerts.alerts.card import admin_url
from freeze_alerts.catalog import AlertType, Severity
from freeze_alerts.switchboard.door import door


@door
def on_rows_deleted(
    *, card: str, deletion_id: int, rows: int, is_loud: bool, title: str, text: str,
    fields: list[tuple[str, str, bool]], **_: Any,
) -> None:  # fmt: skip
    open_alert(
        AlertType.ADMIN_DELETE, key=f"deletion:{card}", title=title, text=text, fields=fields, value=rows,
        severity=Severity.HIGH if is_loud else None, link=admin_url("deletion_change", deletion_id),
    )  # fmt: skip


@door
def on_deletion_restored(*, card: str, by: str, text: str, everything: bool, **_: Any) -> None:
    undo(AlertType.ADMIN_DELETE, key=f"deletion:{card}", because=f"restored by {by}" if everything else "", text=text)
