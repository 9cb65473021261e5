"""Errors and payments: issues found and back again, spikes, and errors that can't be written down."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import DatabaseError
from django.utils import timezone

from freeze_alerts import conf
from freeze_alerts.alerts import open_alert, resolve_alert
from freeze_alerts.alerts.emergency import tell_outage
from freeze_alerts.alerts.models import Alert
from freeze_alerts.alerts.states import report_state
from freeze_alerts.catalog import AlertType, Severity, manage
from freeze_alerts.switchboard.door import door

ERROR_SPIKE_KEY, PAYMENT_SPIKE_KEY = "errors:spike", "payments:spike"
_SPIKES = {
    "errors": (AlertType.ERROR_SPIKE, ERROR_SPIKE_KEY),
    "payments": (AlertType.PAYMENT_SPIKE, PAYMENT_SPIKE_KEY),
}
_STILL_WATCHED = timedelta(minutes=3)

Fields = list[tuple[str, str]]


@door
def on_issue_found(
    *, key: str, title: str, text: str, fields: Fields, release: str = "", link: str = "",
    new_within_5_minutes: int = 1, **_: Any,
) -> None:  # fmt: skip
    if new_within_5_minutes > conf.current().errors.new_issues_fold_above:
        _open_digest(new_within_5_minutes, title, fields, release)
    elif not _critical_spike_stands():
        open_alert(AlertType.NEW_ISSUE, key=key, title=title, text=text, fields=fields, release=release, link=link)


@door
def on_issue_regressed(
    *, key: str, title: str, text: str, fields: Fields, release: str = "", link: str = "", **_: Any
) -> None:
    open_alert(AlertType.REGRESSION, key=key, title=title, text=text, fields=fields, release=release, link=link)


@door
def on_payment_failed(
    *, key: str, title: str, text: str, fields: Fields, release: str = "", link: str = "", news: str = "", **_: Any
) -> None:
    if news:
        fields = [("News", {"new": "a new issue", "regression": "it was resolved, and is back"}[news]), *fields]
    open_alert(AlertType.PAYMENT_ERROR, key=key, title=title, text=text, fields=fields, release=release, link=link)


@door
def on_issue_resolved(*, key: str, by: str, reason: str, **_: Any) -> None:
    for alert_type in (AlertType.NEW_ISSUE, AlertType.REGRESSION, AlertType.PAYMENT_ERROR):
        resolve_alert(alert_type, key=key, by=by, reason=f"the issue is {reason}")


@door
def on_errors_judged(
    *, series: str, count: int, severity: Severity | None, held: Severity | None, text: str, fields: Fields, **_: Any
) -> None:
    alert_type, key = _SPIKES[series]
    hold = timedelta(minutes=conf.current().errors.hold_minutes)
    report_state(alert_type, key=key, severity=severity, held=held, hold=hold, text=text, fields=fields, value=count)


@door
def on_errors_dropped(*, host: str, count: int, **_: Any) -> None:
    open_alert(
        AlertType.TROUBLE, key=f"errors:dropped:{host}", host=host,
        title=f"too many kinds of errors at once on {host}",
        text=f"{count:,} errors are part of the counts, but of no issue: a process met more kinds than it keeps.",
        command=manage("issues list"),
    )  # fmt: skip


@door
def on_errors_unbooked(*, error: Exception, waiting: int, **_: Any) -> None:
    if isinstance(error, DatabaseError):
        tell_outage(error)


def _critical_spike_stands() -> bool:
    """Whether a critical spike is being told of, and is not over already: then a new issue is part of it."""
    standing = Alert.objects.filter(
        open_key=f"{AlertType.ERROR_SPIKE}|{ERROR_SPIKE_KEY}", severity__in=[Severity.CRITICAL, Severity.EMERGENCY],
        clear_since=None, last_seen_at__gte=timezone.now() - _STILL_WATCHED,
    )  # fmt: skip
    return standing.exists()


def _open_digest(count: int, title: str, fields: Fields, release: str) -> None:
    """One card an hour for all that are more than one can look at one by one."""
    open_alert(
        AlertType.NEW_ISSUE, key=f"issues:{timezone.now():%Y-%m-%dT%H}", title="many new issues at once",
        text=f"{count:,} new issues within 5 minutes; told one by one no longer. The newest: {title}",
        fields=fields, release=release, command=manage("issues list"),
    )  # fmt: skip
