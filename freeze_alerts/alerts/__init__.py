"""The life of an alert. ``open_alert`` and ``resolve_alert`` are for everybody, types of their own included."""

from freeze_alerts.alerts.lifecycle import open_alert, resolve_alert
from freeze_alerts.alerts.outcome import Outcome

__all__ = ["Outcome", "open_alert", "resolve_alert"]
