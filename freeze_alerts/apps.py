"""The front door."""

from __future__ import annotations

from django.apps import AppConfig


class FreezeAlertsConfig(AppConfig):
    name = "freeze_alerts"
    verbose_name = "Freeze alerts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from freeze_alerts import checks, switchboard  # noqa: F401 - importing the checks registers them
        from freeze_alerts.discord import webhook

        switchboard.connect()
        webhook.install()
