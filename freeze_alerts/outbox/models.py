"""What is to be said in Discord, row by row, and how each webhook feels about it."""

from __future__ import annotations

from typing import TypeVar

from django.db import models, router

_Row = TypeVar("_Row", bound=models.Model)


class Primary(models.Manager[_Row]):
    """Reads where it writes: a replica that lags would show races as they were before they were won."""

    def get_queryset(self) -> models.QuerySet[_Row]:
        return super().get_queryset().using(router.db_for_write(self.model))


class Message(models.Model):
    """One row, one Discord message, later edited in place.

    ``intent`` names what it is for, once and for all (``alert:12:opened:1``), so that saying it twice is impossible.
    ``folded_into`` is the message that says this one's piece too: a digest, or an earlier card not yet sent.
    """

    class Kind(models.TextChoices):
        OPENED = "opened"
        WORSENED = "worsened"
        REMINDER = "reminder"
        RESOLVED = "resolved"
        DIGEST = "digest"
        TEST = "test"

    class State(models.TextChoices):
        PENDING = "pending"
        SENDING = "sending"
        SENT = "sent"
        UNKNOWN = "unknown", "perhaps sent"
        DEAD = "dead"

    intent = models.CharField(max_length=200, unique=True)
    alert = models.ForeignKey(
        "freeze_alerts.Alert", null=True, blank=True, on_delete=models.CASCADE, related_name="messages"
    )
    kind = models.CharField(max_length=16, choices=Kind)
    sequence = models.PositiveIntegerField(default=1)
    channel = models.CharField(max_length=64)

    state = models.CharField(max_length=16, choices=State, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    draw_failures = models.PositiveSmallIntegerField(default=0, help_text="How often its card could not be drawn.")
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    redraw_at = models.DateTimeField(
        null=True, blank=True, db_index=True, help_text="When the message is to be edited; empty if it is true."
    )
    folded_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="folded")

    webhook = models.CharField(max_length=64, blank=True, help_text="Public name of the webhook it went through.")
    discord_message_id = models.CharField(max_length=32, blank=True, db_index=True)
    last_status = models.PositiveSmallIntegerField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = Primary["Message"]()

    class Meta:
        app_label = "freeze_alerts"
        ordering = ["-id"]
        indexes = [models.Index(fields=["state", "due_at"], name="freeze_message_due")]

    def __str__(self) -> str:
        return self.intent


class Booked(models.Model):
    """A line of the spool that is in the database now, so that no crash books it twice."""

    id = models.CharField(max_length=36, primary_key=True)
    at = models.DateTimeField()
    message = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = Primary["Booked"]()

    class Meta:
        app_label = "freeze_alerts"

    def __str__(self) -> str:
        return self.id


class WebhookState(models.Model):
    """What Discord last said about a webhook, shared by all processes. The name ``*`` stands for all of Discord."""

    name = models.CharField(max_length=64, primary_key=True)
    remaining = models.PositiveIntegerField(null=True, blank=True)
    reset_at = models.DateTimeField(null=True, blank=True)
    paced_until = models.DateTimeField(
        null=True, blank=True, help_text="When the messages sent so far are paid for at the steady rate."
    )
    blocked_until = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="Failed calls since the last that worked.")
    disabled_reason = models.CharField(max_length=500, blank=True)

    objects = Primary["WebhookState"]()

    class Meta:
        app_label = "freeze_alerts"
        verbose_name = "webhook"

    def __str__(self) -> str:
        return self.name
