"""Orders made to measure."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from tests.orders.models import Order


def order(status: str, minutes_ago: float, count: int = 1) -> None:
    made = timezone.now() - timedelta(minutes=minutes_ago)
    Order.objects.bulk_create(Order(status=status, created_at=made) for _ in range(count))
