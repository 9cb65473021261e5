"""The rooms' models, gathered for Django."""

from freeze_alerts.alerts.models import Alert
from freeze_alerts.outbox.models import Booked, Message, WebhookState
from freeze_alerts.sources.audit.models import ChainLink, DeletedRoot, DeletedRows, Deletion
from freeze_alerts.sources.backups.models import BackupRun
from freeze_alerts.sources.disk.models import DiskConsumer, DiskSample
from freeze_alerts.sources.errors.models import (
    ErrorMinute,
    FailedPayment,
    Issue,
    IssueMinute,
    IssueRelease,
    IssueUser,
)
from freeze_alerts.sources.sentry.models import SentryDelivery, SentryRule
from freeze_alerts.watch.models import Heartbeat

__all__ = [
    "Alert",
    "BackupRun",
    "Booked",
    "ChainLink",
    "DeletedRoot",
    "DeletedRows",
    "Deletion",
    "DiskConsumer",
    "DiskSample",
    "ErrorMinute",
    "FailedPayment",
    "Heartbeat",
    "Issue",
    "IssueMinute",
    "IssueRelease",
    "IssueUser",
    "Message",
    "SentryDelivery",
    "SentryRule",
    "WebhookState",
]
