"""The last sign of life of each part."""

from __future__ import annotations

from django.db import models

from freeze_alerts.outbox.models import Primary


class Heartbeat(models.Model):
    """One part, or one check on one host: when it was last alive, how it went, and who is at it right now."""

    name = models.CharField(max_length=255, primary_key=True)
    at = models.DateTimeField(null=True, blank=True, help_text="When it last finished, or was last heard of.")
    ok = models.BooleanField(default=True)
    detail = models.CharField(max_length=500, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True, help_text="Somebody is at it until then at most.")

    objects = Primary["Heartbeat"]()

    class Meta:
        app_label = "freeze_alerts"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
