"""What is remembered of errors: the issues they belong to, and how many there were a minute.

A ``minute`` is a number: seconds since 1970 // 60. Whoever is named by a hash was hashed with the project's
SECRET_KEY: it tells one from another, and nothing else.
"""

from __future__ import annotations

from django.db import models, router


def database() -> str:
    """Where these tables are written, and read too: a replica that lags would find every issue new."""
    return router.db_for_write(Issue)


class Issue(models.Model):
    """A group of equal errors. The unique fingerprint decides which process found it."""

    class Status(models.TextChoices):
        OPEN = "open"
        RESOLVED = "resolved"
        IGNORED = "ignored"

    class Mode(models.TextChoices):
        NOW = "now"
        NEXT_RELEASE = "next_release", "in the next release"

    fingerprint_version = models.PositiveSmallIntegerField()
    fingerprint = models.CharField(max_length=64)
    title = models.CharField(max_length=256)
    culprit = models.CharField(max_length=255, blank=True)
    level = models.CharField(max_length=16)
    payment = models.BooleanField(default=False, help_text="Whether it was about a payment: domain=payment.")
    sample = models.JSONField(default=dict, blank=True, help_text="The first one, without any variables.")
    environment = models.CharField(max_length=64, blank=True)
    first_release = models.CharField(max_length=255, blank=True)
    last_release = models.CharField(max_length=255, blank=True)

    found_at = models.DateTimeField(db_index=True, help_text="When it was booked for the first time.")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(db_index=True)
    occurrences = models.PositiveBigIntegerField(default=0)
    users = models.PositiveIntegerField(default=0, help_text="How many different people met it.")

    status = models.CharField(max_length=16, choices=Status, default=Status.OPEN)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=150, blank=True)
    resolve_mode = models.CharField(max_length=16, choices=Mode, blank=True)
    regressed_at = models.DateTimeField(null=True, blank=True)
    times_regressed = models.PositiveIntegerField(default=0)

    class Meta:
        app_label = "freeze_alerts"
        ordering = ["-last_seen_at"]
        constraints = [
            models.UniqueConstraint(fields=["fingerprint_version", "fingerprint"], name="freeze_issue_fingerprint")
        ]
        indexes = [models.Index(fields=["status", "last_seen_at"], name="freeze_issue_status")]

    def __str__(self) -> str:
        return self.title

    @property
    def key(self) -> str:
        """How alerts name it."""
        return f"issue:{self.pk}"


class IssueRelease(models.Model):
    """A release in which an issue was seen."""

    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="releases")
    release = models.CharField(max_length=255)
    seen_at = models.DateTimeField(help_text="When the issue was first seen in it.")

    class Meta:
        app_label = "freeze_alerts"
        constraints = [models.UniqueConstraint(fields=["issue", "release"], name="freeze_issue_release")]
        indexes = [models.Index(fields=["release", "seen_at"], name="freeze_release_seen")]

    def __str__(self) -> str:
        return self.release


class IssueUser(models.Model):
    """Somebody who met an issue, by hash."""

    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="+")
    user = models.CharField(max_length=32)

    class Meta:
        app_label = "freeze_alerts"
        constraints = [models.UniqueConstraint(fields=["issue", "user"], name="freeze_issue_user")]

    def __str__(self) -> str:
        return self.user


class IssueMinute(models.Model):
    """How often an issue was seen in a minute."""

    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="minutes")
    minute = models.PositiveIntegerField()
    count = models.PositiveIntegerField()

    class Meta:
        app_label = "freeze_alerts"
        constraints = [models.UniqueConstraint(fields=["issue", "minute"], name="freeze_issue_minute")]
        indexes = [models.Index(fields=["minute"], name="freeze_issue_by_minute")]

    def __str__(self) -> str:
        return f"{self.count} at {self.minute}"


class ErrorMinute(models.Model):
    """How many errors there were in a minute: all, those about payments, those that don't say which payment."""

    class Series(models.TextChoices):
        ERRORS = "errors"
        PAYMENTS = "payments"
        UNNAMED = "unnamed"

    series = models.CharField(max_length=16, choices=Series)
    minute = models.PositiveIntegerField()
    count = models.PositiveIntegerField()

    class Meta:
        app_label = "freeze_alerts"
        constraints = [models.UniqueConstraint(fields=["series", "minute"], name="freeze_error_minute")]

    def __str__(self) -> str:
        return f"{self.count} {self.series} at {self.minute}"


class FailedPayment(models.Model):
    """A payment, by hash, that met an error in a minute: its retries are one payment."""

    payment = models.CharField(max_length=32)
    minute = models.PositiveIntegerField()

    class Meta:
        app_label = "freeze_alerts"
        constraints = [models.UniqueConstraint(fields=["minute", "payment"], name="freeze_failed_payment")]

    def __str__(self) -> str:
        return self.payment
