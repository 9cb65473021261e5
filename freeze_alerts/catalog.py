"""The nine alert types, one for our own troubles, two for orders, and a quiet daily one: each in one row.

Channel, severity, answer-within, first command and anchor are the runbook's; code elsewhere asks
:func:`entry` and repeats none of it.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, StrEnum
from typing import Any

from freeze_alerts import conf


class Severity(StrEnum):
    """How bad it is; ordered, so ``Severity.HIGH > Severity.WARNING``."""

    INFO = "info"
    MEDIUM = "medium"
    WARNING = "warning"
    HIGH = "high"
    CRITICAL = "critical"
    EMERGENCY = "emergency"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)

    def __lt__(self, other: object) -> bool:
        return self.rank < Severity(str(other)).rank

    def __le__(self, other: object) -> bool:
        return self.rank <= Severity(str(other)).rank

    def __gt__(self, other: object) -> bool:
        return self.rank > Severity(str(other)).rank

    def __ge__(self, other: object) -> bool:
        return self.rank >= Severity(str(other)).rank


class AlertType(StrEnum):
    NEW_ISSUE = "errors.new_issue"
    REGRESSION = "errors.regression"
    ERROR_SPIKE = "errors.spike"
    PAYMENT_ERROR = "payments.error"
    PAYMENT_SPIKE = "payments.spike"
    BACKUP_FAILED = "backups.failed"
    BACKUP_MISSED = "backups.missed"
    DISK_SPACE = "disk.space"
    ADMIN_DELETE = "audit.delete"
    TROUBLE = "alerting.trouble"
    PAYMENTS_FAILING = "payments.failing"
    PAYMENTS_STUCK = "payments.stuck"
    BACKUP_SUMMARY = "backups.summary"


class Nature(Enum):
    STATE = "state"
    """A condition that holds: worsens, eases, and ends by itself."""
    FACT = "fact"
    """Something that happened: told once a key, ended by acknowledgement or a counter-fact."""
    RECORD = "record"
    """A fact that asks for no answer: told, and ended as it is told."""


@dataclass(frozen=True)
class Entry:
    """One alert type. ``answer_within`` None means the next business day."""

    value: str
    title: str
    channel: str
    severity: Severity
    answer_within: timedelta | None
    nature: Nature
    command: str
    anchor: str
    diagnosis: str = ""
    """Dotted path of the function that lists the first runbook steps for an alert of this type."""
    interval: timedelta | None = None
    """How often a state is judged; after three missed intervals its alert ends as no longer watched."""


class UnusableAlertType(conf.FreezeAlertsError, ValueError):
    """A row of FREEZE_ALERTS["ALERT_TYPES"] that makes no alert type."""


class UnknownAlertType(conf.FreezeAlertsError, LookupError):
    """No alert type of this name, neither ours nor in FREEZE_ALERTS["ALERT_TYPES"]."""


def _logs(tail: int, only: str = "") -> str:
    return f"docker compose logs backend --tail={tail}" + (f" | grep {only}" if only else "")


def manage(command: str) -> str:
    """How the runbook runs one of our commands."""
    return f"docker compose exec backend python manage.py {command}"


def _minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def _hours(count: int) -> timedelta:
    return timedelta(hours=count)


_MONITOR = manage(
    'shell -c "from freeze_alerts.sources.backups import BackupMonitor; print(BackupMonitor().get_metrics())"'
)
_ERRORS, _PAYMENTS = "freeze_alerts.diagnosis.errors", "freeze_alerts.diagnosis.payments"
_STATE, _FACT, _RECORD = Nature.STATE, Nature.FACT, Nature.RECORD

NINE: tuple[Entry, ...] = (
    Entry(AlertType.NEW_ISSUE, "New issue", "errors", Severity.MEDIUM, _hours(4), _FACT,
          _logs(100), "new-issue", f"{_ERRORS}.issue_steps"),
    Entry(AlertType.REGRESSION, "Regression", "errors", Severity.HIGH, _hours(1), _FACT,
          _logs(200), "regression", f"{_ERRORS}.issue_steps"),
    Entry(AlertType.ERROR_SPIKE, "Error spike", "errors", Severity.WARNING, _minutes(30), _STATE,
          "docker compose ps", "error-spike", f"{_ERRORS}.spike_steps", _minutes(1)),
    Entry(AlertType.PAYMENT_ERROR, "Payment error", "payments", Severity.CRITICAL, _minutes(15), _FACT,
          _logs(100, "payment"), "payment-error", f"{_PAYMENTS}.error_steps"),
    Entry(AlertType.PAYMENT_SPIKE, "Payment error spike", "payments", Severity.CRITICAL, _minutes(15), _STATE,
          _logs(200, "payment"), "payment-error-spike", f"{_PAYMENTS}.spike_steps", _minutes(1)),
    Entry(AlertType.BACKUP_FAILED, "Backup failure", "backups", Severity.HIGH, _hours(2), _FACT,
          manage("backup_database --check"), "backup-failure", "freeze_alerts.diagnosis.backups.failed"),
    Entry(AlertType.BACKUP_MISSED, "Missed backup", "backups", Severity.HIGH, _hours(2), _STATE,
          _MONITOR, "missed-backup", "freeze_alerts.diagnosis.backups.missed", _minutes(5)),
    Entry(AlertType.DISK_SPACE, "Disk space", "errors", Severity.WARNING, _hours(1), _STATE,
          "df -h", "disk-space", "freeze_alerts.diagnosis.disk.steps", _minutes(5)),
    Entry(AlertType.ADMIN_DELETE, "Admin delete", "admin", Severity.INFO, None, _RECORD,
          "", "admin-delete", "freeze_alerts.diagnosis.audit.steps"),
)  # fmt: skip

TROUBLE = Entry(AlertType.TROUBLE, "Alerting trouble", "errors", Severity.HIGH, _hours(1), _FACT,
                manage("alerts webhooks"), "alerting-trouble")  # fmt: skip

ORDERS: tuple[Entry, ...] = (
    Entry(AlertType.PAYMENTS_FAILING, "Payments failing", "payments", Severity.CRITICAL, _minutes(15), _STATE,
          manage("check_payments"), "payments-failing", f"{_PAYMENTS}.steps", _minutes(5)),
    Entry(AlertType.PAYMENTS_STUCK, "Orders stuck", "payments", Severity.HIGH, _hours(1), _STATE,
          manage("check_payments"), "payments-stuck", f"{_PAYMENTS}.steps", _minutes(5)),
)  # fmt: skip
"""What an order model tells, where settings name one."""

BACKUP_SUMMARY = Entry(AlertType.BACKUP_SUMMARY, "Backups of the day", "backups", Severity.INFO, None, _RECORD,
                       manage("backup_database --list"), "backups-of-the-day")  # fmt: skip

_OURS = {each.value: each for each in (*NINE, TROUBLE, *ORDERS, BACKUP_SUMMARY)}


def entry(alert_type: str) -> Entry:
    """The row of an alert type, ours or the project's own.

    Raises UnknownAlertType when there is none, UnusableAlertType when the project's own makes no sense.
    """
    if alert_type in _OURS:
        return _OURS[alert_type]
    own = conf.current().alert_types
    if alert_type not in own:
        raise UnknownAlertType(f"{alert_type!r}: known are {', '.join([*_OURS, *own])}")
    return _own_entry(alert_type, own[alert_type])


def entry_or_plain(alert_type: str) -> Entry:
    """The row for an alert that exists already; a plain one where the project has since taken its type away."""
    try:
        return entry(alert_type)
    except (UnknownAlertType, UnusableAlertType):
        return Entry(alert_type, alert_type, conf.CHANNELS[0], Severity.MEDIUM, _hours(4), Nature.FACT, "", "")


def entries() -> list[Entry]:
    """Every usable alert type: ours, and the project's own."""
    own = conf.current().alert_types
    usable = []
    for name, row in own.items():
        with contextlib.suppress(UnusableAlertType):
            usable.append(_own_entry(name, row))
    return [*_OURS.values(), *usable]


def _own_entry(name: str, row: Any) -> Entry:
    try:
        hours, interval = row.get("ANSWER_WITHIN_HOURS", 4), row.get("INTERVAL_MINUTES")
        return Entry(
            value=name,
            title=row.get("TITLE", name),
            channel=row.get("CHANNEL", conf.CHANNELS[0]),
            severity=Severity(row.get("SEVERITY", "medium")),
            answer_within=None if hours is None else timedelta(hours=hours),
            nature=Nature(row.get("NATURE", "fact")),
            command=row.get("COMMAND", ""),
            anchor=row.get("ANCHOR", ""),
            diagnosis=row.get("DIAGNOSIS", ""),
            interval=None if interval is None else timedelta(minutes=interval),
        )
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        raise UnusableAlertType(f"{name!r}: {error}") from error
