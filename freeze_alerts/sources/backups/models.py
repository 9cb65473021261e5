"""What is remembered of backups: a cache. The manifest beside each file is the truth, and rebuilds this table."""

from __future__ import annotations

import uuid

from django.db import models

OURS = "freeze_alerts"
"""``made_by`` of our own; of these the manifests are believed, of all others this table."""


class BackupRun(models.Model):
    """One try to make a backup, by us or by somebody else."""

    class State(models.TextChoices):
        RUNNING = "running"
        COMPLETE = "complete"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    database = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=State)
    made_by = models.CharField(max_length=64)
    name = models.CharField(max_length=255, blank=True)
    at = models.DateTimeField(help_text="The moment of its snapshot; of a failure, when it was told.")
    seconds = models.FloatField(null=True, blank=True)
    size_bytes = models.BigIntegerField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    stage = models.CharField(max_length=32, blank=True)
    error = models.TextField(blank=True)
    host = models.CharField(max_length=255, blank=True)
    pid = models.PositiveBigIntegerField(null=True, blank=True)
    task_id = models.CharField(max_length=64, blank=True)

    class Meta:
        app_label = "freeze_alerts"
        indexes = [
            models.Index(fields=["database", "at"], name="freeze_alerts_backup_at"),
            models.Index(fields=["state", "at"], name="freeze_alerts_backup_state"),
        ]

    def __str__(self) -> str:
        return f"{self.database} at {self.at:%Y-%m-%d %H:%M} ({self.state})"
