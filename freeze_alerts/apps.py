"""The front door."""

from __future__ import annotations

from django.apps import AppConfig, apps


class FreezeAlertsConfig(AppConfig):
    name = "freeze_alerts"
    verbose_name = "Freeze alerts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from freeze_alerts import checks, switchboard  # noqa: F401 - importing the checks registers them
        from freeze_alerts.discord import webhook
        from freeze_alerts.sources.errors import attach
        from freeze_alerts.watch import outside, piggyback

        switchboard.connect()
        webhook.install()
        piggyback.connect()
        outside.connect()
        attach.install()  # after the outbox is loaded: at exit the last errors are booked before its last word
        if apps.is_installed("dbbackup"):
            from freeze_alerts.sources.backups import dbbackup

            dbbackup.listen()
