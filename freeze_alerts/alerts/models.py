"""One trouble from opening to its end."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from freeze_alerts.catalog import Severity
from freeze_alerts.outbox.models import Primary


class Alert(models.Model):
    """At most one open alert a key, on every database: ``open_key`` is unique, and NULL once the alert ended."""

    class Status(models.TextChoices):
        OPEN = "open"
        ACKNOWLEDGED = "acknowledged"
        RESOLVED = "resolved"

    type = models.CharField(max_length=64)
    key = models.CharField(max_length=255, help_text="Which trouble this is: disk:web1:/dev/sda1, say.")
    open_key = models.CharField(max_length=330, unique=True, null=True, editable=False)  # noqa: DJ001
    severity = models.CharField(max_length=16, choices=[(each.value, each.value) for each in Severity])
    status = models.CharField(max_length=16, choices=Status, default=Status.OPEN)

    title = models.CharField(max_length=256)
    text = models.TextField(blank=True)
    fields = models.JSONField(default=list, blank=True, encoder=DjangoJSONEncoder)
    command = models.CharField(
        max_length=255, blank=True, help_text="What to run next, where that isn't what its type says."
    )
    link = models.CharField(max_length=2048, blank=True)
    findings = models.JSONField(default=list, blank=True)

    occurrences = models.PositiveBigIntegerField(default=1)
    peak_value = models.FloatField(null=True, blank=True)
    opened_at = models.DateTimeField(db_index=True)
    raised_at = models.DateTimeField(
        default=timezone.now, help_text="Since when it is open and this bad: the time to answer counts from here."
    )
    last_seen_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=150, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    next_reminder_at = models.DateTimeField(null=True, blank=True, db_index=True)
    reminders = models.PositiveSmallIntegerField(default=0, help_text="How often it was told again unanswered.")
    clear_since = models.DateTimeField(
        null=True, blank=True, help_text="Since when the condition is below the alert's severity."
    )
    resolved_at = models.DateTimeField(null=True, blank=True)
    ended_because = models.CharField(max_length=255, blank=True)
    unwatched = models.BooleanField(default=False, help_text="Ended because nobody reads its source any more.")

    environment = models.CharField(max_length=64, blank=True)
    host = models.CharField(max_length=255, blank=True)
    release = models.CharField(max_length=255, blank=True)

    sequence = models.PositiveIntegerField(default=1, help_text="Number of its newest message.")
    card_due_at = models.DateTimeField(
        null=True,
        blank=True,
        db_index=True,
        help_text="When its cards are to be drawn anew; empty if they are true.",
    )

    objects = Primary["Alert"]()

    class Meta:
        app_label = "freeze_alerts"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["key", "resolved_at"], name="freeze_alert_ended"),
            models.Index(fields=["type", "last_seen_at"], name="freeze_alert_seen"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.key})"

    @property
    def level(self) -> Severity:
        return Severity(self.severity)

    @property
    def ended(self) -> bool:
        return self.status == self.Status.RESOLVED
