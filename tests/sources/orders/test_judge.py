from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from freeze_alerts import conf
from freeze_alerts.catalog import Severity
from freeze_alerts.sources.orders.judge import judge
from freeze_alerts.sources.orders.reading import Outcomes, Reading

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
CRITICAL, HIGH = Severity.CRITICAL, Severity.HIGH


def verdict(condition, *, stuck=0, oldest=None, settings=None, **half_hour):
    reading = Reading(NOON, Outcomes(), Outcomes(**half_hour), stuck, oldest)
    return next(each for each in judge(reading, settings or conf.Payments()) if each.condition == condition)


@pytest.mark.parametrize(
    ("half_hour", "severity", "held"),
    [
        ({}, None, CRITICAL),  # nobody buys: an open alert stays, none opens
        ({"failed": 2}, None, CRITICAL),  # two declined cards are no outage
        ({"failed": 3}, CRITICAL, CRITICAL),
        ({"failed": 3, "pending": 9}, CRITICAL, CRITICAL),  # who still pays has proven nothing
        ({"failed": 3, "other": 1}, CRITICAL, CRITICAL),  # nor has a cancelled order
        ({"failed": 99, "paid": 1}, None, None),  # one paid order proves that payments work
        ({"paid": 1}, None, None),
    ],
)
def test_failing_is_when_all_fail_and_ends_with_a_paid_order(half_hour, severity, held):
    found = verdict("failing", **half_hour)
    assert (found.severity, found.held, found.value) == (severity, held, half_hour.get("failed", 0))


@pytest.mark.parametrize(("at_least", "severity"), [(5, None), (4, CRITICAL), (0, None)])
def test_how_many_must_fail_is_a_setting_and_zero_switches_it_off(at_least, severity):
    found = verdict("failing", failed=4, settings=conf.Payments(failing_at_least=at_least))
    assert found.severity == severity
    assert (found.held is None) == (at_least == 0)


def test_maintenance_mode_is_considered_while_all_fail():
    sentence = "All 4 payments of the last 30 minutes failed, and no order was paid. Consider maintenance mode."
    assert verdict("failing", failed=4).sentence == sentence
    assert "The only payment" in verdict("failing", failed=1).sentence
    assert "the next paid one ends this" in verdict("failing").sentence
    assert verdict("failing", paid=1, failed=4).sentence == "1 order of the last 30 minutes paid."


@pytest.mark.parametrize(
    ("stuck", "minutes", "severity", "sentence"),
    [
        (0, None, None, "No order has waited for its payment for over 60 min."),
        (1, 61, HIGH, "1 order has waited for payment for over 60 min."),
        (3, 300, HIGH, "3 orders have waited for payment for over 60 min, the oldest for 5 h."),
        (1_200, 4320, HIGH, "1,200 orders have waited for payment for over 60 min, the oldest for 3 days."),
    ],
)
def test_stuck_is_one_order_and_more(stuck, minutes, severity, sentence):
    oldest = None if minutes is None else NOON - timedelta(minutes=minutes)
    found = verdict("stuck", stuck=stuck, oldest=oldest)
    assert (found.severity, found.held, found.value, found.sentence) == (severity, severity, stuck, sentence)
