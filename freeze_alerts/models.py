"""The rooms' models, gathered for Django."""

from freeze_alerts.alerts.models import Alert
from freeze_alerts.outbox.models import Message, WebhookState
from freeze_alerts.sources.disk.models import DiskConsumer, DiskSample

__all__ = ["Alert", "DiskConsumer", "DiskSample", "Message", "WebhookState"]
