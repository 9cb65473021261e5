"""Sentry as the judge: its spikes, and its silence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from freeze_alerts.alerts import open_alert, resolve_alert
from freeze_alerts.alerts.states import report_state
from freeze_alerts.catalog import AlertType, Severity, manage
from freeze_alerts.switchboard.door import door

_SPIKES = {
    "errors": (AlertType.ERROR_SPIKE, "errors:spike"),
    "payments": (AlertType.PAYMENT_SPIKE, "payments:spike"),
}
_SILENT, _UNREACHABLE = "sentry:silent", "sentry:unreachable"


@door
def on_sentry_judged(
    *, series: str, severity: Severity | None, text: str, count: int, link: str = "", **_: Any
) -> None:
    """Sentry has held it for as long as it wanted to already."""
    alert_type, key = _SPIKES[series]
    report_state(
        alert_type, key=key, severity=severity, held=severity, hold=timedelta(0), text=text, value=count, link=link
    )


@door
def on_sentry_heard(**_: Any) -> None:
    resolve_alert(AlertType.TROUBLE, key=_SILENT, reason="its webhooks come again")


@door
def on_sentry_missed(*, count: int, issues: Sequence[str], **_: Any) -> None:
    listed = ", ".join(issues)
    open_alert(
        AlertType.TROUBLE, key=_SILENT, title="Sentry’s webhooks are silent",
        text=f"Sentry has {count} issues of which no webhook told ({listed}). They have been told now; those to come "
        "are found by asking, every 15 minutes. Look at the integration’s page in Sentry.",
        command=manage("sentry_rules check"),
    )  # fmt: skip


@door
def on_sentry_unreachable(*, error: str, **_: Any) -> None:
    open_alert(
        AlertType.TROUBLE, key=_UNREACHABLE, title="Sentry can’t be asked",
        text=f"Nobody notices if its webhooks fall silent: {error}", command=manage("sentry_rules check"),
    )  # fmt: skip


@door
def on_sentry_asked(**_: Any) -> None:
    resolve_alert(AlertType.TROUBLE, key=_UNREACHABLE, reason="it answers again")
