"""What is remembered of disks."""

from __future__ import annotations

from django.db import models


class DiskSample(models.Model):
    """One reading; kept for 30 days for the forecast."""

    host = models.CharField(max_length=255)
    device = models.CharField(max_length=255)
    path = models.CharField(max_length=1024)
    at = models.DateTimeField()
    used_bytes = models.BigIntegerField()
    free_bytes = models.BigIntegerField()
    total_bytes = models.BigIntegerField()
    inodes_used = models.BigIntegerField(null=True)
    inodes_total = models.BigIntegerField(null=True)

    class Meta:
        app_label = "freeze_alerts"
        indexes = [models.Index(fields=["host", "device", "at"], name="freeze_alerts_sample_at")]

    def __str__(self) -> str:
        return f"{self.host} {self.device} at {self.at:%Y-%m-%d %H:%M}"


class DiskConsumer(models.Model):
    """How large one known suspect was on a calm night; ``size_bytes`` is empty when it couldn't be measured."""

    host = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    path = models.CharField(max_length=1024)
    measured_at = models.DateTimeField()
    size_bytes = models.BigIntegerField(null=True)

    class Meta:
        app_label = "freeze_alerts"
        indexes = [models.Index(fields=["host", "measured_at"], name="freeze_alerts_consumer_at")]

    def __str__(self) -> str:
        return f"{self.name} on {self.host} at {self.measured_at:%Y-%m-%d %H:%M}"
