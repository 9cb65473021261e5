from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command
from django.utils import timezone

from freeze_alerts.alerts.models import Alert
from freeze_alerts.management.commands import check_payments
from freeze_alerts.management.commands.check_payments import Command
from tests.orders.models import Order
from tests.orders.placing import order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _orders_are_watched(settings):
    settings.FREEZE_ALERTS = {"PAYMENTS": {"ORDER_MODEL": "orders.Order"}, "DELIVERY": {"DOORBELL": "none"}}


def run(*arguments):
    printed = io.StringIO()
    try:
        call_command("check_payments", *arguments, stdout=printed, no_color=True)
    except SystemExit as end:
        return int(end.code or 0), printed.getvalue()
    return 0, printed.getvalue()


@pytest.mark.parametrize(
    ("orders", "code", "state"),
    [
        ([], 0, "fine"),
        ([("paid", 5)], 0, "fine"),
        ([("pending_payment", 90)], 1, "stuck"),
        ([("payment_failed", 5, 3)], 2, "failing"),
        ([("payment_failed", 5, 3), ("pending_payment", 90)], 2, "failing"),
    ],
)
def test_the_exit_code_is_the_worst(orders, code, state):
    for each in orders:
        order(*each)
    assert run()[0] == code
    answered, printed = run("--json")
    assert (answered, json.loads(printed)["state"]) == (code, state)


def test_what_is_printed():
    order("paid", 5, 2)
    order("pending_payment", 90)
    assert run()[1].splitlines() == [
        "Last hour        2 orders: 2 paid, 0 failed, 0 pending",
        "Last 30 minutes  2 orders: 2 paid, 0 failed, 0 pending",
        "1 order has waited for payment for over 60 min.",
    ]
    Order.objects.update(status="payment_failed", created_at=timezone.now())
    assert "All 3 payments of the last 30 minutes failed" in run()[1]


def test_json_has_every_key_always(settings):
    order("paid", 5)
    fine = json.loads(run("--json")[1])
    assert tuple(fine) == check_payments.JSON_KEYS
    assert fine["hour"] == {"paid": 1, "failed": 0, "pending": 0, "other": 0}
    settings.FREEZE_ALERTS = {"PAYMENTS": {"ORDER_MODEL": "shop.Basket"}, "DELIVERY": {"DOORBELL": "none"}}
    code, printed = run("--json")
    gone = json.loads(printed)
    assert (code, tuple(gone), gone["state"]) == (3, check_payments.JSON_KEYS, "unreadable")


def test_orders_that_cannot_be_read_say_so(settings):
    settings.FREEZE_ALERTS = {"PAYMENTS": {"ORDER_MODEL": "shop.Basket"}, "DELIVERY": {"DOORBELL": "none"}}
    code, printed = run()
    assert code == 3
    assert printed.startswith("The orders can't be read: LookupError")


def test_without_an_order_model_it_says_so_and_is_fine(settings):
    settings.FREEZE_ALERTS = {"DELIVERY": {"DOORBELL": "none"}}
    code, printed = run()
    assert (code, "ORDER_MODEL'] is not set" in printed) == (0, True)
    assert json.loads(run("--json")[1])["state"] == "unwatched"


def test_it_tells():
    order("payment_failed", 5, 3)
    run()
    assert Alert.objects.get().type == "payments.failing"


def test_the_help_documents_the_json_and_the_exit_codes():
    text = Command().create_parser("manage.py", "check_payments").format_help()
    assert all(key in text for key in check_payments.JSON_KEYS)
    assert "3  could not be read" in text
