"""Orders: payments that all fail, orders that are stuck, and orders that can't be read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from freeze_alerts.alerts import open_alert, resolve_alert
from freeze_alerts.alerts.states import end_unwatched, report_state
from freeze_alerts.catalog import AlertType, Severity, manage
from freeze_alerts.switchboard.door import door

_TYPES = {"failing": AlertType.PAYMENTS_FAILING, "stuck": AlertType.PAYMENTS_STUCK}
_KEY = "orders"
_UNREADABLE = "unreadable:orders"


@door
def on_orders_judged(
    *, condition: str, severity: Severity | None, held: Severity | None, text: str,
    fields: list[tuple[str, str]], value: float, **_: Any,
) -> None:  # fmt: skip
    report_state(
        _TYPES[condition], key=_KEY, severity=severity, held=held, hold=timedelta(0), text=text, fields=fields,
        value=value,
    )  # fmt: skip


@door
def on_orders_checked(**_: Any) -> None:
    for alert_type in _TYPES.values():
        end_unwatched(alert_type)
    resolve_alert(AlertType.TROUBLE, key=_UNREADABLE, reason="they can be read again, or are no longer watched")


@door
def on_orders_unreadable(*, error: str, **_: Any) -> None:
    open_alert(
        AlertType.TROUBLE, key=_UNREADABLE, title="orders can't be read",
        text=f"Nobody is watching whether payments fail or orders are stuck: {error}",
        command=manage("check_payments"),
    )  # fmt: skip
