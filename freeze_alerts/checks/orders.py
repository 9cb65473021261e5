"""The order model: whether it is there, has these fields, and knows these statuses."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.exceptions import FieldError
from django.db.models import DateTimeField, Field, Model
from django.utils import timezone

from freeze_alerts import conf
from freeze_alerts.checks.registry import did_you_mean, warns
from freeze_alerts.sources.orders.reading import LOOK_BACK, order_model, recent_orders

_WEEK_MINUTES = LOOK_BACK.total_seconds() / 60


@warns(95, hint="Write the app's label and the model's name: 'orders.Order'. Until then an alert says that the "
                "orders can't be read.")  # fmt: skip
def no_such_order_model() -> Iterator[str]:
    payments = conf.current().payments
    if payments.order_model and _model(payments) is None:
        yield f"FREEZE_ALERTS: PAYMENTS.ORDER_MODEL is {payments.order_model!r}, which is no model."


@warns(96, hint="Set PAYMENTS['STATUS_FIELD'] and PAYMENTS['CREATED_FIELD'] to the fields of your order model; the "
                "second must be a DateTimeField.")  # fmt: skip
def no_such_order_fields() -> Iterator[str]:
    payments = conf.current().payments
    if _model(payments) is None:
        return
    try:
        str(recent_orders(payments, timezone.now()).query)
    except (FieldError, TypeError, ValueError) as error:
        yield f"FREEZE_ALERTS: {payments.order_model} can't be asked for its orders: {error}"
        return
    created = _field(payments, payments.created_field)
    if created is not None and not isinstance(created, DateTimeField):
        yield f"FREEZE_ALERTS: PAYMENTS.CREATED_FIELD is {payments.created_field!r}, a {type(created).__name__}."


@warns(97, hint="Let PENDING, PAID and FAILED be values of the order model's status field, each in one of them alone.")
def impossible_statuses() -> Iterator[str]:
    payments = conf.current().payments
    if _model(payments) is None:
        return
    known = [str(value) for value, _ in getattr(_field(payments, payments.status_field), "flatchoices", [])]
    named: list[str] = []
    for where, statuses in (("PENDING", payments.pending), ("PAID", payments.paid), ("FAILED", payments.failed)):
        for status in statuses:
            if known and status not in known:
                meant = did_you_mean(status, known)
                yield f"FREEZE_ALERTS: PAYMENTS.{where} names {status!r}, a status no order has{meant}"
            if status in named:
                yield f"FREEZE_ALERTS: PAYMENTS.{where} names {status!r} once more."
            named.append(status)


@warns(
    98, hint=f"Set PAYMENTS['STUCK_AFTER_MINUTES'] below {_WEEK_MINUTES:.0f}: who has waited for a week has given up."
)
def orders_never_stuck() -> Iterator[str]:
    minutes = conf.current().payments.stuck_after_minutes
    if minutes >= _WEEK_MINUTES:
        yield f"FREEZE_ALERTS: PAYMENTS.STUCK_AFTER_MINUTES is {minutes:g}, so that no order is ever stuck."


def _model(payments: conf.Payments) -> type[Model] | None:
    try:
        return order_model(payments) if payments.order_model else None
    except (LookupError, ValueError):
        return None


def _field(payments: conf.Payments, name: str) -> Field[object, object] | None:
    """The model's own field of this name; None for one that is reached through another."""
    model = _model(payments)
    own = {each.name: each for each in model._meta.concrete_fields} if model else {}
    return own.get(name)
