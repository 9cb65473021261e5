from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from freeze_alerts.sources.orders import reading, words
from freeze_alerts.sources.orders.reading import Outcomes, Reading, Unreadable
from tests.orders.models import Order
from tests.orders.placing import order
from tests.outbox.passes import NOON

pytestmark = pytest.mark.django_db(transaction=True)


def payments(settings, **changes):
    ours = settings.FREEZE_ALERTS
    settings.FREEZE_ALERTS = {**ours, "PAYMENTS": {**ours["PAYMENTS"], **changes}}


def test_orders_are_counted_by_outcome_and_age():
    for status, minutes_ago, count in [
        ("paid", 5, 4),
        ("paid", 45, 30),
        ("payment_failed", 10, 2),
        ("pending_payment", 1, 3),
        ("shipped", 50, 1),
        ("paid", 60, 7),  # an hour ago is not within the last hour
        ("paid", -5, 1),  # nor is what comes from a clock that is ahead
    ]:
        order(status, minutes_ago, count)
    assert reading.read() == Reading(NOON, Outcomes(34, 2, 3, 1), Outcomes(4, 2, 3, 0))


def test_stuck_is_what_has_waited_too_long_and_not_what_was_given_up():
    order("pending_payment", 59)
    order("pending_payment", 60)
    order("pending_payment", 24 * 60, 2)
    order("pending_payment", 8 * 24 * 60, 50)
    order("paid", 90)
    seen = reading.read()
    assert isinstance(seen, Reading)
    assert (seen.stuck, seen.oldest) == (3, NOON - timedelta(days=1))


def test_how_long_is_too_long_is_a_setting_and_zero_switches_it_off(settings):
    order("pending_payment", 31)
    payments(settings, STUCK_AFTER_MINUTES=30)
    assert reading.read().stuck == 1
    payments(settings, STUCK_AFTER_MINUTES=0)
    assert reading.read().stuck == 0


def test_an_outcome_may_have_several_statuses(settings):
    payments(settings, PAID=["paid", "shipped"])
    order("shipped", 5)
    assert reading.read().hour == Outcomes(paid=1)
    payments(settings, PAID="shipped")
    assert reading.read().hour == Outcomes(paid=1)


def test_without_an_order_model_there_is_nothing_to_read(settings):
    payments(settings, ORDER_MODEL=None)
    assert reading.read() is None


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"ORDER_MODEL": "shop.Basket"}, "LookupError: No installed app with label 'shop'."),
        ({"ORDER_MODEL": "orders"}, "ValueError: "),
        ({"STATUS_FIELD": "state"}, "FieldError: Cannot resolve keyword 'state' into field."),
        ({"CREATED_FIELD": "made"}, "FieldError: Cannot resolve keyword 'made' into field."),
    ],
)
def test_what_cannot_be_read_says_why(settings, changes, error):
    payments(settings, **changes)
    seen = reading.read()
    assert isinstance(seen, Unreadable)
    assert seen.error.startswith(error)


def test_a_query_that_fails_spoils_no_transaction_around_it(settings):
    payments(settings, ORDER_MODEL="orders.Lost")
    with transaction.atomic():
        seen = reading.read()
        assert isinstance(seen, Unreadable)
        assert "orders_lost" in seen.error
        order("paid", 1)
    assert Order.objects.count() == 1


def test_two_queries_are_all_it_asks():
    order("paid", 1, 5)
    with CaptureQueriesContext(connection) as asked:
        reading.read()
    assert len([each for each in asked if each["sql"].startswith("SELECT")]) == 2


@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_on_postgresql_a_slow_query_is_ended_and_no_other_statement_bounded():
    with reading._apart("default"), connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("5s",)
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_outcomes_are_said_in_words():
    assert words.outcomes(Outcomes()) == "no orders"
    assert words.outcomes(Outcomes(paid=1)) == "1 order: 1 paid, 0 failed, 0 pending"
    assert words.outcomes(Outcomes(2, 1, 0, 1)) == "4 orders: 2 paid, 1 failed, 0 pending, 1 with another status"
