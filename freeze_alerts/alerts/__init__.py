"""The life of an alert. ``open_alert`` and ``resolve_alert`` are for everybody, types of their own included."""

from freeze_alerts.alerts.lifecycle import Outcome, open_alert, resolve_alert

__all__ = ["Outcome", "open_alert", "resolve_alert"]
