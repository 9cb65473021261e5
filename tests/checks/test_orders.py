from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from tests.checks.configurations import found, said, with_orders


@pytest.mark.parametrize(
    ("number", "changes", "sentence"),
    [
        (95, {"ORDER_MODEL": "orders"}, "'orders', which is no model"),
        (96, {"STATUS_FIELD": "state"}, "Cannot resolve keyword 'state' into field"),
        (96, {"CREATED_FIELD": "placed_on"}, "'placed_on', a DateField"),
        (97, {"PAID": ["paid", "shiped"]}, "'shiped', a status no order has: did you mean \"shipped\"?"),
        (97, {"FAILED": "paid"}, "PAYMENTS.FAILED names 'paid' once more"),
    ],
)
def test_what_is_wrong_with_the_orders_is_named(
    number: int, changes: dict[str, Any], sentence: str, settings: Settings
) -> None:
    settings.FREEZE_ALERTS = with_orders(**changes)
    assert sentence in said(number)


@pytest.mark.parametrize("changes", [{}, {"PAID": ["paid", "shipped"]}, {"STUCK_AFTER_MINUTES": 10079}])
def test_orders_that_can_be_watched_give_no_warning(changes: dict[str, Any], settings: Settings) -> None:
    settings.FREEZE_ALERTS = with_orders(**changes)
    assert not {"freeze_alerts.W095", "freeze_alerts.W096", "freeze_alerts.W097"}.intersection(found())
