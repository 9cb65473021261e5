from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from orders.models import Order

ABANDONED_AFTER = timedelta(days=2)


@shared_task(ignore_result=True)
def end_abandoned_orders() -> None:
    """Whoever has not paid for two days is not coming back."""
    old = Order.objects.filter(status=Order.Status.PENDING, created_at__lt=timezone.now() - ABANDONED_AFTER)
    old.update(status=Order.Status.FAILED)
