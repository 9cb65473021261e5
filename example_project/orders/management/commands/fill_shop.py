from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from orders.models import Customer, Order, Product

PRODUCTS = (
    ("Ice lamp", "ice-lamp", "49.00", 1200),
    ("Frost mug", "frost-mug", "14.50", 400),
    ("Snow scarf", "snow-scarf", "29.95", 250),
)
CUSTOMERS = ("Ada Winter", "Bram de Vries", "Chidi Okafor")


class Command(BaseCommand):
    help = (
        "Products, three customers and some paid orders, so that there is something to look at. Twice changes nothing."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        for name, slug, price, weight_grams in PRODUCTS:
            Product.objects.get_or_create(
                slug=slug, defaults={"name": name, "price": price, "weight_grams": weight_grams}
            )
        for number, name in enumerate(CUSTOMERS):
            email = f"{name.split()[0].lower()}@customer.example"
            customer, is_new = Customer.objects.get_or_create(email=email, defaults={"name": name})
            if is_new:
                self._order_one_of_each(customer, days_ago=number + 1)
        self.stdout.write(f"{Product.objects.count()} products, {Order.objects.count()} orders")

    def _order_one_of_each(self, customer: Customer, *, days_ago: int) -> None:
        at = timezone.now() - timedelta(days=days_ago)
        order = Order.objects.create(customer=customer, status=Order.Status.PAID, created_at=at, paid_at=at)
        for product in Product.objects.all():
            order.items.create(product=product, price=product.price)
