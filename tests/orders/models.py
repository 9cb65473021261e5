"""The order of a shop, as a project that uses us might have it."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Order(models.Model):
    class Status(models.TextChoices):
        PENDING = "pending_payment"
        PAID = "paid"
        SHIPPED = "shipped"
        FAILED = "payment_failed"

    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)
    placed_on = models.DateField(default=timezone.localdate)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"order {self.pk}"


class Lost(models.Model):
    """Its table is nowhere, as while a migration has not run yet."""

    status = models.CharField(max_length=20)
    created_at = models.DateTimeField()

    class Meta:
        managed = False

    def __str__(self) -> str:
        return f"lost order {self.pk}"
