"""Signs of life, one row each."""

from __future__ import annotations

from django.db import models

from freeze_alerts.outbox.models import Primary


class Heartbeat(models.Model):
    """Who lives (``beat``, ``canary``, ``watchdog`` ...) and which duty was done when (``duty:check_disk`` ...)."""

    name = models.CharField(max_length=150, primary_key=True)
    at = models.DateTimeField(null=True, blank=True, help_text="The last sign of life; of a duty, its last success.")
    started_at = models.DateTimeField(
        null=True, blank=True, help_text="When a duty last began; of the canary, since when it is on its way."
    )
    lease_until = models.DateTimeField(null=True, blank=True, help_text="Nobody else may begin before.")
    claimed_by = models.CharField(max_length=150, blank=True, help_text="Who has begun it.")
    failures = models.PositiveIntegerField(default=0, help_text="How often in a row it failed.")
    detail = models.CharField(max_length=255, blank=True)
    silent_since = models.DateTimeField(
        null=True, blank=True, help_text="When it was first found silent; empty while it is well."
    )

    objects = Primary["Heartbeat"]()

    class Meta:
        app_label = "freeze_alerts"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
