"""Deletes in the admin: one card a request, in the transaction that deletes."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from freeze_alerts import outbox
from freeze_alerts.alerts.answers import undo
from freeze_alerts.alerts.card import admin_url
from freeze_alerts.alerts.lifecycle import tell_or_spool
from freeze_alerts.alerts.models import Alert
from freeze_alerts.alerts.report import describe
from freeze_alerts.catalog import AlertType, Severity
from freeze_alerts.switchboard.door import door, own_door


@own_door
def on_rows_deleted(
    *, card: str, deletion_id: int, rows: int, is_loud: bool, title: str, text: str,
    fields: list[tuple[str, str, bool]], is_first: bool = False, **_: Any,
) -> None:  # fmt: skip
    report = describe(
        AlertType.ADMIN_DELETE, key=_key(card), title=title, text=text, fields=fields, value=rows,
        severity=Severity.HIGH if is_loud else None, link=admin_url("deletion_change", deletion_id),
    )  # fmt: skip
    tell_or_spool(report, is_first=is_first)


@door
def on_deletion_restored(*, card: str, by: str, text: str, everything: bool, **_: Any) -> None:
    undo(AlertType.ADMIN_DELETE, key=_key(card), because=f"restored by {by}" if everything else "", text=text)


@door
def on_deletion_forgotten(
    *, card: str, title: str, text: str, fields: list[tuple[str, str, bool]], **_: Any
) -> None:  # fmt: skip
    redraw(card, title=title, text=text, fields=fields)


def redraw(card: str, **said: Any) -> None:
    """Let the card of a deletion say something else, without counting anything."""
    report = describe(AlertType.ADMIN_DELETE, key=_key(card), **said)
    shown = {name: value for name, value in report.shown().items() if name != "last_seen_at"}
    alerts = Alert.objects.filter(type=AlertType.ADMIN_DELETE, key=report.key)
    if alerts.update(**shown, card_due_at=timezone.now()):
        outbox.ring_after_commit()


def _key(card: str) -> str:
    return f"deletion:{card}"
