"""From an order to its money."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from freeze_alerts.sources.errors import payment_scope
from orders import mollie
from orders.models import Customer, Order, Product

logger = logging.getLogger(__name__)
FAILED = {"failed", "canceled", "expired"}


def place_order(product: Product, *, name: str, email: str) -> Order:
    """An order of one product, waiting for its payment."""
    with transaction.atomic():
        customer, _ = Customer.objects.get_or_create(email=email, defaults={"name": name})
        order = Order.objects.create(customer=customer)
        order.items.create(product=product, price=product.price)
    return order


def begin_payment(order: Order) -> str:
    """Where the customer pays. Raises MollieError, and then the order has failed."""
    try:
        with payment_scope(order.pk):
            payment = mollie.create_payment(
                order.total,
                description=f"Order {order.pk}",
                redirect_url=_absolute(order.get_absolute_url()),
                webhook_url=_absolute(reverse("payment_webhook")),
            )
    except mollie.MollieError:
        Order.objects.filter(pk=order.pk).update(status=Order.Status.FAILED)
        raise
    Order.objects.filter(pk=order.pk).update(mollie_id=payment.id)
    return payment.checkout_url


def settle(payment_id: str) -> None:
    """Bring an order in line with what Mollie says of its payment. May be told twice. Raises MollieError."""
    payment = mollie.payment(payment_id)
    waiting = Order.objects.filter(mollie_id=payment.id, status=Order.Status.PENDING)
    if payment.status == "paid":
        waiting.update(status=Order.Status.PAID, paid_at=timezone.now())
    elif payment.status in FAILED:
        waiting.update(status=Order.Status.FAILED)


def _absolute(path: str) -> str:
    return f"{settings.BASE_URL.rstrip('/')}{path}"
