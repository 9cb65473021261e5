from __future__ import annotations

import pytest

from freeze_alerts import diagnosis
from freeze_alerts.diagnosis import payments, providers
from freeze_alerts.diagnosis.budget import run_steps
from freeze_alerts.diagnosis.providers import fetch
from freeze_alerts.discord.message import Outcome
from tests.diagnosis.providers.pages import DIGITALOCEAN, serving
from tests.factories import AlertFactory
from tests.orders.placing import order

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 60.0


@pytest.fixture(autouse=True)
def _orders_are_watched(settings):
    settings.FREEZE_ALERTS = {"PAYMENTS": {"ORDER_MODEL": "orders.Order"}, "PROVIDERS": {}}


@pytest.fixture(autouse=True)
def _all_the_time_in_the_world(monkeypatch):
    monkeypatch.setattr(payments, "_LIMIT_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(providers, "STEP_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(fetch, "WHOLE_SECONDS", PATIENCE_SECONDS)


def found():
    (finding,) = run_steps([payments.orders()], PATIENCE_SECONDS)
    return finding


def test_the_last_hours_orders_and_the_stuck_ones_are_told():
    order("paid", 45, 3)
    order("payment_failed", 5)
    order("pending_payment", 90, 2)
    finding = found()
    assert (finding.step, finding.outcome) == ("check_payments", Outcome.OK)
    assert finding.text.splitlines() == [
        "last hour: 4 orders: 3 paid, 1 failed, 0 pending",
        "last 30 minutes: 1 order: 0 paid, 1 failed, 0 pending",
        "2 orders have waited for payment for over 60 min, the oldest for 2 h.",
    ]


def test_without_an_order_model_it_says_how_to_name_one(settings):
    settings.FREEZE_ALERTS = {}
    assert (found().outcome, "ORDER_MODEL" in found().text) == (Outcome.SKIPPED, True)


def test_orders_that_cannot_be_read_are_a_failed_step(settings):
    settings.FREEZE_ALERTS = {"PAYMENTS": {"ORDER_MODEL": "shop.Basket"}}
    assert found().outcome is Outcome.FAILED
    assert "No installed app" in found().text


@pytest.mark.parametrize("alert_type", ["payments.failing", "payments.stuck"])
def test_the_card_has_the_orders_and_the_provider_side_by_side(alert_type, settings):
    alert = AlertFactory(type=alert_type)
    with serving() as pages:
        pages.answer("/api/v2/summary.json", DIGITALOCEAN)
        settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "PROVIDERS": {"DO": pages.url}}
        providers.forget()
        orders, provider = run_steps(diagnosis.steps_for(alert), PATIENCE_SECONDS)
    assert (orders.step, provider.step) == ("check_payments", "DO’s status")
    assert provider.text.startswith("major trouble")
