"""Read: what became of the shop's last orders. Two short queries over the field that says when one was made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldError, ImproperlyConfigured, ValidationError
from django.db import Error, connections, models, router, transaction
from django.db.models import Count, Min, Q
from django.utils import timezone

from freeze_alerts import conf

HOUR, HALF_HOUR = timedelta(hours=1), timedelta(minutes=30)
LOOK_BACK = timedelta(days=7)
"""An order that has waited for longer was given up: it is no news, and no query reaches further back."""
_TROUBLE = (Error, FieldError, ImproperlyConfigured, LookupError, OSError, TypeError, ValidationError, ValueError)
_STATEMENT_MILLISECONDS = 5000
_LONGEST_REASON = 200


@dataclass(frozen=True)
class Outcomes:
    """How many orders of a span of time are paid, failed, waiting, or something that settings do not name."""

    paid: int = 0
    failed: int = 0
    pending: int = 0
    other: int = 0

    @property
    def total(self) -> int:
        return self.paid + self.failed + self.pending + self.other


@dataclass(frozen=True)
class Reading:
    """``stuck`` orders have waited for their payment longer than settings allow, the oldest since ``oldest``."""

    read_at: datetime
    hour: Outcomes
    half_hour: Outcomes
    stuck: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True)
class Unreadable:
    """Orders that gave no reading, and why."""

    error: str


def read() -> Reading | Unreadable | None:
    """The orders as they are now; None where settings name no order model."""
    payments = conf.current().payments
    if not payments.order_model:
        return None
    try:
        return _read(payments, timezone.now())
    except _TROUBLE as problem:
        said = str(problem).strip().partition("\n")[0]
        return Unreadable(f"{type(problem).__name__}: {said}"[:_LONGEST_REASON])


def order_model(payments: conf.Payments) -> type[models.Model]:
    """The model that settings name. Raises LookupError or ValueError where there is none."""
    return apps.get_model(str(payments.order_model))


def recent_orders(payments: conf.Payments, now: datetime) -> models.QuerySet[Any, Any]:
    """Rows of status, how many in the last hour, how many in the last half: not yet asked of the database."""
    created = payments.created_field
    hour = {f"{created}__gt": now - HOUR, f"{created}__lte": now}
    half = Count("pk", filter=Q(**{f"{created}__gt": now - HALF_HOUR}))
    orders: models.QuerySet[Any, Any] = order_model(payments)._default_manager.filter(**hour).order_by()
    counted: models.QuerySet[Any, Any] = orders.values_list(payments.status_field).annotate(
        hour=Count("pk"), half=half
    )
    return counted


def _read(payments: conf.Payments, now: datetime) -> Reading:
    with _apart(router.db_for_read(order_model(payments))):
        counted = [(str(status), hour, half) for status, hour, half in recent_orders(payments, now)]
        stuck, oldest = _stuck(payments, now)
    return Reading(
        read_at=now,
        hour=_outcomes(payments, [(status, hour) for status, hour, _ in counted]),
        half_hour=_outcomes(payments, [(status, half) for status, _, half in counted]),
        stuck=stuck,
        oldest=oldest,
    )


def _stuck(payments: conf.Payments, now: datetime) -> tuple[int, datetime | None]:
    if not payments.stuck_after_minutes:
        return 0, None
    created, longest = payments.created_field, timedelta(minutes=payments.stuck_after_minutes)
    waiting = order_model(payments)._default_manager.filter(**{
        f"{created}__gt": now - LOOK_BACK, f"{created}__lte": now - longest,
        f"{payments.status_field}__in": payments.pending,
    })  # fmt: skip
    found = waiting.order_by().aggregate(count=Count("pk"), oldest=Min(created))
    return found["count"], found["oldest"]


def _outcomes(payments: conf.Payments, counted: list[tuple[str, int]]) -> Outcomes:
    def of(statuses: tuple[str, ...]) -> int:
        return sum(count for status, count in counted if status in statuses)

    paid, failed, pending = of(payments.paid), of(payments.failed), of(payments.pending)
    return Outcomes(paid, failed, pending, sum(count for _, count in counted) - paid - failed - pending)


def _apart(alias: str) -> AbstractContextManager[object]:
    """A failed query spoils no transaction around it; on PostgreSQL a slow one is ended.

    Elsewhere there is none to spoil or to bound, and on SQLite a transaction might wait for the writer's lock.
    """
    connection = connections[alias]
    if connection.in_atomic_block:
        return transaction.atomic(using=alias)
    return _bounded(alias) if connection.vendor == "postgresql" else nullcontext()


@contextmanager
def _bounded(alias: str) -> Iterator[None]:
    """A transaction of our own whose statements end by themselves."""
    with transaction.atomic(using=alias):
        with connections[alias].cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {_STATEMENT_MILLISECONDS}")
        yield
