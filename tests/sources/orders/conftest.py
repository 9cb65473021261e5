from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from pytest_django import Settings

from tests.outbox.passes import NOON


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _orders_are_watched(settings: Settings) -> None:
    settings.FREEZE_ALERTS = {"PAYMENTS": {"ORDER_MODEL": "orders.Order"}, "DELIVERY": {"DOORBELL": "none"}}
