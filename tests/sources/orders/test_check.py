"""From orders in the database to alerts, through the signals."""

from __future__ import annotations

from datetime import timedelta

import pytest

from freeze_alerts import signals, tasks
from freeze_alerts.alerts.models import Alert
from freeze_alerts.outbox.models import Message
from freeze_alerts.sources.orders.check import Judged, check_orders
from freeze_alerts.sources.orders.reading import Unreadable
from tests.orders.models import Order
from tests.orders.placing import order

pytestmark = pytest.mark.django_db(transaction=True)


def alerts():
    return {each.type: each for each in Alert.objects.all()}


def test_calm_orders_tell_nobody():
    order("paid", 5)
    assert isinstance(check_orders(), Judged)
    assert alerts() == {}


def test_payments_that_all_fail_are_one_critical_alert():
    order("payment_failed", 5, 3)
    for _ in range(3):
        tasks.check_payments()
    alert = alerts()["payments.failing"]
    assert (alert.severity, alert.occurrences, alert.peak_value) == ("critical", 1, 3)
    assert "Consider maintenance mode" in alert.text
    assert alert.fields[0] == ["Last hour", "3 orders: 0 paid, 3 failed, 0 pending"]
    assert Message.objects.get().channel == "payments"


def test_a_night_without_customers_does_not_end_it_but_a_paid_order_does(clock):
    order("payment_failed", 5, 3)
    check_orders()
    clock.shift(timedelta(hours=8))
    check_orders()
    assert not alerts()["payments.failing"].ended
    order("paid", 1)
    check_orders()
    assert alerts()["payments.failing"].ended


def test_stuck_orders_are_one_alert_until_none_is_left():
    order("pending_payment", 90, 2)
    check_orders()
    alert = alerts()["payments.stuck"]
    assert (alert.severity, alert.peak_value) == ("high", 2)
    Order.objects.update(status="paid")
    check_orders()
    assert alerts()["payments.stuck"].ended


def test_orders_that_cannot_be_read_are_a_trouble_until_they_can(settings):
    good = settings.FREEZE_ALERTS
    settings.FREEZE_ALERTS = {**good, "PAYMENTS": {"ORDER_MODEL": "shop.Basket"}}
    assert isinstance(check_orders(), Unreadable)
    assert "No installed app" in alerts()["alerting.trouble"].text
    settings.FREEZE_ALERTS = good
    check_orders()
    assert alerts()["alerting.trouble"].ended


def test_an_unreadable_hour_ends_no_alert(settings, clock):
    order("pending_payment", 90)
    check_orders()
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "PAYMENTS": {"ORDER_MODEL": "shop.Basket"}}
    clock.shift(timedelta(hours=1))
    check_orders()
    assert not alerts()["payments.stuck"].ended


def test_what_is_no_longer_watched_ends_as_that(settings, clock):
    order("pending_payment", 90)
    check_orders()
    settings.FREEZE_ALERTS = {"DELIVERY": {"DOORBELL": "none"}}
    clock.shift(timedelta(minutes=16))
    assert check_orders() is None
    assert alerts()["payments.stuck"].unwatched


def test_a_listener_that_fails_is_logged_and_not_felt(caplog):
    def fail(**_):
        raise RuntimeError("no")

    signals.orders_judged.connect(fail)
    order("payment_failed", 5, 3)
    check_orders()
    assert "failed when told of orders" in caplog.text
    assert "payments.failing" in alerts()
