"""What is remembered of Sentry."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class SentryRule(models.Model):
    """A rule of ours in Sentry, by the id it has there: so that one renamed by hand is still found."""

    kind = models.CharField(max_length=16)
    name = models.CharField(max_length=255)
    sentry_id = models.CharField(max_length=64)
    applied_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "freeze_alerts"
        constraints = [models.UniqueConstraint(fields=["kind", "name"], name="freeze_alerts_sentry_rule")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.sentry_id})"


class SentryDelivery(models.Model):
    """One webhook of Sentry's: what we took from it, until the next sweep makes an alert of it.

    The event itself is not kept: it may hold anything that a customer typed.
    """

    request_id = models.CharField(max_length=64, unique=True, help_text="Sentry's number for this call.")
    news_key = models.CharField(
        max_length=64, unique=True, null=True, blank=True, help_text="What it is about: told once, however often sent."
    )
    issue = models.CharField(max_length=64, blank=True, db_index=True, help_text="Sentry's number of the issue.")
    resource = models.CharField(max_length=32)
    action = models.CharField(max_length=32)
    news = models.JSONField(default=dict, blank=True)
    received_at = models.DateTimeField(default=timezone.now, db_index=True)
    worked_at = models.DateTimeField(null=True, blank=True, db_index=True)
    outcome = models.CharField(max_length=255, blank=True)

    class Meta:
        app_label = "freeze_alerts"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.resource}.{self.action} at {self.received_at:%Y-%m-%d %H:%M}"
